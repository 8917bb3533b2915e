import { neverThrows } from "../analysis/effects"
import { type Expression, renumber } from "../ir/code"
import { GLOBALS_COUNT_AT, type Program, view } from "../ir/image"
import { increment } from "../ir/maps"
import { Op } from "../ir/opcodes"
import { countUses, ranked } from "../ir/usage"

const globalRead = (one: Expression) => (one.op === Op.LoadGlobal ? one.value : undefined)

/**
 * Unread globals are not stored to; the most used ones get the short numbers.
 *
 * Needs: the final code of all functions.
 * Keeps: values that may throw.
 * Buys: 768 bytes.
 */
export function orderGlobals(program: Program): void {
    const reads = countUses(program, globalRead)
    for (const body of program.functions)
        body.code = body.code.filter(
            one => one.op !== Op.StoreGlobal || reads.has(one.value) || !neverThrows(one.args[0]),
        )
    const uses = countUses(program, globalRead)
    for (const { code } of program.functions)
        for (const one of code) if (one.op === Op.StoreGlobal) increment(uses, one.value)
    const order = ranked(uses.keys(), one => uses.get(one)!)
    const numbers = new Map(order.map((old, index) => [old, index]))
    for (const { code } of program.functions)
        renumber(code, Op.LoadGlobal, Op.StoreGlobal, old => numbers.get(old)!)
    view(program.header).setUint16(GLOBALS_COUNT_AT, order.length, true)
}
