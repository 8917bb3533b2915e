import { describe, expect, it } from "vitest"
import { matchText } from "./judge"
import { Model, type TextFile } from "./model"

const header = "time,value\r\n"

function line(number: number): string {
    return `${String(number).padStart(4, "0")},${"x".repeat(93)}\r\n`
}

/** A log with this many acknowledged records, and one more that was started. */
function log(acknowledged: number): { model: Model; file: TextFile } {
    const model = new Model()
    model.apply({ kind: "open", path: "LOG/A.CSV", header })
    for (let i = 0; i <= acknowledged; ++i) {
        const offset = header.length + i * 100
        model.apply({ kind: "append", path: "LOG/A.CSV", offset, text: line(i) })
        if (i < acknowledged) model.apply({ kind: "appended", path: "LOG/A.CSV" })
    }
    return { model, file: model.texts.get("LOG/A.CSV")! }
}

function lines(...numbers: number[]): string {
    return header + numbers.map(line).join("")
}

describe("the judge of a log", () => {
    it("requires every acknowledged record once and in order, and nothing else", () => {
        const { file } = log(3)
        const fault = (content: string) => matchText(file, content).fault
        expect(fault(lines(0, 1, 2))).toBe("")
        expect(fault(lines(0, 1, 2, 3))).toBe("")
        expect(matchText(file, lines(0, 1))).toMatchObject({
            missing: 1,
            fault: expect.stringContaining("record 2 of 4 is missing"),
        })
        expect(fault(lines(0, 2))).toContain("record 1 of 4 is missing")
        expect(fault(lines(0, 2, 1))).toContain("record 1 of 4 comes later")
        expect(fault(lines(0, 1, 1, 2))).toContain("record 2 of 4 comes later")
        expect(fault(lines(0, 1, 2, 2))).toContain("after its last record")
        expect(fault(lines(0, 1, 2) + "0003,x")).toContain("after its last record")
        expect(fault(line(0) + line(1) + line(2))).toContain("its first line")
    })

    it("excuses missing records only in a sector that was lost", () => {
        const { model, file } = log(12)
        model.lose({ path: "LOG/A.CSV", sector: 1 })
        // Sector 1 holds the bytes 512 to 1023: records 5 to 10 are in it or reach into it.
        expect(matchText(file, lines(0, 1, 2, 3, 4, 11))).toEqual({ missing: 6, fault: "" })
        expect(matchText(file, lines(0, 1, 2, 3, 4, 5, 11))).toEqual({ missing: 5, fault: "" })
        expect(matchText(file, lines(0, 1, 2, 3, 11)).fault).toContain("record 4 of 13 is missing")
        expect(matchText(file, lines(0, 1, 2, 3, 4)).fault).toContain("record 11 of 13 is missing")
    })

    it("accepts garbage in such a sector, but no record on a line of garbage", () => {
        const { model, file } = log(10)
        model.lose({ path: "LOG/A.CSV", sector: 1 })
        model.apply({ kind: "append", path: "LOG/A.CSV", offset: 1024, text: line(20) })
        model.apply({ kind: "appended", path: "LOG/A.CSV" })
        const before = lines(0, 1, 2, 3, 4)
        const nonsense = (bytes: number) => "\xff".repeat(bytes - before.length - 2)
        const fault = (content: string) => matchText(file, content).fault
        expect(fault(`${before}${nonsense(1024)}\r\n${line(20)}`)).toBe("")
        expect(fault(`${before}${nonsense(1024)}xx${line(20)}`)).toContain("inside another line")
        // Record 10 reaches to byte 1112.
        expect(fault(`${before}${nonsense(1112)}\r\n${line(20)}`)).toBe("")
        expect(fault(`${before}${nonsense(1114)}\r\n${line(20)}`)).toContain("comes later")
    })

    it("does not excuse records that were written after the sector was lost", () => {
        const { model, file } = log(3)
        model.lose({ path: "LOG/A.CSV", sector: 0 })
        model.apply({ kind: "append", path: "LOG/A.CSV", offset: 112, text: line(9) })
        model.apply({ kind: "appended", path: "LOG/A.CSV" })
        expect(matchText(file, lines(0, 9)).fault).toBe("")
        expect(matchText(file, lines(0)).fault).toContain("is missing")
    })
})
