import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { FtpTemper } from "../../../sim/net/ftptemper"
import { Key } from "../../../src/settings/keys"
import type { SimUpload as World } from "../../support/simupload"
import { kindTempers, temperedDays, unkindTempers } from "../../support/tempers"
import { pattern } from "../../support/uploadcard"

// The uploader with servers of many tempers, in board time. docs/reference/upload-matrix.md has the
// outcomes.

vi.mock("@devicescript/core", async () => (await import("../../support/simnatives")).natives)
const { SimUpload } = await import("../../support/simupload")
const { runTempered } = await import("../../support/tempered")

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const [oldest, middle, youngest] = temperedDays

let world: World | undefined

// The back-off is partly random.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0.5))
afterEach(() => {
    world?.remove()
    vi.restoreAllMocks()
})

function remote(day: string): string {
    return `BMS-1-LOG-${day}.CSV`
}

/** Records the server's commands, and keeps the given temper. */
function listenIn(temper: FtpTemper, asked: string[]): FtpTemper {
    return {
        ...temper,
        answer: (verb, argument) => {
            asked.push(`${verb} ${argument}`.trim())
            return temper.answer?.(verb, argument)
        },
    }
}

async function worldWith(temper: FtpTemper, asked: string[] = []): Promise<World> {
    world = await SimUpload.start({}, 1, { temper: listenIn(temper, asked) })
    temperedDays.forEach((day, i) => world!.card.put(`LOG/${day}.CSV`, pattern(3000 + 900 * i, i)))
    return world
}

function count(asked: string[], verb: string): number {
    return asked.filter(line => line.split(" ")[0] === verb).length
}

describe("servers that get everything", () => {
    it.each(kindTempers)("$name: no alarm, and no second copy", async one => {
        const run = await runTempered(one, 10)
        world = run.world
        expect(run.delivered).toEqual(temperedDays)
        expect(run.errors.length).toBeLessThan(3)
        expect(world.alarms).toBe(0)
        expect(world.uploader.sender.filesConfirmed).toBe(3)
    })
})

describe("servers that do not", () => {
    it.each(unkindTempers)("$name: the alarm, an error with a remedy, no flood", async one => {
        const run = await runTempered(one, 30)
        world = run.world
        expect(run.doneMs).toBeUndefined()
        expect(run.errors.length).toBeGreaterThanOrEqual(3)
        expect(world.alarms).toBe(1)
        expect(world.alarm).toBe(true)
        // A period is a minute.
        expect(run.errors.length).toBeLessThan(40)
        expect(world.server.connections).toBeLessThan(300)
        for (const line of world.lines) {
            expect(line).not.toContain("s3same")
            expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
        }
    })
})

describe("passive mode", () => {
    it("uses PASV if EPSV's port is dead, until the settings change", async () => {
        const asked: string[] = []
        const dead: FtpTemper = { dataPort: verb => (verb === "EPSV" ? "dead" : undefined) }
        const { card, uploader } = await worldWith(dead, asked)
        expect(await world!.session()).toBe("")
        expect([count(asked, "EPSV"), count(asked, "PASV")]).toEqual([1, 3])
        card.put("LOG/20261123.CSV", pattern(700, 4))
        expect(await world!.session()).toBe("")
        expect([count(asked, "EPSV"), count(asked, "PASV")]).toEqual([1, 4])
        uploader.settingsChanged()
        card.put("LOG/20261124.CSV", pattern(700, 5))
        expect(await world!.session()).toBe("")
        expect([count(asked, "EPSV"), count(asked, "PASV")]).toEqual([2, 5])
        expect(world!.differences()).toEqual([])
    })

    it("goes back to EPSV when PASV fails", async () => {
        const asked: string[] = []
        await worldWith({}, asked)
        const { server } = world!
        // EPSV's ports were closed once and are open again; now PASV's are closed.
        server.temper = listenIn({ dataPort: way => (way === "EPSV" ? "dead" : undefined) }, asked)
        expect(await world!.session()).toBe("")
        server.temper = listenIn({ dataPort: way => (way === "PASV" ? "dead" : undefined) }, asked)
        world!.card.put("LOG/20261123.CSV", pattern(700, 4))
        expect(await world!.session()).toBe("")
        expect(world!.differences()).toEqual([])
    })

    it.each(["dead", "silent"] as const)("reports a data port that is %s", async port => {
        await worldWith({ dataPort: () => port })
        expect(await world!.session()).toMatch(
            /^data port \d{5} of ftp\.sim is closed: open the server's passive ports in its firewall;/,
        )
        // The younger files would fail the same way.
        expect(world!.server.connections).toBe(4)
    })
})

