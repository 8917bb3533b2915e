import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import {
    cellHeader,
    cellRecord,
    eventHeader,
    logFileName,
    mainHeader,
    mainRecord,
    recordStart,
    TailCheck,
} from "../../../src/logs/record"
import { measurement } from "../../support/measurement"

const november = Date.UTC(2026, 10, 22, 9, 11, 0) / 1000

const state = measurement([3301, 3345, 3320, 3299], {
    packMv: 52123,
    currentMa: -12345,
    socPermille: 875,
    temperatureDeciC: [215, -4],
    balancing: 0x8001,
})

describe("records", () => {
    it("begin with local time, offset and serial number", () => {
        expect(recordStart(november, 60, "BMS-1A2B")).toBe("2026-11-22 10:11:00,+01:00,BMS-1A2B")
        expect(recordStart(november, -570, "X")).toBe("2026-11-21 23:41:00,-09:30,X")
    })

    it("have the main log's columns in the specification's order", () => {
        expect(mainRecord("S", state, 0x10)).toBe(
            "S,52.123,-12.345,87.5,3.299,3.345,4,2,-0.4,21.5,0x00000010\r\n",
        )
        expect(mainHeader.split(",").slice(3)).toEqual([
            "voltage_V",
            "current_A",
            "soc_pct",
            "cell_min_V",
            "cell_max_V",
            "cell_min_no",
            "cell_max_no",
            "temp_min_C",
            "temp_max_C",
            "errors_hex",
        ])
    })

    it("have a cell log's columns for its cells and thermistors", () => {
        expect(cellHeader(3, 2)).toBe(
            "time,utc_offset,serial,cell1_V,cell2_V,cell3_V,temp1_C,temp2_C,balancing_hex",
        )
        expect(cellRecord("S", state, 4, 2)).toBe("S,3.301,3.345,3.320,3.299,21.5,-0.4,0x8001\r\n")
    })

    it("hold 16 cells", () => {
        const cells = Array.from({ length: 16 }, (_, i) => 3000 + i)
        const line = cellRecord("S", { ...state, cellMv: cells }, 16, 2)
        expect(line.split(",").slice(1, 17)).toEqual(cells.map(mv => (mv / 1000).toFixed(3)))
        expect(line.split(",").length).toBe(cellHeader(16, 2).split(",").length - 2)
    })

    it("leave unknown values empty", () => {
        expect(mainRecord("S", { ...state, socPermille: undefined }, 0)).toBe(
            "S,52.123,-12.345,,3.299,3.345,4,2,-0.4,21.5,0x00000000\r\n",
        )
        expect(mainRecord("S", undefined, 0x80)).toBe("S,,,,,,,,,,0x00000080\r\n")
        expect(cellRecord("S", undefined, 4, 2)).toBe("S,,,,,,,\r\n")
    })

    it.each([
        ["all is well", state],
        ["the monitor is silent", undefined],
    ])("have as many fields as their header when %s", (_title, measured) => {
        const start = recordStart(november, 60, "B")
        expect(mainRecord(start, measured, 0).split(",").length).toBe(mainHeader.split(",").length)
        expect(cellRecord(start, measured, 4, 2).split(",").length).toBe(
            cellHeader(4, 2).split(",").length,
        )
    })

    it("show small and negative numbers with their zeros", () => {
        const cold = { ...state, packMv: 7, currentMa: -5, temperatureDeciC: [-100, 0] }
        expect(mainRecord("S", cold, 0)).toContain("S,0.007,-0.005,87.5,")
        expect(mainRecord("S", cold, 0)).toContain(",-10.0,0.0,")
    })

    it.each([0, 0x41, 0xe0, 0x1e05, 0x9999])("do not make bits %d look like a number", bits => {
        const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
        const last = (line: string) => line.trim().split(",").pop()
        const measured = { ...state, balancing: bits }
        expect(last(mainRecord("S", measured, bits))).not.toMatch(number)
        expect(last(cellRecord("S", measured, 4, 2))).not.toMatch(number)
        expect(parseInt(last(mainRecord("S", measured, bits))!, 16)).toBe(bits)
        expect(parseInt(last(cellRecord("S", measured, 4, 2))!, 16)).toBe(bits)
    })

    it.each(["docs/guide/operation.md", "docs/reference/logs.md"])(
        "have the columns shown in %s",
        path => {
            const text = readFileSync(path, "utf8")
            expect(text).toContain(mainHeader)
            expect(text).toContain(eventHeader)
            expect(text).toMatch(/time,utc_offset,serial,cell1_V,\S*,balancing_hex/)
        },
    )

    it("have the column names that docs/guide/reading-logs.md uses", () => {
        const text = readFileSync("docs/guide/reading-logs.md", "utf8")
        const headers = [mainHeader, cellHeader(1, 1), eventHeader].join(",")
        for (const name of headers.split(","))
            if (!/_(V|A|C|pct|no)$|^(number|marks)$/.test(name)) expect(text).toContain(`"${name}"`)
    })

    it("show all 32 bits of the error flags", () => {
        expect(mainRecord("S", undefined, 0xdeadbeef)).toContain(",0xDEADBEEF\r")
    })

    it("take about 98 bytes in the main log", () => {
        const line = mainRecord(recordStart(november, 60, "BMS-1A2B"), state, 0)
        expect(line.length).toBeGreaterThan(90)
        expect(line.length).toBeLessThanOrEqual(98)
    })

    it("go into files named after the local day", () => {
        expect(logFileName("20261122", 0)).toBe("20261122.CSV")
        expect(logFileName("20261122", 1)).toBe("26112201.CSV")
        expect(logFileName("20261122", 99)).toBe("26112299.CSV")
    })
})

