import {
    expression,
    expressionSize,
    GREATEST_SHORT_NUMBER,
    numberSize,
    Op,
    type Expression,
} from "./bytecode"
import {
    ASCII_STRING_KIND,
    concatenated,
    eachExpression,
    padded,
    rewrite,
    Section,
    STRING_KIND_SHIFT,
    view,
    type FunctionCode,
    type Program,
} from "./bytecode-image"

// What is named by a number of one byte: as many of each kind.
const SHORT_NUMBERS = GREATEST_SHORT_NUMBER + 1
const DOUBLE_BYTES = 8
/** The upper half of a table entry that is an int32. */
const INT_TAG = 0xffffffff
const UTF8_STRING_KIND = 3
const STRING_INDEX_MASK = (1 << STRING_KIND_SHIFT) - 1
const BETWEEN_NAMES = new TextEncoder().encode("|")
const CODE_POINTS_PER_JUMP = 16

function rewriteAll(program: Program, change: (one: Expression) => Expression): void {
    for (const { code } of program.functions)
        for (const one of code) one.args = one.args.map(arg => rewrite(arg, change))
}

/** What is counted by `keyOf`, the greatest sum of weights first. */
function ranked(
    program: Program,
    keyOf: (one: Expression) => number | undefined,
    weight: (key: number) => number,
): number[] {
    const sums = new Map<number, number>()
    for (const { code } of program.functions)
        eachExpression(code, one => {
            const key = keyOf(one)
            if (key !== undefined) sums.set(key, (sums.get(key) ?? 0) + weight(key))
        })
    return [...sums].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([key]) => key)
}

/** Integers of three bytes and more go into the table of doubles, from where each takes two bytes. */
export function poolNumbers(program: Program): void {
    const table = program.sections[Section.Doubles]
    const first = table.length / DOUBLE_BYTES
    const isLong = (one: Expression) => one.op === Op.Literal && expressionSize(one) > 2
    const longest = ranked(program, one => (isLong(one) ? one.value : undefined), numberSize)
    const pooled = longest.slice(0, Math.max(0, SHORT_NUMBERS - first))
    const entries = new Uint8Array(pooled.length * DOUBLE_BYTES)
    pooled.forEach((value, index) => {
        view(entries).setInt32(index * DOUBLE_BYTES, value, true)
        view(entries).setUint32(index * DOUBLE_BYTES + 4, INT_TAG, true)
    })
    program.sections[Section.Doubles] = concatenated([table, entries])
    const place = new Map(pooled.map((value, index) => [value, first + index]))
    rewriteAll(program, one => {
        const index = isLong(one) ? place.get(one.value) : undefined
        return index === undefined ? one : expression(Op.LiteralDouble, index)
    })
}

/**
 * Strings for which the ASCII table has no short number left get one in the UTF-8 table. The runtime compares texts,
 * so it does not matter that names of functions and services stay where they were.
 */
export function spreadStrings(program: Program, shortNumbers = SHORT_NUMBERS): void {
    const offsets = view(program.sections[Section.Utf8Strings])
    const first = offsets.byteLength / 4
    const isAscii = (one: Expression) => one.op === Op.AsciiString || one.op === Op.AsciiField
    const usedMost = ranked(
        program,
        one => (isAscii(one) ? one.value : undefined),
        () => 1,
    )
    const moved = usedMost.slice(shortNumbers, shortNumbers + Math.max(0, SHORT_NUMBERS - first))
    appendUtf8Strings(
        program,
        moved.map(number => asciiText(program, number)),
    )
    const place = new Map(moved.map((number, index) => [number, first + index]))
    rewriteAll(program, one => {
        const value = isAscii(one) ? place.get(one.value) : undefined
        if (value === undefined) return one
        return { ...one, op: one.op === Op.AsciiField ? Op.Utf8Field : Op.Utf8String, value }
    })
}

/** Functions made of two show both names in stack traces, as far as these are in the program's own table. */
export function nameFunctions(
    program: Program,
    functions: readonly { body: FunctionCode; names: number[] }[],
): void {
    const first = program.sections[Section.Utf8Strings].length / 4
    const texts = functions.map(({ names }) => {
        const ascii = names.filter(one => one >> STRING_KIND_SHIFT === ASCII_STRING_KIND)
        const parts = ascii.map(one => asciiText(program, one & STRING_INDEX_MASK))
        return concatenated(parts.flatMap((part, at) => (at ? [BETWEEN_NAMES, part] : [part])))
    })
    appendUtf8Strings(program, texts)
    functions.forEach(({ body }, index) => {
        body.name = (UTF8_STRING_KIND << STRING_KIND_SHIFT) | (first + index)
    })
}

export function asciiText(program: Program, number: number): Uint8Array {
    const data = program.sections[Section.StringData]
    const start = view(program.sections[Section.AsciiStrings]).getUint16(number * 2, true)
    return data.slice(start, data.indexOf(0, start))
}

function appendUtf8Strings(program: Program, texts: Uint8Array[]): void {
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