describe("SIZE", () => {
    it("of a taken name still counts, whatever the reply for missing ones", async () => {
        await worldWith({ missing: "450 Not available" })
        writeFileSync(join(world!.root, remote(oldest)), "theirs")
        expect(await world!.session()).toBe("")
        expect(world!.differences()).toEqual([
            `${remote(oldest)} is not what the card has`,
            expect.stringMatching(/^more than the card has: .*20261120-2\.CSV/),
        ])
    })

    it.each(["421 Too long", "530 Log in first", "500 What?", "202 Superfluous", "213 many"])(
        "answered with %s starts no transfer",
        async reply => {
            const asked: string[] = []
            await worldWith({ answer: verb => (verb === "SIZE" ? reply : undefined) }, asked)
            expect(await world!.session()).toBe(
                "the server gives no size: if it never does, set ftp.gateway: " + reply,
            )
            expect(count(asked, "STOR")).toBe(0)
            expect(world!.card.text("LOGSENT.TXT")).toBe("")
        },
    )
})

describe("a greeting", () => {
    it("has a timeout of one minute", async () => {
        await worldWith({ greetingMs: 70_000 })
        const startMs = world!.clock.nowMs()
        expect(await world!.session()).toMatch(/^no answer in time/)
        expect(world!.clock.nowMs() - startMs).toBeGreaterThan(59_000)
        expect(world!.clock.nowMs() - startMs).toBeLessThan(62_000)
    })
})

describe("a file that the server refuses", () => {
    function refusing(days: string[]): FtpTemper {
        return {
            refusal: path => (days.some(day => path.includes(day)) ? "550 In use" : undefined),
        }
    }

    it("does not delay the younger ones; the session counts as failed", async () => {
        await worldWith(refusing([oldest]))
        expect(await world!.session()).toBe(`the server refuses STOR ${remote(oldest)}: 550 In use`)
        expect(world!.received).toEqual([remote(middle), remote(youngest)])
        expect(world!.uploader).toMatchObject({
            pacing: { failures: 1 },
            sender: { filesConfirmed: 2 },
        })
    })

    it("raises the alarm with the third session, and is delivered when accepted", async () => {
        await worldWith(refusing([oldest]))
        await world!.run(5 * minuteMs)
        expect(world!.uploader.pacing.failures).toBeGreaterThanOrEqual(3)
        expect([world!.alarms, world!.alarm]).toEqual([1, true])
        world!.server.temper = {}
        await world!.run(2 * minuteMs)
        expect(world!.differences()).toEqual([])
        expect(world!.alarm).toBe(false)
        expect(world!.uploader.lastError).toBe("")
    })

    it("and a second one: the younger go in the next session, all are retried", async () => {
        const asked: string[] = []
        await worldWith(refusing([oldest, middle]), asked)
        expect(await world!.session()).toContain(remote(middle))
        expect(world!.received).toEqual([])
        expect(await world!.session()).toContain(remote(middle))
        expect(world!.received).toEqual([remote(youngest)])
        // The second session began after the two, and then retried them.
        expect(
            asked.filter(line => line.startsWith("STOR")).map(line => line.slice(15, 23)),
        ).toEqual(
            [oldest, middle]
                .flatMap(day => [day, day, day])
                .concat(youngest, asked3(oldest, middle)),
        )
        world!.server.temper = {}
        expect(await world!.session()).toBe("")
        expect(world!.differences()).toEqual([])
    })

    it("among hundreds: a session tries two of them", async () => {
        const asked: string[] = []
        await worldWith({ refusal: () => "553 Read-only" }, asked)
        for (let i = 0; i < 300; ++i) world!.card.put(`LOG/${20_250_101 + i}.CSV`, pattern(600, i))
        for (let session = 1; session <= 5; ++session) {
            await world!.session()
            expect(count(asked, "STOR")).toBe(6 * session)
        }
        expect(world!.uploader.unsentBytes()).toBeGreaterThanOrEqual(1000)
    })

    it("may be one with no free name on the server", async () => {
        await worldWith({})
        for (let i = 1; i <= 99; ++i) {
            const suffix = i === 1 ? "" : `-${i}`
            writeFileSync(join(world!.root, `BMS-1-LOG-${oldest}${suffix}.CSV`), "theirs")
        }
        expect(await world!.session()).toContain("the server has no free name for")
        expect(world!.received).toEqual([remote(middle), remote(youngest)])
    })
})

