import { beforeEach, describe, expect, test } from "vitest"
import { Alarm } from "../../../src/core/alarm"
import { Key } from "../../../src/settings/keys"
import { keyCount } from "../../../src/settings/schema"
import { Settings } from "../../../src/settings/settings"
import { Random } from "../../support/random"
import { MemoryFlash } from "../../support/memoryflash"
import { Turns } from "../../support/turns"

// Stored layouts by hand from docs/reference/settings.md, not from the firmware's own writer.

/** CRC-16/XMODEM, bit by bit. */
function crc(bytes: Uint8Array): number {
    let value = 0
    for (const byte of bytes) {
        value ^= byte << 8
        for (let bit = 0; bit < 8; ++bit)
            value = value & 0x8000 ? ((value << 1) ^ 0x1021) & 0xffff : value << 1
    }
    return value
}

/** A line with its check character: ("1", "5") is "1B5". */
function line(digit: string, text: string): string {
    const check = crc(globalThis.Buffer.from(digit + text)) & 63
    return digit + String.fromCharCode(48 + check) + text
}

function layout(version: string, ...lines: string[]): string {
    return [version, ...lines].join("\n")
}

let flash: MemoryFlash
let flagUp: boolean

async function boot(): Promise<Settings> {
    const alarms = { set: (_: Alarm, active: boolean): void => void (flagUp = active) }
    const settings = new Settings(flash, alarms, "AB12", new Turns())
    await settings.load()
    return settings
}

/** The values that differ from the defaults. */
function changedOf(settings: Settings): Map<Key, number | string> {
    const changed = new Map<Key, number | string>()
    for (let key = 0; key < keyCount; ++key)
        if (settings.text(key) !== settings.fallback(key)) changed.set(key, settings.text(key))
    return changed
}

beforeEach(() => {
    flash = new MemoryFlash()
})

test("the check characters made here match the specification's example", () => {
    expect(line("1", "5")).toBe("1B5")
    expect(line("5", "9")).toBe("5J9")
})

interface Case {
    title: string
    stored: Record<string, string>
    taken: [Key, number | string][]
    flag: boolean
}

/** `sa` with three settings; the middle line is given. */
function threeWith(middle: string, version = "1"): string {
    return layout(version, line("1", "5"), middle, line("5", "9"))
}

const around: [Key, number | string][] = [
    [Key.SdPeriod, 5],
    [Key.ResetDays, 9],
]

