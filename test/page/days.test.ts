import { expect, test } from "vitest"
import { brokenAt } from "../../page/charts/broken"
import { column, parseDay, parseName } from "../../page/days/reader"
import { figuresOf } from "../../page/days/statistics"

const mainHeader =
    "time,utc_offset,serial,voltage_V,current_A,soc_pct,cell_min_V,cell_max_V,cell_min_no," +
    "cell_max_no,temp_min_C,temp_max_C,errors_hex"

const day = (lines: string[], header = mainHeader) =>
    parseDay(new TextEncoder().encode([header, ...lines].map(line => line + "\r\n").join("")))!

interface Given {
    volts?: string
    amperes?: string
    soc?: string
    low?: string
    high?: string
    flags?: string
    offset?: string
    serial?: string
}

/** A line of the main log. */
function line(time: string, given: Given = {}): string {
    const { volts = "50.000", amperes = "0.000", soc = "60.0", flags = "0x00000000" } = given
    const { low = "3.300", high = "3.310", offset = "+01:00", serial = "ACME-7" } = given
    return `2026-11-22 ${time},${offset},${serial},${volts},${amperes},${soc},${low},${high},4,9,20.5,21.0,${flags}`
}

test("a day's figures match those worked out by hand", () => {
    const figures = figuresOf(
        day([
            // Half an hour from 0 to 10 A at 50 V: 5 A on average, 2.5 Ah; 0 to 500 W: 125 Wh.
            line("10:00:00"),
            line("10:30:00", { amperes: "10.000", soc: "61.5", high: "3.350" }),
            // Half an hour from 10 A to -20 A at 50 V: -5 A on average, 2.5 Ah out, 125 Wh out.
            line("11:00:00", { amperes: "-20.000", soc: "60.2", low: "3.200" }),
        ]),
    )
    expect(figures).toMatchObject({ records: 3, periodSeconds: 1800, gaps: [], bands: [] })
    expect(figures.ampereHoursIn).toBeCloseTo(2.5, 9)
    expect(figures.ampereHoursOut).toBeCloseTo(2.5, 9)
    expect(figures.wattHoursIn).toBeCloseTo(125, 9)
    expect(figures.wattHoursOut).toBeCloseTo(125, 9)
    const at = (time: string) => Date.parse(`2026-11-22T${time}+01:00`) / 1000
    expect(figures.current.min).toEqual({ value: -20, at: at("11:00:00") })
    expect(figures.current.max).toEqual({ value: 10, at: at("10:30:00") })
    expect(figures.charge).toMatchObject({ first: 60, last: 60.2, max: { value: 61.5 } })
    expect(figures.lowestCell).toEqual({ value: 3.2, at: at("11:00:00"), cell: 4 })
    expect(figures.highestCell).toEqual({ value: 3.35, at: at("10:30:00"), cell: 9 })
    expect(figures.spread!.value).toBeCloseTo(0.11, 9)
    expect(figures.temperature).toMatchObject({ min: { value: 20.5 }, max: { value: 21 } })
})

test("charge in a gap is not invented, and the gap is reported", () => {
    const minutes = (from: number, count: number, amperes: string) =>
        Array.from({ length: count }, (_, i) =>
            line(`10:${String(from + i).padStart(2, "0")}:00`, { amperes }),
        )
    const figures = figuresOf(day([...minutes(0, 7, "6.000"), ...minutes(36, 7, "6.000")]))
    // Two runs of six minutes at 6 A.
    expect(figures.ampereHoursIn).toBeCloseTo(1.2, 9)
    expect(figures.periodSeconds).toBe(60)
    expect(figures.gaps).toHaveLength(1)
    expect(figures.gaps[0].to - figures.gaps[0].from).toBe(1800)
})

test("flags become bands from their first record to the first one without them", () => {
    const flagged = ["0x00000000", "0x00010000", "0x00010001", "0x00000001", "0x00000000"]
    const figures = figuresOf(day(flagged.map((flags, i) => line(`10:00:0${i}`, { flags }))))
    const start = figures.from!
    expect(figures.bands.map(one => [one.bit, one.from - start, one.to - start])).toEqual([
        [16, 1, 3],
        [0, 2, 4],
    ])
})

test("an hour that occurs twice when summer time ends counts as two hours", () => {
    const lines = [
        "2026-10-25 02:30:00,+02:00",
        "2026-10-25 02:59:00,+02:00",
        "2026-10-25 02:00:00,+01:00",
        "2026-10-25 02:30:00,+01:00",
    ]
    const rest = line("").split(",").slice(2).join(",")
    const figures = figuresOf(day(lines.map(one => `${one},${rest}`)))
    expect(figures.stepsBack).toBe(0)
    expect(figures.to! - figures.from!).toBe(3600)
})

test("records of two zones are ordered by time, and a clock set back is reported", () => {
    const parsed = day([
        line("10:00:00", { offset: "+01:00", volts: "50.000" }),
        line("14:30:30", { offset: "+05:30", volts: "51.000" }),
        line("09:00:15", { offset: "+00:00", volts: "52.000" }),
    ])
    expect([...parsed.times].map(time => time - parsed.times[0])).toEqual([0, 30, 15])
    expect(figuresOf(parsed).stepsBack).toBe(1)
    const { times, columns } = brokenAt(parsed.times, parsed.columns, [])
    expect(Array.from(times, time => time - parsed.times[0])).toEqual([0, 15, 30])
    expect(columns[0]).toEqual([50, 52, 51])
})

