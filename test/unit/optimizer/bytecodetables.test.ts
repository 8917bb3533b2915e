import { describe, expect, it } from "vitest"
import { expression, type Expression } from "../../../optimizer/ir/code"
import { encodeFunction } from "../../../optimizer/ir/codec"
import { Section, type Program } from "../../../optimizer/ir/image"
import { Op } from "../../../optimizer/ir/opcodes"
import { namePairs } from "../../../optimizer/passes/namepairs"
import { poolNumbers } from "../../../optimizer/passes/poolnumbers"
import { back } from "../../support/bytecodeprograms"
import { useBothStringTables } from "../../../optimizer/passes/usebothstringtables"

function program(values: Expression[], strings: string[] = []): Program {
    const sections = Array.from({ length: 10 }, () => new Uint8Array())
    const text = strings.map(one => one + "\0")
    sections[Section.StringData] = new TextEncoder().encode(text.join(""))
    const offsets = text.map((_, index) => text.slice(0, index).join("").length)
    sections[Section.AsciiStrings] = new Uint8Array(Uint16Array.from(offsets).buffer)
    const code = values.map(back)
    const plain = { index: 0, slots: 0, args: 0, flags: 0, name: 0, tryFrames: 0 }
    return { header: new Uint8Array(32), sections, functions: [{ ...plain, code }] }
}

const bytes = (one: Program) => [...encodeFunction(one.functions[0].code)]

describe("long integers", () => {
    const numbers = (...values: number[]) =>
        program(values.map(value => expression(Op.Literal, value)))

    it("come from the table of doubles, as int32", () => {
        const one = numbers(-17, 300, 300, 2000000000)
        poolNumbers(one)
        expect(bytes(one)).toEqual([41, 2, 12, 41, 0, 12, 41, 0, 12, 41, 1, 12])
        const table = new DataView(one.sections[Section.Doubles].buffer)
        expect([0, 8, 16].map(at => table.getInt32(at, true))).toEqual([300, 2000000000, -17])
        expect([4, 12, 20].map(at => table.getInt32(at, true))).toEqual([-1, -1, -1])
    })

    it("stay when they take at most two bytes", () => {
        const one = numbers(-16, 0, 111, 112, 247)
        const before = bytes(one)
        poolNumbers(one)
        expect(bytes(one)).toEqual(before)
    })

    it("fill the table up to the last short number, the largest savings first", () => {
        const one = numbers(...Array.from({ length: 300 }, (_, index) => 1000 + index), 70000)
        poolNumbers(one)
        expect(one.sections[Section.Doubles]).toHaveLength(248 * 8)
        const { code } = one.functions[0]
        expect(code.filter(s => s.args[0].op === Op.Literal)).toHaveLength(301 - 248)
        expect(code.at(-1)!.args[0]).toEqual(expression(Op.LiteralDouble, 0))
    })
})

describe("strings without a short number", () => {
    it("go to the UTF-8 table with the offsets of every sixteenth character", () => {
        const long = "0123456789abcdef0123456789abcdef0"
        const one = program(
            [
                expression(Op.AsciiString, 0),
                expression(Op.AsciiField, 0, expression(Op.LoadLocal, 0)),
                expression(Op.AsciiField, 1, expression(Op.LoadLocal, 0)),
            ],
            ["often", long],
        )
        useBothStringTables(one, 1)
        const [often, , rare] = one.functions[0].code.map(s => s.args[0])
        expect(often).toEqual(expression(Op.AsciiString, 0))
        expect([rare.op, rare.value]).toEqual([Op.Utf8Field, 0])
        const data = one.sections[Section.StringData]
        const at = new DataView(one.sections[Section.Utf8Strings].buffer).getUint32(0, true)
        expect([...new Uint16Array(data.slice(at, at + 8).buffer)]).toEqual([33, 33, 16, 32])
        expect(new TextDecoder().decode(data.slice(at + 8, at + 42))).toBe(long + "\0")
        expect(data.length % 4).toBe(0)
    })
})

describe("functions merged from two", () => {
    it("have both names", () => {
        const one = program([], ["first", "second"])
        const [body] = one.functions
        const ascii = 2 << 14
        namePairs(one, [{ body, names: [ascii, ascii | 1] }])
        expect(body.name).toBe(3 << 14)
        const data = new TextDecoder().decode(one.sections[Section.StringData])
        expect(data).toContain("first|second\0")
    })
})
