import { callsOf } from "../analysis/callgraph"
import { type Context } from "../analysis/contexts"
import { isConstant, neverThrows } from "../analysis/effects"
import { liveness } from "../analysis/flow"
import {
    type Expression,
    type Statement,
    expression,
    isLocal,
    parts,
    renumber,
    rewriteCode,
    statement,
} from "../ir/code"
import { expressionSize } from "../ir/codec"
import { type FunctionCode, FunctionFlag, type Program } from "../ir/image"
import { Op } from "../ir/opcodes"

const given = (call: Statement, place: number): Expression =>
    call.args[place + 1] ?? expression(Op.Undefined)

const same = (a: Expression, b: Expression): boolean => a.op === b.op && a.value === b.value

/**
 * A parameter that gets the same constant from every call is that constant; one that nobody reads
 * is not passed. Only of functions that nothing but calls by number refers to.
 *
 * Needs: dead reads dropped; functions that nothing but calls by number refers to.
 * Keeps: arguments whose evaluation may throw, which come before the call or stay, and all
 * parameters of functions with closures. Buys: 868 bytes.
 */
export function dropParameters(program: Program, contexts: readonly Context[]): void {
    const byIndex = new Map(contexts.map(one => [one.body.index, one]))
    for (let changed = true; changed;) {
        changed = false
        for (const [index, calls] of callsOf(program, "called", "made", "tested")) {
            const context = byIndex.get(index)!
            const { body } = context
            if (body.flags & FunctionFlag.RestArgument) continue
            const first = body.flags & FunctionFlag.NeedsThis ? 1 : 0
            for (let slot = body.args - 1; slot >= first; slot--) {
                if (context.captured.has(slot)) continue
                changed = useConstant(body, calls, slot, slot - first) || changed
                changed = dropParameter(program, context, calls, slot, slot - first) || changed
            }
        }
    }
}

function useConstant(
    body: FunctionCode,
    calls: readonly Statement[],
    slot: number,
    place: number,
): boolean {
    const value = given(calls[0], place)
    if (!isConstant(value) || !calls.every(one => same(given(one, place), value))) return false
    if (body.code.some(one => one.op === Op.StoreLocal && one.value === slot)) return false
    let changed = false
    rewriteCode(body.code, one => {
        if (!isLocal(one, slot)) return one
        changed = true
        return value
    })
    return changed
}

function dropParameter(
    program: Program,
    { body, captured }: Context,
    calls: readonly Statement[],
    slot: number,
    place: number,
): boolean {
    const { before, inHandlers } = liveness(body)
    if (before[0]?.has(slot) || inHandlers.has(slot)) return false
    if (captured.size > 0) return false
    const failing = calls.filter(one => !neverThrows(given(one, place)))
    if (!failing.every(one => mayComeFirst(one, place)) || !pays(calls, failing, place))
        return false
    for (const call of failing) evaluateFirst(program, call, given(call, place))
    moveToLocals(body, slot)
    for (const call of calls) {
        if (place + 1 >= call.args.length) continue
        call.args = [...call.args.slice(0, place + 1), ...call.args.slice(place + 2)]
        call.op--
    }
    return true
}

/**
 * True when nothing else of the call needs the return value, and no error comes before the one of
 * this argument.
 */
function mayComeFirst(call: Statement, place: number): boolean {
    const others = call.args.filter((_, index) => index !== place + 1)
    const before = call.args.slice(0, place + 1)
    return (
        before.every(neverThrows) &&
        others.every(one =>
            parts(statement(Op.Return, 0, one)).every(part => part.op !== Op.ReturnValue),
        )
    )
}

/** What fails is evaluated all the same, for a byte more. */
function pays(calls: readonly Statement[], failing: readonly Statement[], place: number): boolean {
    const passed = calls.filter(one => !failing.includes(one) && place + 1 < one.args.length)
    const saved = passed.reduce((sum, one) => sum + expressionSize(given(one, place)), 0)
    return failing.length === 0 || saved > failing.length
}

function evaluateFirst(program: Program, call: Statement, value: Expression): void {
    const body = program.functions.find(({ code }) => code.includes(call))!
    body.code.splice(body.code.indexOf(call), 0, statement(Op.StoreReturnValue, 0, value))
}

/** The parameter becomes the first of the other locals. */
function moveToLocals(body: FunctionCode, slot: number): void {
    const last = --body.args
    const moved = (one: number) => (one === slot ? last : one > slot && one <= last ? one - 1 : one)
    renumber(body.code, Op.LoadLocal, Op.StoreLocal, moved)
}
