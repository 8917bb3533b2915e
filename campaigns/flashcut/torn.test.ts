import { readFileSync } from "node:fs"
import { beforeAll, describe, expect, test } from "vitest"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { blankCard, firmwarePath, Rig } from "./rig"
import { collect, halfPages, pageBytes, readHalves, wholeImage, write, writeTorn } from "./store"
import { formatTorn, measureTorn, start } from "./torn"

let imagePath: string

beforeAll(async () => {
    imagePath = await firmwarePath()
})

test("the runtime treats each torn flash image as docs/design/flash.md says", async () => {
    const table = formatTorn(await measureTorn(imagePath))
    expect(readFileSync("docs/design/flash.md", "utf8")).toContain(table)
})

/** What a board must remember when it loses its flash: settings, journal and reset counter. */
async function memory(rig: Rig): Promise<string> {
    const settings = (await rig.ask("export")).replaceAll(/^# .*\n/gm, "")
    const lines = (await rig.ask("journal")).split("\n")
    // Without the entries of a restoration, and without the alarms' reasons, which a start forgets.
    const journal = lines
        .filter(line => /^Record .*#/.test(line) && !/ SETTINGS (dis)?appeared/.test(line))
        .map(line => line.replace(/ \([^)]*\)(?=; now)/, ""))
        .join("\n")
    expect(journal).toContain("#1 ")
    return settings + journal + /reset\.count.*/.exec(await rig.ask("show reset"))![0]
}

/**
 * Runs a board until it has settings, entries and a backup of them.
 * @returns its flash, its card and what it remembers
 */
async function livedBoard(
    flash: Uint8Array = new Uint8Array(0),
    card?: MemoryStore,
    address = "Hall 3",
) {
    const store = card ?? blankCard()
    const rig = new Rig(imagePath, { card: store })
    rig.flash.image = flash
    rig.pack.setTemperature(1, 75)
    await rig.start()
    await rig.ready()
    if (!card) await rig.ask("card format yes")
    await rig.ask(`set user.address "${address}"`)
    await rig.ask("set reset.max 77")
    await rig.ask("set wifi.password secret-of-ours")
    await rig.clock.sleep(11 * 180_000)
    // The store was collected meanwhile. Now the card gets a copy younger than the old half.
    await rig.ask("set reset.max 78")
    await rig.clock.sleep(30_000)
    const remembered = await memory(rig)
    await rig.stop()
    return { flash: rig.flash.image, card: store, remembered }
}

/** A board after `devs deploy` because its store had lost the program. */
async function deployed(flash: Uint8Array, card: MemoryStore | undefined): Promise<Rig> {
    const rig = new Rig(imagePath, { card })
    rig.flash.image = Uint8Array.from(flash)
    rig.flash.image.fill(0xff, 2 * halfPages(flash) * pageBytes)
    rig.pack.setTemperature(1, 75)
    await rig.start()
    await rig.ready()
    return rig
}

const tornValue = Buffer.from("something of 27 bytes......")
const tear = (flash: Uint8Array) => writeTorn(flash, "sa", tornValue, tornValue.length, 0)

describe("a board whose store was torn by a power cut", () => {
    test.each([
        [
            "in the first half",
            (flash: Uint8Array) => (readHalves(flash)[0].from === 0 ? flash : collect(flash)),
        ],
        [
            "in the second half",
            (flash: Uint8Array) => (readHalves(flash)[0].from === 0 ? collect(flash) : flash),
        ],
    ])(
        "%s restores settings, journal and counters from the card after a deploy, and keeps them",
        async (_, half) => {
            const before = await livedBoard()
            const dead = await start(tear(half(before.flash)))
            expect(dead.log.join("\n")).toContain("fstor: formatting now")
            expect(dead.log.join("\n")).not.toContain("> BMS Mini")
            const rig = await deployed(dead.flash, before.card)
            const said =
                "the flash was empty or old: restored from the card; check ftp.host and ftp.gateway, then set the passwords again"
            expect(rig.log.map(line => line.text)).toContain("> " + said)
            expect(await rig.ask("status")).toContain(said)
            expect(await memory(rig)).toBe(before.remembered)
            // The store stays good: no old half comes back at the next starts.
            await rig.clock.sleep(10_000)
            expect(await rig.ask("journal")).toContain("SETTINGS appeared")
            for (let i = 0; i < 2; ++i) {
                await rig.cut()
                await rig.ready()
                expect(await memory(rig)).toBe(before.remembered)
            }
            await rig.stop()
        },
    )

    test("notices that an older state came back and takes the newer one from the card", async () => {
        const old = await livedBoard()
        const collected = readHalves(old.flash)[0].from === 0 ? collect(old.flash) : old.flash
        const between = await livedBoard(collected, old.card, "Hall 4")
        const before = await livedBoard(between.flash, between.card, "Hall 5")
        const rig = new Rig(imagePath, { card: before.card })
        rig.flash.image = wholeImage(collected)
        rig.pack.setTemperature(1, 75)
        await rig.start()
        await rig.ready()
        expect(await rig.ask("status")).toContain("restored from the card")
        expect(await memory(rig)).toBe(before.remembered)
        expect(await rig.ask("show user.address")).toContain("Hall 5")
        await rig.stop()
    })

    test("says that the card's backup is missing or damaged and takes nothing from it", async () => {
        const before = await livedBoard()
        const empty = wholeImage(new Uint8Array(0))
        const without = await deployed(empty, blankCard())
        expect(await without.ask("status")).toMatch(
            /backup +the flash was empty: no FAT file system/,
        )
        await without.ask("card format yes")
        await without.cut()
        await without.ready()
        expect(await without.ask("status")).toMatch(
            /backup +the flash was empty: no backup on the card/,
        )
        await without.stop()

        for (const block of before.card.written()) {
            const data = before.card.read(block)
            const at = Buffer.from(data).indexOf("BMSBAK1\n")
            if (at === 0)
                before.card.write(
                    block,
                    data.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
                )
        }
        const damaged = await deployed(empty, before.card)
        expect(await damaged.ask("status")).toMatch(
            /backup +the flash was empty: BMSMINI\.BA. is damaged or from another board/,
        )
        expect(await damaged.ask("show reset.max")).toContain("65535")
        await damaged.stop()
    })
})

test("the model of the store writes the same as the runtime", async () => {
    const rig = new Rig(imagePath, { card: blankCard() })
    let checked = 0
    rig.flash.onSave = (next, before) => {
        const entry = before.length > 0 ? readHalves(next)[0]?.entries.at(-1) : undefined
        if (
            entry?.key.startsWith(":") &&
            readHalves(before)[0]?.generation === readHalves(next)[0].generation
        ) {
            const value = next.slice(entry.offset, entry.offset + entry.bytes)
            expect(Buffer.from(write(before, entry.key.slice(1), value)).equals(next)).toBe(true)
            ++checked
        }
        return true
    }
    await rig.start()
    await rig.ready()
    await rig.ask("set user.address abc")
    await rig.clock.sleep(5000)
    await rig.stop()
    expect(checked).toBeGreaterThan(20)
})
