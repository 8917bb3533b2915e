import { type Expression } from "../ir/code"
import { has, isStatement, Op } from "../ir/opcodes"

/** True when the statement changes the return value. */
export const writesReturnValue = (op: number): boolean =>
    isStatement(op) && !has(op, "keeps result")

/**
 * True when the expression's value depends on more than locals and the return value.
 * @param volatile locals that closures write
 */
export function readsMemory(one: Expression, volatile: ReadonlySet<number>): boolean {
    if (one.constant) return false
    if (!has(one.op, "reads nothing")) return true
    if (one.op === Op.LoadLocal && volatile.has(one.value)) return true
    return one.args.some(arg => readsMemory(arg, volatile))
}

/** True when no evaluation of the expression throws. */
export const neverThrows = (one: Expression): boolean =>
    has(one.op, "never throws") && one.args.every(neverThrows)
