import { expressionSize, Op, type Expression, type Statement } from "./bytecode"
import { rewrite } from "./bytecode-image"
import {
    definedSlot,
    eachPart,
    handlers,
    liveness,
    neverThrows,
    parts,
    readsMemory,
    readsSlot,
    RETURN_VALUE,
    stackDepth,
    storedSlot,
    successors,
    type Context,
    type Liveness,
} from "./bytecode-flow"

// The runtime has 16 places and the compiler uses 15 of them.
const MOST_STACK = 15

const slotsOf = (one: Expression): Set<number> => {
    const slots = new Set<number>()
    eachPart(one, part => {
        const slot = readsSlot(part)
        if (slot !== undefined) slots.add(slot)
    })
    return slots
}

function replaceSlot(one: Statement, slot: number, by: Expression): Statement["args"] {
    return one.args.map(arg => rewrite(arg, part => (readsSlot(part) === slot ? by : part)))
}

/** Like `storedSlot`, with `ret_val` as one more local. */
const storedTo = (one: Statement): number | undefined =>
    one.op === Op.StoreReturnValue ? RETURN_VALUE : storedSlot(one)

/** Removes stores to locals that nobody reads, when computing the value has no effect but an error. */
export function dropDeadStores({ body, captured }: Context): boolean {
    const { after } = liveness(body)
    const kept = body.code.filter((one, index) => {
        const slot = storedTo(one)
        if (slot === undefined || captured.has(slot)) return true
        if (slot === RETURN_VALUE && one.args[0].op === Op.ReturnValue) return false
        if (one.args[0].op === Op.LoadLocal && one.args[0].value === slot) return false
        return after[index].has(slot) || !neverThrows(one.args[0])
    })
    if (kept.length === body.code.length) return false
    body.code = kept
    return true
}

/**
 * `x := e; … f(x) …` becomes `… f(e) …` when that is the only use of x and evaluating e later makes no difference:
 * nothing in between, nor anything evaluated before it in its new place, changes what e reads, and no two errors
 * change their order.
 */
export function forwardStores(context: Context): boolean {
    const { body, captured } = context
    const live = liveness(body)
    const removed = new Set<number>()
    for (let index = body.code.length - 2; index >= 0; index--) {
        const one = body.code[index]
        const slot = storedTo(one)
        if (slot === undefined || captured.has(slot)) continue
        const use = onlyUse(context, index, slot, removed, live)
        if (use === undefined) continue
        const user = body.code[use]
        const value = one.args[0]
        const args = replaceSlot(user, slot, value)
        if (stackDepth(args) > MOST_STACK) continue
        user.args = args
        removed.add(index)
        // What e reads is needed up to its new place now.
        for (const read of slotsOf(value))
            for (let at = index; at < use; at++) live.after[at].add(read)
    }
    body.code = body.code.filter((_, index) => !removed.has(index))
    return removed.size > 0
}

/** Where the value stored at `index` may be evaluated instead. */
function onlyUse(
    context: Context,
    index: number,
    slot: number,
    removed: Set<number>,
    live: Liveness,
): number | undefined {
    const { code } = context.body
    const { args } = code[index]
    if (live.inHandlers.has(slot)) return undefined
    for (let at = index + 1; at < code.length; at++) {
        if (removed.has(at)) continue
        const one = code[at]
        if (one.op === Op.Label) return undefined
        const evaluated = parts(one)
        const uses = evaluated.filter(part => readsSlot(part) === slot).length
        if (uses > 1) return undefined
        if (uses === 1) {
            const dead = definedSlot(one) === slot || !live.after[at].has(slot)
            const before = evaluated.slice(
                0,
                evaluated.findIndex(part => readsSlot(part) === slot),
            )
            const inOrder = neverThrows(args[0]) || before.every(part => neverThrowsItself(part))
            return dead && inOrder ? at : undefined
        }
        if (!commute(context, args[0], slot, one)) return undefined
    }
    return undefined
}

// All parts of an expression come before it, so each is asked for itself only.
const neverThrowsItself = (part: Expression): boolean => neverThrows({ ...part, args: [] })

