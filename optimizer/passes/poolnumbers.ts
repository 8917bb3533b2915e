import { type Expression, expression, rewriteCode } from "../ir/code"
import { expressionSize, numberSize } from "../ir/codec"
import { type Program, Section, concatenated, view } from "../ir/image"
import { Op } from "../ir/opcodes"
import { SHORT_NUMBERS, countUses, ranked } from "../ir/usage"

const DOUBLE_BYTES = 8

/** The upper half of a table entry that is an int32. */
const INT_TAG = 0xffffffff

const isLong = (one: Expression): boolean => one.op === Op.Literal && expressionSize(one) > 2

/**
 * Integers of three bytes and more go into the table of doubles, from where each takes two bytes.
 *
 * Needs: the compiler's literals; once.
 * Keeps: every value; the table of doubles grows, behind the wall.
 * Buys: 1,176 bytes.
 */
export function poolNumbers(program: Program): void {
    const table = program.sections[Section.Doubles]
    const first = table.length / DOUBLE_BYTES
    const uses = countUses(program, one => (isLong(one) ? one.value : undefined))
    const longest = ranked(uses.keys(), one => uses.get(one)! * numberSize(one))
    const pooled = longest.slice(0, Math.max(0, SHORT_NUMBERS - first))
    const entries = new Uint8Array(pooled.length * DOUBLE_BYTES)
    pooled.forEach((value, index) => {
        view(entries).setInt32(index * DOUBLE_BYTES, value, true)
        view(entries).setUint32(index * DOUBLE_BYTES + 4, INT_TAG, true)
    })
    program.sections[Section.Doubles] = concatenated([table, entries])
    const place = new Map(pooled.map((value, index) => [value, first + index]))
    const change = (one: Expression) =>
        isLong(one) && place.has(one.value)
            ? expression(Op.LiteralDouble, place.get(one.value))
            : one
    for (const { code } of program.functions) rewriteCode(code, change)
}
