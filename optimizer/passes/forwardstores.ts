import { type Context } from "../analysis/contexts"
import { neverThrows, readsMemory } from "../analysis/effects"
import { type Liveness, definedSlot, liveness, readsSlot, storedTo, union } from "../analysis/flow"
import { type Expression, type Statement, eachPart, parts, rewrite, stackDepth } from "../ir/code"
import { Op } from "../ir/opcodes"

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

/**
 * `x := e; … f(x) …` becomes `… f(e) …` when that is the only use of x and evaluating e later makes
 * no difference: nothing in between, nor anything evaluated before it in its new place, changes
 * what e reads, and no two errors change their order.
 *
 * Needs: liveness.
 * Keeps: the order of errors, calls and writes.
 * Buys: 2,616 bytes.
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
            for (let at = index; at < use; at++)
                live.after[at] = union(live.after[at], new Set([read]))
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
    const { volatile } = context
    const changed = definedSlot(one)
    const reads = slotsOf(value)
    if (one.target || changed === slot || (changed !== undefined && reads.has(changed)))
        return false
    // The statement may change memory, and have effects that an error must not come after.
    return neverThrows(value) && !readsMemory(value, volatile)
}
