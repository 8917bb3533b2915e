import { expression, isCall, Op, type Expression, type Statement } from "./bytecode"
import {
    FunctionFlag,
    refersToFunction,
    rewrite,
    type FunctionCode,
    type Program,
} from "./bytecode-image"
import { liveness, neverThrows, type Context } from "./bytecode-flow"
import { isConstant } from "./bytecode-locals"

const PROTOTYPE_NAME = 52
const INSTANCE_OF = 89

/** By function: its calls; functions of which anything else is made are left out. */
function callsOf(program: Program): Map<number, Statement[]> {
    const calls = new Map<number, Statement[]>()
    const other = new Set<number>()
    const visit = (one: Expression): void => {
        if (one.op === Op.BuiltinField && one.value === PROTOTYPE_NAME) return
        if (one.op === INSTANCE_OF) return visit(one.args[0])
        if (refersToFunction(one.op)) other.add(one.value)
        one.args.forEach(visit)
    }
    for (const { code } of program.functions)
        for (const one of code) {
            const called = isCall(one.op) ? calledBy(one) : undefined
            one.args.slice(called === undefined ? 0 : 1).forEach(visit)
            if (called !== undefined) calls.set(called, [...(calls.get(called) ?? []), one])
        }
    for (const one of other) calls.delete(one)
    return calls
}

function calledBy({ op, args: [callee] }: Statement): number | undefined {
    if (op === Op.CallArray) return undefined
    const called = callee.op === Op.New ? callee.args[0] : callee
    return called.op === Op.StaticFunction ? called.value : undefined
}

const given = (call: Statement, place: number): Expression =>
    call.args[place + 1] ?? expression(Op.Undefined)

const same = (a: Expression, b: Expression): boolean => a.op === b.op && a.value === b.value

/**
 * A parameter that gets the same constant from every call is that constant; one that nobody reads is not passed. Only
 * of functions that nothing but calls by number refers to.
 */
export function dropParameters(program: Program, contexts: readonly Context[]): void {
    const byIndex = new Map(contexts.map(one => [one.body.index, one]))
    for (let changed = true; changed;) {
        changed = false
        for (const [index, calls] of callsOf(program)) {
            const context = byIndex.get(index)!
            const { body } = context
            if (body.flags & FunctionFlag.RestArgument) continue
            const first = body.flags & FunctionFlag.NeedsThis ? 1 : 0
            for (let slot = body.args - 1; slot >= first; slot--) {
                if (context.captured.has(slot)) continue
                changed = useConstant(body, calls, slot, slot - first) || changed
                changed = dropParameter(context, calls, slot, slot - first) || changed
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
    const change = (one: Expression): Expression => {
        if (one.op !== Op.LoadLocal || one.value !== slot) return one
        changed = true
        return value
    }
    for (const one of body.code) one.args = one.args.map(arg => rewrite(arg, change))
    return changed
}

function dropParameter(
    { body, captured }: Context,
    calls: readonly Statement[],
    slot: number,
    place: number,
): boolean {
    const { before, inHandlers } = liveness(body)
    if (before[0]?.has(slot) || inHandlers.has(slot)) return false
    if (!calls.every(one => neverThrows(given(one, place)))) return false
    if (captured.size > 0) return false
    moveToLocals(body, slot)
    for (const call of calls) {
        if (place + 1 >= call.args.length) continue
        call.args = [...call.args.slice(0, place + 1), ...call.args.slice(place + 2)]
        call.op--
    }
    return true
}

/** The parameter becomes the first of the other locals. */
function moveToLocals(body: FunctionCode, slot: number): void {
    const last = --body.args
    const moved = (one: number) => (one === slot ? last : one > slot && one <= last ? one - 1 : one)
    for (const one of body.code) {
        one.args = one.args.map(arg =>
            rewrite(arg, part =>
                part.op === Op.LoadLocal ? { ...part, value: moved(part.value) } : part,
            ),
        )
        if (one.op === Op.StoreLocal) one.value = moved(one.value)
    }
}