const noRecords: [string, string][] = [
    ["a truncated line", line("10:00:02").slice(0, 40)],
    ["a time alone", "2026-11-22 10:00:02"],
    ["a missing field", line("10:00:02").replace(/,[^,]*$/, "")],
    ["an extra field", line("10:00:02") + ",1"],
    ["a word in place of a number", line("10:00:02", { volts: "5O.000" })],
    ["two points in a number", line("10:00:02", { volts: "5.0.000" })],
    ["a lone sign", line("10:00:02", { volts: "-" })],
    ["a month that does not exist", line("10:00:02").replace("2026-11", "2026-13")],
    ["an hour that does not exist", line("24:00:02")],
    ["an offset of letters", line("10:00:02", { offset: "+0a:00" })],
    ["another header", mainHeader],
    ["bytes of a torn sector", "\0\0\0\xff\xfe"],
]

test.each(noRecords)("%s is skipped and counted", (_, bad) => {
    const parsed = day([line("10:00:01"), bad, line("10:00:03")])
    expect(parsed.times).toHaveLength(2)
    expect(parsed.badLines).toBe(1)
})

test("the last line counts only with its line end", () => {
    const text = [mainHeader, line("10:00:01"), line("10:00:02")].join("\r\n")
    expect(parseDay(new TextEncoder().encode(text))).toMatchObject({ badLines: 1 })
})

test("unmeasured values give no figures", () => {
    const parsed = day([
        line("10:00:01", { volts: "", amperes: "", soc: "", low: "", high: "" }),
        line("10:00:02"),
    ])
    expect(column(parsed, "voltage_V")![0]).toBeNaN()
    const figures = figuresOf(parsed)
    expect(figures.voltage).toMatchObject({ min: { value: 50 }, max: { value: 50 } })
    expect(figures.ampereHoursIn + figures.ampereHoursOut).toBe(0)
    expect(figures.charge.first).toBe(60)
})

test.each([3, 16])("a cell log of %i cells gives its extremes and their spread", count => {
    const names = Array.from({ length: count }, (_, i) => `cell${i + 1}_V`).join()
    const header = `time,utc_offset,serial,${names},temp1_C,temp2_C,balancing_hex`
    const cells = (low: number) =>
        Array.from({ length: count }, (_, i) => (i === low ? "3.100" : "3.300")).join()
    const parsed = day(
        [0, 1, 2].map(i => `2026-11-22 10:00:0${i},+01:00,ACME-7,${cells(i)},-4.0,21.5,0x0003`),
        header,
    )
    expect(parsed).toMatchObject({ kind: "cell", serial: "ACME-7", badLines: 0 })
    const figures = figuresOf(parsed)
    expect(figures.lowestCell).toMatchObject({ value: 3.1, cell: 1 })
    expect(figures.spread!.value).toBeCloseTo(0.2, 9)
    expect(figures.temperature.min).toMatchObject({ value: -4 })
    expect(column(parsed, "balancing_hex")![0]).toBe(3)
})

test("a header alone is a day without records, and any other beginning is no day", () => {
    const empty = day([])
    expect(empty.times).toHaveLength(0)
    expect(figuresOf(empty)).toMatchObject({ records: 0, from: undefined, gaps: [] })
    for (const other of ["", "a,b,c\r\n1,2,3\r\n", "\0\0\0"])
        expect(parseDay(new TextEncoder().encode(other))).toBeUndefined()
})

test("records of another board in the file are reported", () => {
    const parsed = day([line("10:00:01"), line("10:00:02", { serial: "ACME-8" })])
    expect(parsed).toMatchObject({ serial: "ACME-7", otherSerials: ["ACME-8"] })
})

test("a file of 50 MB is read whole", () => {
    const one = new TextEncoder().encode(line("10:00:01") + "\r\n")
    const header = new TextEncoder().encode(mainHeader + "\r\n")
    const count = Math.ceil(50_000_000 / one.length)
    const file = new Uint8Array(header.length + count * one.length)
    file.set(header)
    for (let i = 0; i < count; i++) file.set(one, header.length + i * one.length)
    const parsed = parseDay(file)!
    expect(parsed.times).toHaveLength(count)
    expect(parsed.badLines).toBe(0)
    expect(column(parsed, "cell_max_no")!.at(-1)).toBe(9)
})

const names: [string, ReturnType<typeof parseName>][] = [
    ["LOG/20261122.CSV", { kind: "log", date: "2026-11-22" }],
    ["CELL/20261122.CSV", { kind: "cell", date: "2026-11-22" }],
    ["card/LOG/26112201.CSV", { kind: "log", date: "2026-11-22" }],
    ["acme-7-LOG-20261122.CSV", { kind: "log", date: "2026-11-22", serial: "acme-7" }],
    ["x\\A-LOG-1-CELL-20261122-2.CSV", { kind: "cell", date: "2026-11-22", serial: "A-LOG-1" }],
    ["LOGSENT.TXT", undefined],
    ["EVT/20261122.CSV", undefined],
    ["ACME-7-EVT-20261122.CSV", undefined],
]

test.each(names)("the name %s says what the file is", (path, expected) => {
    expect(parseName(path)).toEqual(expected)
})
