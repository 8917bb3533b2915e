import { type Program, Section, concatenated, padded, view } from "./image"

// A string is named by its number in one of the tables, with the table in the upper two bits.
const KIND_SHIFT = 14
const BUILTIN = 1 << KIND_SHIFT
const ASCII = 2 << KIND_SHIFT
const UTF8 = 3 << KIND_SHIFT
const CODE_POINTS_PER_JUMP = 16

export const builtinName = (number: number): number => BUILTIN | number
export const asciiName = (number: number): number => ASCII | number
export const utf8Name = (number: number): number => UTF8 | number
export const isBuiltinName = (name: number): boolean => name >> KIND_SHIFT === BUILTIN >> KIND_SHIFT
export const isAsciiName = (name: number): boolean => name >> KIND_SHIFT === ASCII >> KIND_SHIFT
/** The number in its table of the string so named. */
export const stringIndex = (name: number): number => name & (BUILTIN - 1)

export function asciiText(program: Program, number: number): Uint8Array {
    const data = program.sections[Section.StringData]
    const start = view(program.sections[Section.AsciiStrings]).getUint16(number * 2, true)
    return data.slice(start, data.indexOf(0, start))
}

export function appendUtf8Strings(program: Program, texts: Uint8Array[]): void {
    if (!texts.length) return
    const offsets = new Uint8Array(texts.length * 4)
    const data = [program.sections[Section.StringData]]
    let at = data[0].length
    texts.forEach((text, index) => {
        const entry = utf8Entry(text)
        view(offsets).setUint32(index * 4, at, true)
        data.push(entry)
        at += entry.length
    })
    // The verifier wants something behind the last one.
    data.push(new Uint8Array(4))
    program.sections[Section.StringData] = padded(concatenated(data), 4)
    program.sections[Section.Utf8Strings] = concatenated([
        program.sections[Section.Utf8Strings],
        offsets,
    ])
}

/** Bytes, code points, where every sixteenth code point begins, the text, zero. */
function utf8Entry(ascii: Uint8Array): Uint8Array {
    const jumps = Math.floor(ascii.length / CODE_POINTS_PER_JUMP)
    const head = new Uint8Array(4 + jumps * 2)
    view(head).setUint16(0, ascii.length, true)
    view(head).setUint16(2, ascii.length, true)
    for (let jump = 0; jump < jumps; jump++)
        view(head).setUint16(4 + jump * 2, (jump + 1) * CODE_POINTS_PER_JUMP, true)
    return padded(concatenated([head, ascii, new Uint8Array(1)]), 2)
}
