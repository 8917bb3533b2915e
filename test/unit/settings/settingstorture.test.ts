import { beforeEach, expect, test, vi } from "vitest"
import { Access } from "../../../src/console/access"
import type { Flash } from "../../../src/core/seams"
import { Journal } from "../../../src/journal/journal"
import { Backup, type BackupFiles } from "../../../src/settings/backup"
import { Key } from "../../../src/settings/keys"
import { renewStore } from "../../../src/settings/renewal"
import { keyCount, publicPlaces, Row } from "../../../src/settings/schema"
import { Settings } from "../../../src/settings/settings"
import { flashOn } from "../../support/chipflash"
import { ConsoleBench } from "../../support/consoleparts"
import { DeviceBuffer } from "../../support/devicebuffer"
import { NodeHashing } from "../../support/nodehashing"
import { defaultLine, type Sample, settingSamples } from "../../support/settingsamples"
import { ChipFlash } from "../../support/settingsservice"
import { Turns } from "../../support/turns"

// Every setting, changed in every possible way, down to the chip's flash driver, which aborts on a
// value of no bytes. After each step a restarted board must find the same values.

vi.mock("@devicescript/core", async () => (await import("../../support/settingsservice")).natives)

const shortId = "AB12"
const samples = settingSamples()

class Card implements BackupFiles {
    readonly files = new Map<string, DeviceBuffer>()
    async read(name: string, offset: number, into: Buffer): Promise<number> {
        const content = this.files.get(name)
        if (!content) return -1
        into.set(content.subarray(offset, offset + into.length))
        return content.length
    }
    async write(name: string, pieces: Buffer[]): Promise<void> {
        this.files.set(name, DeviceBuffer.concat(...pieces))
    }
}

let chip: ChipFlash
let flash: Flash
let settings: Settings
let console_: ConsoleBench
let card: Card

/**
 * Starts the board on the chip's contents; checks a backup on the card first, as firmware.ts
 * does.
 */
async function start(): Promise<boolean> {
    flash = flashOn(chip)
    settings = new Settings(flash, { set: () => {} }, shortId, new Turns())
    await settings.load()
    const backup = newBackup()
    const restored = await backup.restore(card, settings.stored)
    if (restored) await settings.load()
    console_ = new ConsoleBench()
    const { parts } = console_
    const hashing = {
        digest: (first: Uint8Array, second: Uint8Array) =>
            DeviceBuffer.from([first.length, second.length, ...new Uint8Array(30)]),
        random: (bytes: number) => DeviceBuffer.alloc(bytes),
    }
    Object.assign(parts, { settings, access: new Access(parts.ticks, settings, hashing as never) })
    return restored
}

function newBackup(): Backup {
    const keys = ["charge", "clock", ...[...publicPlaces].map(place => "s" + place), "j00", "j01"]
    return new Backup(flash, shortId, index => keys[index] ?? "", new NodeHashing())
}

async function backUp(): Promise<void> {
    const backup = newBackup()
    await backup.restore(card, settings.stored)
    await backup.save(card)
}

async function run(line: string): Promise<void> {
    const printed = await console_.run(line)
    expect(console_.refused, `${line}: ${printed}`).toBe(false)
}

/** All values by key; the running board and a new one on the same chip must agree. */
async function values(): Promise<(number | string)[]> {
    const fresh = new Settings(flashOn(chip), { set: () => {} }, shortId, new Turns())
    await fresh.load()
    const found: (number | string)[] = []
    for (let key = 0; key < keyCount; ++key) {
        expect(fresh.text(key), `setting ${key}`).toBe(settings.text(key))
        found.push(settings.text(key))
    }
    expect(chip.aborts).toBe(0)
    return found
}

function defaults(): (number | string)[] {
    return Array.from({ length: keyCount }, (_, key) => settings.fallback(key))
}

/** The defaults, with the samples at their first or second value. */
function expected(which: 0 | 1, of: readonly Sample[] = samples): (number | string)[] {
    const all = defaults()
    for (const { key, values: typed } of of) all[key] = settings.parse(key, typed[which])
    return all
}

async function importAll(which: 0 | 1): Promise<void> {
    await run("import")
    for (const { name, values: typed } of samples) await run(`set ${name} "${typed[which]}"`)
    await run("end")
}

beforeEach(async () => {
    chip = new ChipFlash()
    card = new Card()
    await start()
})

test("there is a sample for every setting that a person sets", () => {
    const people = Array.from({ length: keyCount }, (_, key) => new Row(key)).filter(
        row => !row.isState && row.type !== "hash",
    )
    expect(samples.map(({ key }) => key)).toEqual(people.map(({ key }) => key))
    for (const { key, values: typed } of samples)
        for (const text of typed) expect(settings.parse(key, text)).not.toBe(settings.fallback(key))
})

