import { type Context } from "../analysis/contexts"
import { isConstant } from "../analysis/effects"
import { RETURN_VALUE, definedSlot, handlers, readsSlot, successors } from "../analysis/flow"
import { type Expression, type Statement, parts, rewrite } from "../ir/code"
import { expressionSize } from "../ir/codec"
import { Op } from "../ir/opcodes"

type Facts = ReadonlyMap<number, Expression>

const same = (a: Expression, b: Expression): boolean => a.op === b.op && a.value === b.value

/**
 * Reads of a local become what was stored in it, when that is `ret_val`, a constant or another
 * local that still holds the same value on every way to the read. The store itself goes when nobody
 * needs it any more.
 *
 * Needs: nothing.
 * Keeps: locals that closures write; nothing is believed in a handler.
 * Buys: 276 bytes.
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
function availableCopies(context: Context): (Facts | undefined)[] {
    const { code } = context.body
    const next = successors(code)
    const into: (Facts | undefined)[] = code.map(() => undefined)
    const unknown = new Set(handlers(code))
    const thrownTo = new Set(code.map(one => (one.op === Op.ThrowJump ? one.target : undefined)))
    code.forEach((one, index) => {
        if (thrownTo.has(one)) unknown.add(index)
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
    if (!known || known === more) return more
    const kept = [...known].filter(([slot, copy]) => {
        const other = more.get(slot)
        return other !== undefined && same(other, copy)
    })
    return kept.length === known.size ? known : new Map(kept)
}

function afterStatement(one: Statement, facts: Facts, volatile: ReadonlySet<number>): Facts {
    const changed = definedSlot(one)
    if (changed === undefined) return facts
    const result = new Map<number, Expression>()
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
