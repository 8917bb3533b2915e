import { describe, expect, it, test } from "vitest"
import { parseBoard, sectionsOf, type Setting } from "../../page/model/description"
import {
    daysOf,
    fieldKind,
    formatDays,
    isWritable,
    parseBackup,
    problemWith,
    setLine,
} from "../../page/model/forms"
import { bytes, decimal, duration, safeName } from "../../page/model/format"
import { LiveHistory } from "../../page/model/history"
import { journalCsv, parseJournal } from "../../page/model/journal"
import { newOnly, sendChanges } from "../../page/model/service"
import { cellExtremes, parseValues } from "../../page/model/values"
import { isZone, zoneNames } from "../../page/model/zones"

/** A description that another firmware might give. */
const foreign = [
    { kind: "bms-mini", format: 1 },
    { kind: "later", what: "unknown kinds are passed over" },
    {
        kind: "setting",
        key: "pump.mode",
        section: "Pump",
        name: "Mode",
        type: "enum",
        min: 0,
        max: 2,
        default: "auto",
        unit: "off,auto,on",
        help: "how it runs",
        value: "auto",
        allowed: "off, auto, on",
    },
    {
        kind: "setting",
        key: "pump.colour",
        section: "Pump",
        name: "Colour",
        type: "colour",
        value: "#ff0000",
        allowed: "a colour",
        surplus: 1,
    },
    { kind: "setting", key: "mill.runs", section: "Mill", name: "Runs", type: "count", value: "7" },
    { kind: "command", words: "pump start", arguments: "", help: "start it" },
    { kind: "alarm", name: "DRY", bit: 3, active: false },
    { kind: "state", name: "pump", value: "stands" },
]
const printed = foreign.map(one => JSON.stringify(one) + "\n").join("")

describe("a schema that the page does not know", () => {
    const board = parseBoard(printed)

    it("gives its own sections in its order", () => {
        expect([...sectionsOf(board.settings).keys()]).toEqual(["Pump", "Mill"])
        expect(board.alarms).toEqual([{ name: "DRY", bit: 3 }])
        expect(board.state.get("pump")).toBe("stands")
    })

    it("gives an input for each setting, and text for an unknown type", () => {
        expect(board.settings.map(fieldKind)).toEqual(["choice", "text", "shown"])
        expect(board.settings.map(isWritable)).toEqual([true, true, false])
        expect(problemWith(board.settings[1], "anything")).toBeUndefined()
    })
})

const setting = (given: Partial<Setting>): Setting => ({
    ...{ key: "a.b", section: "A", name: "B", type: "text", min: 0, max: 8, default: "" },
    ...{ unit: "", help: "", value: "", allowed: "" },
    ...given,
})

const values: [Partial<Setting>, string[], string[]][] = [
    [{ type: "number", min: -20, max: 100 }, ["-20", "0", "100"], ["-21", "101", "1.5", "", "x"]],
    [{ type: "text", max: 3 }, ["", "abc", "é1"], ["abcd", "éé", "a\nb"]],
    [{ type: "name", min: 1, max: 4 }, ["A-1_"], ["", "a b", "ä", "abcde"]],
    [{ type: "secret", min: 8, max: 63 }, ["", "12345678"], ["1234567"]],
    [{ type: "time" }, ["00:00", "23:59"], ["24:00", "7:00", ""]],
    [{ type: "zone" }, ["UTC0", "+02:00", "CET-1CEST,M3.5.0,M10.5.0/3"], ["", "Europe/Paris"]],
]

test.each(values)("a value that the board would refuse is found first: %o", (given, good, bad) => {
    for (const value of good) expect(problemWith(setting(given), value), value).toBeUndefined()
    for (const value of bad) expect(problemWith(setting(given), value), value).toBeDefined()
})

test("days are seven bits", () => {
    expect(["all", "none", "0x09", "Mon,Thu", "Sun"].map(daysOf)).toEqual([127, 0, 9, 9, 64])
    expect([127, 0, 9, 64].map(formatDays)).toEqual(["all", "none", "Mon,Thu", "Sun"])
})

describe("changes that are sent", () => {
    const changes = new Map([
        ["a.b", "1"],
        ["c.d", 'x "y"'],
    ])

    async function send(refused: (line: string) => string | undefined) {
        const lines: string[] = []
        const outcome = await sendChanges(changes, async line => {
            lines.push(line)
            const text = refused(line)
            return text === undefined ? { status: 0, text: "ok\n" } : { status: 1, text }
        })
        return { lines, outcome }
    }

    it("form one block", async () => {
        const { lines, outcome } = await send(() => undefined)
        expect(lines).toEqual(["import", 'set a.b "1"', 'set c.d "x \\"y\\""', "end"])
        expect(outcome.done).toBe(true)
    })

    it("are all dropped when one is refused, and the refusal is at its setting", async () => {
        const { lines, outcome } = await send(line =>
            line.includes("c.d") ? "error: line 2: c.d: no\n" : undefined,
        )
        expect(lines.at(-1)).toBe("abort")
        expect(outcome.done).toBe(false)
        expect([...outcome.refusals]).toEqual([["c.d", "c.d: no"]])
    })

    it("that contradict each other are refused at the end, at the named setting", async () => {
        const { outcome } = await send(line =>
            line === "end" ? "error: nothing was changed: a.b is above c\n" : undefined,
        )
        expect([...outcome.refusals.keys()]).toEqual(["a.b"])
    })
})