test("each setting set, changed, and set back to its default", async () => {
    for (const sample of samples) {
        for (const which of [0, 1] as const) {
            await run(`set ${sample.name} "${sample.values[which]}"`)
            expect(await values()).toEqual(expected(which, [sample]))
        }
        await run(defaultLine(sample, shortId))
        expect(await values(), sample.name).toEqual(defaults())
    }
    // Exactly one write per change; every group existed, and is removed.
    const changes = samples.map(({ values: typed }) => new Set(typed).size + 1)
    expect(chip.writes).toBe(changes.reduce((sum, count) => sum + count, 0))
    expect([...chip.values.values()].every(value => value.toString("hex") === "00")).toBe(true)
})

test("each key and each section reset by defaults", async () => {
    await importAll(0)
    for (const { name, key } of samples) {
        await run(`defaults ${name} yes`)
        expect(settings.text(key)).toBe(settings.fallback(key))
        await values()
    }
    await importAll(1)
    for (const section of new Set(samples.map(({ name }) => name.split(".")[0])))
        await run(`defaults ${section} yes`)
    expect(await values()).toEqual(defaults())
})

test("all imported, changed by another import, and all reset to their defaults", async () => {
    for (const which of [0, 1, 0] as const) {
        await importAll(which)
        expect(await values()).toEqual(expected(which))
    }
    await run("defaults all yes")
    expect(await values()).toEqual(defaults())
    // Again, over removed values.
    await importAll(1)
    expect(await values()).toEqual(expected(1))
    await run("defaults all yes")
    expect(await values()).toEqual(defaults())
})

test("the console's password set, and removed with an empty one", async () => {
    for (let i = 0; i < 2; ++i) {
        await run("passwd secret")
        expect((await values()).at(-1)).not.toBe("")
        await run('passwd ""')
        expect(await values()).toEqual(defaults())
    }
})

test("the board's own counters and times reset to zero", async () => {
    const states = [Key.FtpLastLogin, Key.FtpLastSuccess, Key.ResetCount, Key.ResetLast]
    for (const state of states) await settings.apply([state], [7])
    await values()
    await settings.apply(
        states,
        states.map(() => 0),
    )
    expect(await values()).toEqual(defaults())
})

test("an interrupted change undone where values were absent before", async () => {
    await run("set sd.period 5")
    const before = await values()
    const keys = samples.map(({ key }) => key)
    const change = samples.map(({ key, values: typed }) => settings.parse(key, typed[0]))
    let cuts = 0
    for (let writes = 1; ; ++writes) {
        const set = chip.set.bind(chip)
        let left = writes
        chip.set = (key, value) => {
            if (--left < 0) throw new Error("power cut")
            set(key, value)
        }
        const cut = await settings.apply(keys, change).catch((thrown: Error) => thrown.message)
        chip.set = set
        if (cut === undefined) break
        expect(cut).toBe("power cut")
        ++cuts
        await start()
        expect(await values(), `after ${writes} writes`).toEqual(before)
    }
    expect(cuts).toBeGreaterThan(15)
    expect(await values()).toEqual(expected(0))
})

test("restored from a backup to an empty flash", async () => {
    await importAll(0)
    await new Journal(flash).record(1, 2, 1, 0)
    await backUp()
    chip = new ChipFlash()
    expect(await start()).toBe(true)
    // Backups have no secrets.
    const open = samples.filter(({ isSecret }) => !isSecret)
    expect(await values()).toEqual(expected(0, open))
})

test("restored from a backup with empty values over a flash that has these values", async () => {
    await importAll(0)
    await backUp()
    const old = new Map(chip.values)
    await run("defaults all yes")
    await run("set sd.period 7")
    await backUp()
    await backUp()
    const period = samples.filter(({ name }) => name === "sd.period")
    chip = new ChipFlash()
    for (const [key, value] of old) chip.values.set(key, value)
    expect(await start()).toBe(true)
    // The passwords and the addresses that they belong to.
    const addresses = ["ftp.host", "ftp.gateway", "wifi.ssid"]
    const kept = samples.filter(({ isSecret, name }) => isSecret || addresses.includes(name))
    const wanted = expected(0, kept)
    wanted[period[0].key] = 7
    expect(await values()).toEqual(wanted)
    expect(await start()).toBe(false)
})

test("the first version's store read: its removed keys are absent or empty", async () => {
    chip.values.set("sa", DeviceBuffer.from("1\n1B5"))
    chip.values.set("sb", DeviceBuffer.alloc(0))
    chip.values.set("t", DeviceBuffer.alloc(0))
    await start()
    const wanted = defaults()
    wanted[3] = 5
    expect(await values()).toEqual(wanted)
    await run("set ftp.port 2121")
    await run("set sd.period 60")
    await run("set ftp.port 21")
    expect(await values()).toEqual(defaults())
})

test("a store is renewed only once", async () => {
    await renewStore(flash)
    const { writes } = chip
    expect(writes).toBe(75)
    await renewStore(flash)
    expect(chip.writes).toBe(writes)
})

test("the driver's own deletion still aborts", async () => {
    chip.set("k", DeviceBuffer.from([1]))
    expect(() => chip.set("k", new Uint8Array())).toThrow("the ESP32 aborts")
    expect(chip.aborts).toBe(1)
})
