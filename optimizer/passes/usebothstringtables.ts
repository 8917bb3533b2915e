import { type Expression, rewriteCode } from "../ir/code"
import { type Program, Section, refersToAscii } from "../ir/image"
import { Op } from "../ir/opcodes"
import { appendUtf8Strings, asciiText } from "../ir/strings"
import { SHORT_NUMBERS, countUses, ranked } from "../ir/usage"

/**
 * Strings for which the ASCII table has no short number left get one in the UTF-8 table. The
 * runtime compares texts, so it does not matter that names of functions and services stay where
 * they were.
 *
 * Needs: the final code of all functions.
 * Keeps: every text.
 * Buys: 592 bytes.
 */
export function useBothStringTables(program: Program, shortNumbers = SHORT_NUMBERS): void {
    const first = program.sections[Section.Utf8Strings].length / 4
    const uses = countUses(program, one => (refersToAscii(one) ? one.value : undefined))
    const usedMost = ranked(uses.keys(), one => uses.get(one)!)
    const moved = usedMost.slice(shortNumbers, shortNumbers + Math.max(0, SHORT_NUMBERS - first))
    const texts = moved.map(number => asciiText(program, number))
    appendUtf8Strings(program, texts)
    const place = new Map(moved.map((number, index) => [number, first + index]))
    const change = (one: Expression): Expression => {
        const value = refersToAscii(one) ? place.get(one.value) : undefined
        if (value === undefined) return one
        return { ...one, op: one.op === Op.AsciiField ? Op.Utf8Field : Op.Utf8String, value }
    }
    for (const { code } of program.functions) rewriteCode(code, change)
}