function asked3(...days: string[]): string[] {
    return days.flatMap(day => [day, day, day])
}

describe("a file that the server removes at once", () => {
    const takes: FtpTemper = { takesAway: name => name.includes(oldest) }

    it("is sent three times, then only checked; the younger ones go, the alarm comes", async () => {
        await worldWith(takes)
        await world!.run(12 * hourMs)
        expect(world!.server.shelf.taken.get(remote(oldest))).toHaveLength(3)
        expect(world!.received.filter(name => name !== remote(oldest))).toEqual([
            remote(middle),
            remote(youngest),
        ])
        expect(world!.uploader.lastError).toBe(
            `${remote(oldest)} vanished from the server after each upload: make the server keep it, or set ftp.gateway`,
        )
        expect([world!.alarms, world!.alarm]).toEqual([1, true])
        expect(world!.card.text("LOGSENT.TXT")).not.toMatch(new RegExp(`^${oldest}.CSV,[1-9]`, "m"))
    })

    it("is sent again after a day, on ftp send, and with other settings", async () => {
        await worldWith(takes)
        await world!.run(minuteMs)
        const taken = (): number => world!.server.shelf.taken.get(remote(oldest))!.length
        expect(taken()).toBe(3)
        await world!.session()
        expect(taken()).toBe(6)
        world!.uploader.settingsChanged()
        await world!.run(minuteMs)
        expect(taken()).toBe(9)
        await world!.run(23 * hourMs)
        expect(taken()).toBe(9)
        await world!.run(2 * hourMs)
        expect(taken()).toBe(12)
    })

    it("counts as sent if the server shows it after all", async () => {
        await worldWith(takes)
        await world!.run(minuteMs)
        writeFileSync(join(world!.root, remote(oldest)), pattern(3000, 0))
        await world!.run(2 * minuteMs)
        expect(world!.differences()).toEqual([])
        expect(world!.alarm).toBe(false)
        expect(world!.received.filter(name => name === remote(oldest))).toHaveLength(3)
    })

    it("among hundreds: only sixteen are sent in vain", async () => {
        await worldWith({ takesAway: () => true })
        for (let i = 0; i < 200; ++i) world!.card.put(`LOG/${20_250_101 + i}.CSV`, pattern(60, i))
        await world!.run(4 * hourMs)
        expect(world!.received).toHaveLength(16 * 3)
    })

    it("does not include one with broken transfers, which is sent until it arrives", async () => {
        await worldWith({ deletesBroken: true })
        world!.card.put(`LOG/${oldest}.CSV`, pattern(150_000))
        // Each time in the middle of the file.
        let cuts = 0
        const cut = (): void => {
            if (/: [5-9]\d{4} of/.test(world!.uploader.activity()) && cuts < 12) {
                ++cuts
                world!.server.setMode("down")
                world!.server.setMode("up")
            }
            world!.clock.setTimeout(cut, 20)
        }
        cut()
        await world!.run(20 * minuteMs)
        expect(cuts).toBe(12)
        expect(world!.differences()).toEqual([])
    })
})

