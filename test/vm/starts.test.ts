import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { watchdogMs } from "../../sim/cpu"
import { generator } from "../../sim/random"
import { firmware } from "../../tools/firmware"
import { blankCard, firmwarePath, Rig } from "../../campaigns/flashcut/rig"

/** A start: from power-on until the first record is on the card and the tasks run. */
const startMs = 5000
const seeds = 200
/** Successive lives of one board, with the same flash and card. */
const livesPerBoard = 20

/** What happens to the board in the middle of its start. */
const troubles = {
    "power cut": async (rig: Rig) => await rig.cut(),
    "reset now": async (rig: Rig) => {
        // The line may come before the console is up, and its answer may never come.
        const gone = rig.execute("reset now").catch(() => undefined)
        await Promise.race([gone, rig.clock.sleep(30_000)])
    },
    deployment: async (rig: Rig, image: Uint8Array) => rig.board.deploy(image),
}

test(
    "a board comes up whatever interrupts its start, on the slowest profile",
    { timeout: 240_000 },
    async () => {
        const path = await firmwarePath()
        // Two programs alternate: deploying the same one again would look like a panic.
        const programs = [path, (await firmware("bench/device/ballast.ts")).imagePath]
        const images = programs.map(one => readFileSync(one))
        let deployed = 0
        const names = Object.keys(troubles) as (keyof typeof troubles)[]
        const counts: Record<string, number> = {}
        let longestTurnMs = 0
        for (let first = 0; first < seeds; first += livesPerBoard) {
            deployed = 0
            const rig = new Rig(path, { card: blankCard(), cpu: "slow", seed: first })
            rig.clock.onExecuted = ms => {
                // The runtime's own turn, with the program stopped: one draw of the erase time
                // covers its 24 pages.
                if (rig.log.at(-1)?.text.endsWith("program written")) return
                longestTurnMs = Math.max(longestTurnMs, ms)
            }
            await rig.start()
            await rig.ready()
            await rig.ask("card format yes")
            await rig.ask("set sd.period 1")
            for (let seed = first; seed < first + livesPerBoard; ++seed) {
                const random = generator(seed)
                const name = names[Math.floor(random() * names.length)]
                const what = `seed ${seed}: ${name}`
                const from = rig.log.length
                await rig.cut()
                await rig.clock.sleep(startMs * random())
                const { resets } = rig.board
                const then = rig.log.length
                if (name === "deployment") deployed = 1 - deployed
                await troubles[name](rig, images[deployed])
                // A line that came before the console was up caused no reset.
                const again = name !== "reset now" || rig.board.resets > resets
                const started = await rig.logged(/> start: /, again ? then : from, 60_000)
                expect(started, what).toBeDefined()
                await rig.ready(30_000, started!.atMs)
                expect(await rig.ask("status"), what).toContain("last start")
                expect(await rig.ask("show sd.period"), what).toMatch(/sd\.period +1 s/)
                const fatal = rig.log
                    .slice(from)
                    .find(one => /PANIC|abort\(\)|safe mode/.test(one.text))
                expect(fatal?.text, what).toBeUndefined()
                counts[name] = (counts[name] ?? 0) + 1
            }
            expect(await rig.logged(/> records: /, rig.log.length, 60_000)).toBeDefined()
            await rig.stop()
        }
        expect(longestTurnMs).toBeLessThan(watchdogMs / 2)
        // Each kind of trouble had its share.
        for (const name of names) expect(counts[name], name).toBeGreaterThan(seeds / 5)
    },
)