describe("tail check", () => {
    const line = (minutes: number, offset = 60) =>
        mainRecord(recordStart(november + minutes * 60, offset, "B"), state, 0).slice(0, -2)

    it("accepts the header and records in order of time", () => {
        const check = new TailCheck("20261122.CSV", mainHeader)
        const lines = [mainHeader, line(0), line(0), line(1), line(600)]
        expect(lines.map(text => check.accepts(text))).toEqual(lines.map(() => true))
        expect(check.lastSeconds).toBe(november + 36000)
    })

    it("accepts the repeated hour when summer time ends", () => {
        const check = new TailCheck("20261025.CSV", mainHeader)
        const end = Date.UTC(2026, 9, 25, 1) / 1000
        const record = (seconds: number, offset: number) =>
            mainRecord(recordStart(seconds, offset, "B"), state, 0)
        expect(check.accepts(record(end - 60, 120))).toBe(true)
        expect(check.accepts(record(end, 60))).toBe(true)
        expect(check.accepts(record(end - 120, 120))).toBe(false)
    })

    it("accepts the records of a day's further file", () => {
        const check = new TailCheck("26112203.CSV", cellHeader(4, 2))
        const record = cellRecord(recordStart(november, 60, "B"), state, 4, 2)
        expect(check.accepts(record)).toBe(true)
    })

    it.each([
        ["an older record", line(-1)],
        ["a record of the day before", line(-24 * 60)],
        ["a record of the day after", line(24 * 60)],
        ["a record with one column less", line(1).slice(0, line(1).lastIndexOf(","))],
        ["a record with one column more", line(1) + ","],
        ["a time that does not exist", line(1).replace("10:12", "10:62")],
        ["the middle of a record", line(1).slice(10)],
        ["nothing", ""],
        ["bytes of another file", "\u0000\u0001\ufffd".repeat(30)],
        ["another header", cellHeader(4, 2)],
    ])("refuses %s", (_title, text) => {
        const check = new TailCheck("20261122.CSV", mainHeader)
        expect(check.accepts(line(0))).toBe(true)
        expect(check.accepts(text)).toBe(false)
        expect(check.accepts(line(2))).toBe(true)
    })
})