test("a backup is read back as written, without values that the board already has", () => {
    const settings = [
        setting({ key: "a.b", value: "1" }),
        setting({ key: "c.d", value: "old" }),
        setting({ key: "e.f", type: "secret", value: "set" }),
    ]
    const tricky = 'x "y" \\ \t é'
    const file = ["# of a board", "import", setLine("a.b", "1"), setLine("c.d", tricky), "end", "?"]
    const backup = parseBackup(file.join("\r\n"), settings)
    expect([...newOnly(backup.changes, settings)]).toEqual([["c.d", tricky]])
    expect(backup).toMatchObject({ secrets: ["e.f"], strange: ["?"] })
})

test("zone names are offered, and zone rules are valid", () => {
    expect(zoneNames()).toContain("Europe/Paris")
    for (const rule of ["<+01>-1<+02>,M3.5.0,M10.5.0/3", "<-04>4<-03>,M9.1.6/24,M4.1.6/24"])
        expect(isZone(rule), rule).toBe(true)
})

const journal = [
    "Last record #4 2026-11-22 10:05:00 SD_CARD disappeared; now: none",
    "Record 1    #1 2026-11-22 09:00:00~ CLOCK appeared; now: CLOCK",
    "Record 2    #2 2026-11-22 09:01:00 CLOCK disappeared; now: none",
    "Record 3    #3 2026-11-22 10:00:00 SD_CARD appeared (no card: put one in); now: SD_CARD",
    "Record 4    #4 2026-11-22 10:05:00 SD_CARD disappeared; now: none",
    "Record 5    empty",
].join("\n")

test("the journal's entries come newest first, with the duration of each error", () => {
    const entries = parseJournal(journal)
    expect(entries.map(one => one.number)).toEqual([4, 3, 2, 1])
    expect(entries[0]).toMatchObject({ flag: "SD_CARD", appeared: false, lastedSeconds: 300 })
    expect(entries[1]).toMatchObject({ note: "no card: put one in", position: 3, now: "SD_CARD" })
    // A time that is only a lower bound gives no duration.
    expect(entries[2].lastedSeconds).toBeUndefined()
    expect(entries[3]).toMatchObject({ uncertain: true })
})

test("a journal in a spreadsheet stays text, whatever an entry says", () => {
    const csv = journalCsv(parseJournal(journal.replace("no card: put", '=cmd("x"), put')))
    expect(csv).toContain(`"'=cmd(""x""), put one in"`)
    expect(csv.split("\r\n")).toHaveLength(6)
})

test("values are read with and without an answer from the monitor", () => {
    const head =
        '{"kind":"values","time":1795345200,"offset":60,"trusted":true,"up":5,"flags":65536,"journal":3,"queued":0,"lost":1}'
    const battery =
        '{"kind":"battery","mv":52930,"ma":-6400,"soc":-1,"cells":"3305,3310,3301","temperatures":"220,-45","balancing":5,"safety":0,"alerts":0}'
    expect(parseValues(head)).toMatchObject({ flags: 65536, lost: 1, battery: undefined })
    const { battery: read } = parseValues(`${head}\n${battery}\n{"kind":"later"}\n`)!
    expect(read).toMatchObject({ currentMa: -6400, socPermille: undefined, balancing: 5 })
    expect(read!.temperatureDeciC).toEqual([220, -45])
    expect(cellExtremes(read!.cellMv)).toMatchObject({ lowest: 3, highest: 2, spreadMv: 9 })
    for (const other of ["", "error: unknown command values", '{"kind":"values"', "{}"])
        expect(parseValues(other), other).toBeUndefined()
})

test("the live history keeps the last minutes whole and an hour thinned out", () => {
    const history = new LiveHistory(3600, 600, 5)
    for (let at = 0; at < 10_000; at++)
        history.add(at, { volts: at, amperes: 0, charge: 0, cellMv: [at] })
    const { times } = history
    expect(times.at(-1)).toBe(9999)
    expect(times[0]).toBeLessThanOrEqual(6405)
    expect(times.filter(time => time >= 9400)).toHaveLength(600)
    expect(times.length).toBeLessThan(600 + 3000 / 2.4)
    for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeLessThanOrEqual(5)
    expect(history.cells).toHaveLength(times.length)
})

test("numbers, sizes and times are formatted for people", () => {
    expect([decimal(-0.001, 2), decimal(-5.678, 1), decimal(undefined, 1)]).toEqual([
        "0.00",
        "−5.7",
        "—",
    ])
    expect(
        [bytes(12), bytes(2048), bytes(5_400_000)].map(one => one.replace("\u00a0", " ")),
    ).toEqual(["12 bytes", "2.0 KB", "5.1 MB"])
    expect([0, 59, 61, 90_000, -7200].map(one => duration(one).replaceAll("\u00a0", " "))).toEqual([
        "0 s",
        "59 s",
        "1 min 1 s",
        "1 d 1 h",
        "2 h",
    ])
})

const fileNames: [string, string][] = [
    ["LOG-20261122.CSV", "LOG-20261122.CSV"],
    ["../../etc/passwd", "passwd"],
    ["..\\..\\boot.ini", "boot.ini"],
    [".bashrc", "_bashrc"],
    ["a\0b:c|d", "a_b_c_d"],
    ["..", "_"],
    ["", "file"],
    ["folder/", "file"],
]

test.each(fileNames)("a file that the board calls %j is saved as %j", (name, saved) => {
    expect(safeName(name)).toBe(saved)
})
