import { SHORT_NUMBERS, ranked, rewriteAll } from "../analysis/usage"
import { type Expression } from "../ir/code"
import { type Program, Section, view } from "../ir/image"
import { Op } from "../ir/opcodes"
import { appendUtf8Strings, asciiText } from "../ir/strings"

/**
 * Strings for which the ASCII table has no short number left get one in the UTF-8 table. The
 * runtime compares texts, so it does not matter that names of functions and services stay where
 * they were.
 *
 * Needs: the final code of all functions.
 * Keeps: every text.
 * Buys: 540 bytes.
 */
export function useBothStringTables(program: Program, shortNumbers = SHORT_NUMBERS): void {
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