/** True when evaluating `value` after the statement is the same as before it. */
function commute(context: Context, value: Expression, slot: number, one: Statement): boolean {
    const { captured, volatile, hasTry } = context
    const changed = definedSlot(one)
    const reads = slotsOf(value)
    if (one.target || changed === slot || (changed !== undefined && reads.has(changed)))
        return false
    const local = one.op === Op.StoreLocal && !captured.has(one.value)
    if (local) return (neverThrows(one.args[0]) && !hasTry) || neverThrows(value)
    // Every other statement may change memory, and have effects that an error must not come after.
    if (one.op === Op.Return || one.op === Op.Throw) return false
    return neverThrows(value) && !readsMemory(value, volatile)
}

type Facts = Map<number, Expression>

const CONSTANTS: readonly number[] = [
    Op.Literal,
    Op.LiteralDouble,
    Op.Undefined,
    Op.Null,
    Op.True,
    Op.False,
    Op.BuiltinString,
    Op.AsciiString,
    Op.Utf8String,
    Op.StaticBuffer,
    Op.StaticFunction,
]
export const isConstant = (one: Expression): boolean =>
    CONSTANTS.includes(one.op) || one.constant === true
const same = (a: Expression, b: Expression): boolean => a.op === b.op && a.value === b.value

/**
 * Reads of a local become what was stored in it, when that is `ret_val`, a constant or another local that still holds
 * the same value on every way to the read. The store itself goes when nobody needs it any more.
 */
export function propagateCopies(context: Context): boolean {
    const { body } = context
    const facts = availableCopies(context)
    const counts = useCounts(body.code)
    let changed = false
    body.code.forEach((one, index) => {
        const known = facts[index]
        if (!known || known.size === 0) return
        const replace = (part: Expression): Expression => {
            const copy = part.op === Op.LoadLocal ? known.get(part.value) : undefined
            if (!copy) return part
            const rare = counts.get(part.value) === 1
            if (!rare && expressionSize(copy) > 2) return part
            changed = true
            return copy
        }
        one.args = one.args.map(arg => rewrite(arg, replace))
    })
    const kept = body.code.filter((one, index) => !repeatsFact(one, facts[index]))
    changed ||= kept.length < body.code.length
    body.code = kept
    return changed
}

function useCounts(code: Statement[]): Map<number, number> {
    const counts = new Map<number, number>()
    for (const one of code)
        for (const part of parts(one))
            if (part.op === Op.LoadLocal) counts.set(part.value, (counts.get(part.value) ?? 0) + 1)
    return counts
}

function repeatsFact(one: Statement, known: Facts | undefined): boolean {
    const copy = one.op === Op.StoreLocal ? known?.get(one.value) : undefined
    return copy !== undefined && same(copy, one.args[0])
}

/** Forwards data flow: by statement, what each local is a copy of just before it. */
export function availableCopies(context: Context): (Facts | undefined)[] {
    const { code } = context.body
    const next = successors(code)
    const into: (Facts | undefined)[] = code.map(() => undefined)
    const unknown = new Set(handlers(code))
    code.forEach((one, index) => {
        if (code.some(other => other.op === Op.ThrowJump && other.target === one))
            unknown.add(index)
    })
    if (code.length) into[0] = new Map()
    for (const index of unknown) into[index] = new Map()
    const work = [0, ...unknown]
    while (work.length) {
        const index = work.pop()!
        const out = afterStatement(code[index], into[index]!, context.volatile)
        for (const to of next[index]) {
            const merged = merge(into[to], out)
            if (merged === into[to]) continue
            into[to] = merged
            work.push(to)
        }
    }
    return into
}

function merge(known: Facts | undefined, more: Facts): Facts {
    if (!known) return new Map(more)
    const kept = [...known].filter(([slot, copy]) => {
        const other = more.get(slot)
        return other !== undefined && same(other, copy)
    })
    return kept.length === known.size ? known : new Map(kept)
}

function afterStatement(one: Statement, facts: Facts, volatile: ReadonlySet<number>): Facts {
    const changed = definedSlot(one)
    if (changed === undefined) return facts
    const result: Facts = new Map()
    for (const [slot, copy] of facts)
        if (slot !== changed && readsSlot(copy) !== changed) result.set(slot, copy)
    if (changed === RETURN_VALUE || volatile.has(changed)) return result
    const value = one.args[0]
    const slot = readsSlot(value)
    if (isConstant(value)) result.set(changed, value)
    else if (slot !== undefined && slot !== changed && !volatile.has(slot))
        result.set(changed, value)
    return result
}