describe("ftp.directory", () => {
    it("is made if missing, and entered with one more command per log-in", async () => {
        const asked: string[] = []
        await worldWith({}, asked)
        world!.settings.set(Key.FtpDirectory, "a b/c/d")
        expect(await world!.session()).toBe("")
        expect(world!.differences("a b/c/d")).toEqual([])
        expect(asked.filter(line => /^(CWD|MKD)/.test(line)).slice(0, 7)).toEqual([
            "CWD a b/c/d",
            "MKD a b",
            "CWD a b/c/d",
            "MKD a b/c",
            "CWD a b/c/d",
            "MKD a b/c/d",
            "CWD a b/c/d",
        ])
        expect([count(asked, "CWD"), count(asked, "MKD")]).toEqual([4 + 3, 3])
        expect(count(asked, "USER")).toBe(4)
    })

    it("is reported if it cannot be made, and retried like a wrong password", async () => {
        await worldWith({ answer: verb => (verb === "MKD" ? "550 Not allowed" : undefined) })
        world!.settings.set(Key.FtpDirectory, "a/b")
        expect(await world!.session()).toBe(
            "the folder is missing and cannot be made, check ftp.directory: 550 No such folder.",
        )
        expect(world!.uploader.activity()).toBe("next try in 60 s")
    })
})

describe("the first session after a start", () => {
    const boards = Array.from({ length: 50 }, (_, i) => `BMS-${String(i + 1).padStart(4, "0")}`)

    async function waitSeconds(serial: string, periodSeconds: number): Promise<number> {
        world = await SimUpload.start()
        world.settings.set(Key.UserSerial, serial)
        world.settings.set(Key.FtpPeriod, periodSeconds)
        const activity = world.uploader.activity()
        world.remove()
        return activity === "due" ? 0 : Number(/^next try in (\d+) s$/.exec(activity)![1])
    }

    it("is spread over ten minutes, but at most a quarter of the period", async () => {
        for (const [period, mostSeconds] of [
            [3600, 600],
            [86_400, 600],
            [1500, 300],
            [600, 75],
        ]) {
            const waits: number[] = []
            for (const serial of boards) waits.push(await waitSeconds(serial, period))
            expect(Math.max(...waits)).toBeLessThanOrEqual(mostSeconds)
            // No tenth of the time has more than ten of the fifty boards.
            const tenths = waits.map(seconds => Math.floor((seconds / mostSeconds) * 9.999))
            const most = Math.max(...tenths.map(tenth => tenths.filter(t => t === tenth).length))
            expect(most).toBeLessThanOrEqual(10)
        }
    })

    it.each([10, 60, 300])("is due at once with a period of %i s", async period => {
        for (const serial of boards) expect(await waitSeconds(serial, period)).toBe(0)
    })

    it("comes at the board's own time, or at once on ftp send or with new settings", async () => {
        expect(await waitSeconds("BMS-0007", 3600)).toBe(await waitSeconds("BMS-0007", 3600))
        await worldWith({})
        world!.settings.set(Key.FtpPeriod, 3600)
        await world!.clock.finish(world!.uploader.run())
        expect(world!.received).toEqual([])
        expect(await world!.session()).toBe("")
        expect(world!.differences()).toEqual([])
        await world!.cutPower()
        world!.card.put("LOG/20261123.CSV", pattern(90))
        await world!.clock.finish(world!.uploader.run())
        expect(world!.received).toHaveLength(3)
        world!.uploader.settingsChanged()
        await world!.clock.finish(world!.uploader.run())
        expect(world!.received).toHaveLength(4)
    })
})
