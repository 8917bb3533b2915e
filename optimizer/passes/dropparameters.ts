import { callsOf } from "../analysis/callgraph"
import { type Context } from "../analysis/contexts"
import { neverThrows } from "../analysis/effects"
import { liveness } from "../analysis/flow"
import { renumber } from "../ir/code"
import { type FunctionCode, FunctionFlag, type Program } from "../ir/image"
import { Op } from "../ir/opcodes"

/**
 * Unread parameters are not passed.
 *
 * Needs: dead reads dropped; functions that only calls by number refer to.
 * Keeps: arguments that may throw, and the parameters of functions whose variables closures see.
 * Buys: 552 bytes.
 */
export function dropParameters(program: Program, contexts: readonly Context[]): void {
    const byIndex = new Map(contexts.map(one => [one.body.index, one]))
    for (let changed = true; changed;) {
        changed = false
        for (const [index, calls] of callsOf(program, "called", "made", "tested")) {
            const { body, captured } = byIndex.get(index)!
            if (captured.size > 0 || body.flags & FunctionFlag.RestArgument) continue
            const { before, inHandlers } = liveness(body)
            const first = body.flags & FunctionFlag.NeedsThis ? 1 : 0
            for (let slot = body.args - 1; slot >= first; slot--) {
                const place = slot - first + 1
                if (before[0].has(slot) || inHandlers.has(slot)) continue
                const passing = calls.filter(call => place < call.args.length)
                if (!passing.every(call => neverThrows(call.args[place]))) continue
                for (const call of passing) {
                    call.args = call.args.filter((_, at) => at !== place)
                    call.op--
                }
                moveToLocals(body, slot)
                changed = true
            }
        }
    }
}

/** The parameter becomes the first of the other locals. */
function moveToLocals(body: FunctionCode, slot: number): void {
    const last = --body.args
    renumber(body.code, Op.LoadLocal, Op.StoreLocal, one => {
        if (one === slot) return last
        return one > slot && one <= last ? one - 1 : one
    })
}
