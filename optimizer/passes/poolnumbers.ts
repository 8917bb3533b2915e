import { SHORT_NUMBERS, ranked, rewriteAll } from "../analysis/usage"
import { type Expression, expression } from "../ir/code"
import { expressionSize, numberSize } from "../ir/codec"
import { type Program, Section, concatenated, view } from "../ir/image"
import { Op } from "../ir/opcodes"

const DOUBLE_BYTES = 8

/** The upper half of a table entry that is an int32. */
const INT_TAG = 0xffffffff

/**
 * Integers of three bytes and more go into the table of doubles, from where each takes two bytes.
 *
 * Needs: the compiler's literals; once.
 * Keeps: every value; the table of doubles grows, behind the wall.
 * Buys: 1,160 bytes.
 */
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