const cases: Case[] = [
    {
        title: "of this version",
        stored: { sa: threeWith(line("2", "1")), si: layout("1", line("0", "Café")) },
        taken: [...around, [Key.SdCells, 1], [Key.UserAddress, "Café"]],
        flag: false,
    },
    {
        title: "of an older version, with fewer settings",
        stored: { sa: layout("0", line("1", "5")) },
        taken: [[Key.SdPeriod, 5]],
        flag: false,
    },
    {
        title: "of a newer version, with unknown settings",
        stored: {
            sa: layout("2", line("1", "5"), line("7", "anything"), line("5", "9"), line("A", "")),
            sz: layout("2", line("0", "of a newer firmware")),
        },
        taken: around,
        flag: false,
    },
    {
        title: "with an unknown setting in a value of this version",
        stored: { sa: threeWith(line("8", "-17")) },
        taken: around,
        flag: false,
    },
    {
        title: "in another order",
        stored: { sa: layout("1", line("5", "9"), line("2", "1"), line("1", "5")) },
        taken: [...around, [Key.SdCells, 1]],
        flag: false,
    },
    {
        title: "with a text in place of a number",
        stored: { sa: threeWith(line("2", "on")) },
        taken: around,
        flag: true,
    },
    {
        title: "with a fraction in place of a whole number",
        stored: { sa: layout("1", line("1", "5.5"), line("5", "9")) },
        taken: [[Key.ResetDays, 9]],
        flag: true,
    },
    {
        title: "with a number that an older firmware allowed",
        stored: { sa: layout("1", line("1", "86401"), line("5", "9")) },
        taken: [[Key.ResetDays, 9]],
        flag: true,
    },
    {
        title: "with an enum value of a newer firmware",
        stored: { sc: layout("1", line("0", "8"), line("1", "2")) },
        taken: [[Key.BatteryCells, 8]],
        flag: true,
    },
    {
        title: "with a text that is too long",
        stored: { si: layout("1", line("0", "x".repeat(64))), sk: layout("1", line("0", "host")) },
        taken: [[Key.FtpHost, "host"]],
        flag: true,
    },
    {
        title: "with a control character in a text",
        stored: { sl: layout("1", line("0", "bob\r")) },
        taken: [],
        flag: true,
    },
    {
        title: "with an invalid time zone",
        stored: { sq: layout("1", line("0", "MARS")) },
        taken: [],
        flag: true,
    },
    {
        title: "with an empty line",
        stored: { sa: threeWith("") },
        taken: around,
        flag: true,
    },
    {
        title: "with rubbish between the lines",
        stored: { sa: threeWith("rubbish") },
        taken: around,
        flag: true,
    },
    {
        title: "with a wrong check character",
        stored: { sa: threeWith("2x1") },
        taken: around,
        flag: true,
    },
    {
        title: "with a damaged digit",
        stored: { sa: threeWith("7" + line("2", "1").slice(1)) },
        taken: around,
        flag: true,
    },
    {
        title: "cut inside a line",
        stored: { sa: threeWith(line("2", "1")).slice(0, -1) },
        taken: [
            [Key.SdPeriod, 5],
            [Key.SdCells, 1],
        ],
        flag: true,
    },
    {
        title: "cut to the version",
        stored: { sa: "1" },
        taken: [],
        flag: true,
    },
    {
        title: "with text before the first line",
        stored: { sa: "1 " + threeWith(line("2", "1")).slice(1) },
        taken: [...around, [Key.SdCells, 1]],
        flag: true,
    },
    {
        title: "of garbage, beside a good one",
        stored: { sa: "\u0001\u0002garbage\n\n", sb: layout("1", line("1", "2121")) },
        taken: [[Key.FtpPort, 2121]],
        flag: true,
    },
]

describe("a stored layout", () => {
    test.each(cases)("$title", async ({ stored, taken, flag }) => {
        for (const [key, text] of Object.entries(stored)) flash.damage(key, text)
        const settings = await boot()
        expect(changedOf(settings)).toEqual(new Map(taken))
        expect(flagUp).toBe(flag)
        expect(flash.writes).toBe(0)
        // Stored again, the errors are gone and the accepted values remain.
        for (const at of Object.keys(stored))
            for (let key = 0; key < keyCount; ++key)
                if (at !== "sz") await settings.apply([key], [settings.text(key)])
        expect(flagUp).toBe(false)
        expect(changedOf(await boot())).toEqual(new Map(taken))
        expect(flagUp).toBe(false)
    })

    test("loses at most neighbouring settings to a changed bit, never unnoticed", async () => {
        const good = threeWith(line("2", "1"))
        const bytes = globalThis.Buffer.from(good)
        const wanted = new Map<Key, number | string>([...around, [Key.SdCells, 1]])
        for (let bit = 0; bit < bytes.length * 8; ++bit) {
            const damaged = Uint8Array.from(bytes)
            damaged[bit >> 3] ^= 1 << (bit & 7)
            flash.values.clear()
            await flash.write("sa", damaged as unknown as Buffer)
            const settings = await boot()
            const lost = [...wanted].filter(([key, value]) => settings.text(key) !== value)
            // Two if a line feed is lost, or if a digit becomes that of a later line.
            expect(lost.length).toBeLessThanOrEqual(2)
            for (const [key] of lost) expect(settings.text(key)).toBe(settings.fallback(key))
            if (lost.length !== 0) expect(flagUp, `bit ${bit}`).toBe(true)
        }
    })

    test("of random bytes neither stops the start nor passes for settings", async () => {
        const random = new Random(20261122)
        let flagged = 0
        for (let i = 0; i < 1000; ++i) {
            const bytes = new Uint8Array(1 + random.below(200)).map(() => random.below(256))
            flash.values.clear()
            await flash.write("sa", bytes as unknown as Buffer)
            const settings = await boot()
            expect(changedOf(settings).size).toBe(0)
            if (flagUp) ++flagged
        }
        expect(flagged).toBe(1000)
    })
})
