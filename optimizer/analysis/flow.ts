import { writesReturnValue } from "./effects"
import { type Expression, type Statement, parts } from "../ir/code"
import { type FunctionCode, FunctionFlag } from "../ir/image"
import { Op, isFinal } from "../ir/opcodes"

/** The number under which the flow of `ret_val` is followed, like a local's. */
export const RETURN_VALUE = 0x10000

/** The local, or `ret_val`, that the expression reads by itself; undefined for all others. */
export function readsSlot(one: Expression): number | undefined {
    if (one.op === Op.LoadLocal) return one.value
    return one.op === Op.ReturnValue ? RETURN_VALUE : undefined
}

/** The local that the statement writes. */
const storedSlot = (one: Statement): number | undefined =>
    one.op === Op.StoreLocal ? one.value : undefined

/** The slot a statement defines, `RETURN_VALUE` included. */
export function definedSlot(one: Statement): number | undefined {
    return writesReturnValue(one.op) ? RETURN_VALUE : storedSlot(one)
}

/** By statement: the indices of the statements that may be executed next, catch handlers aside. */
export function successors(code: readonly Statement[]): number[][] {
    const indexOf = new Map(code.map((one, index) => [one, index]))
    const thrownTo = code.flatMap(one =>
        one.op === Op.ThrowJump ? [indexOf.get(one.target!)!] : [],
    )
    return code.map((one, index) => {
        const next: number[] = []
        if (!isFinal(one.op) && index + 1 < code.length) next.push(index + 1)
        // A jump out of a try block goes on from the end of a `finally` on its way.
        if (one.op === Op.ReThrow) next.push(...thrownTo)
        if (one.target && one.op !== Op.Try) next.push(indexOf.get(one.target)!)
        return next
    })
}

/** The indices of the labels where catch and finally handlers begin. */
export function handlers(code: readonly Statement[]): number[] {
    const labels = new Set(code.flatMap(one => (one.op === Op.Try ? [one.target!] : [])))
    return code.flatMap((one, index) => (labels.has(one) ? [index] : []))
}

/** By the index of a handler's label: the statements whose errors lead there. */
export function coveredBy(code: readonly Statement[]): Map<number, Set<number>> {
    const indexOf = new Map(code.map((one, index) => [one, index]))
    const found = new Map<number, Set<number>>()
    code.forEach(({ op, target }, start) => {
        if (op !== Op.Try) return
        const handler = indexOf.get(target!)!
        const isWithin = (index: number) => index > start && index < handler
        // The compiler writes a block and its handler behind each other: only `Try` leads into it,
        // and no jump out.
        const isBlock = code.every((one, index) => {
            if (!one.target || index === start) return true
            const leads = isWithin(indexOf.get(one.target)!)
            const leaves = one.op === Op.EndTry || one.op === Op.ThrowJump
            return leads ? isWithin(index) : !isWithin(index) || leaves
        })
        const covered = code.flatMap((_, index) => (!isBlock || isWithin(index) ? [index] : []))
        found.set(handler, new Set([...(found.get(handler) ?? []), ...covered]))
    })
    return found
}

/** Slots that the statement reads. A constructor's end reads `this`, which becomes its result. */
function usedSlots(one: Statement, body: FunctionCode): number[] {
    const used = parts(one).flatMap(part => readsSlot(part) ?? [])
    if (one.op === Op.JumpIfNullish) used.push(RETURN_VALUE)
    if (one.op === Op.Return && body.flags & FunctionFlag.Constructor) used.push(0)
    return used
}

/**
 * Which slots' values are needed: before each statement, after it, and in any handler. Sets are
 * shared.
 */
export interface Liveness {
    before: ReadonlySet<number>[]
    after: ReadonlySet<number>[]
    inHandlers: ReadonlySet<number>
}

const NOTHING: ReadonlySet<number> = new Set()
const UNKNOWN: ReadonlySet<number> = new Set()

/** Both together: one of them when it has all of the other. */
export function union(known: ReadonlySet<number>, more: ReadonlySet<number>): ReadonlySet<number> {
    if (known === more || more.size === 0) return known
    if (known.size === 0) return more
    for (const one of more) if (!known.has(one)) return new Set([...known, ...more])
    return known
}

/**
 * Backwards data flow. Every statement of a function with handlers may lead to each of them: what a
 * handler needs is needed everywhere.
 */
export function liveness(body: FunctionCode): Liveness {
    const { code } = body
    const next = successors(code)
    const handlerAt = handlers(code)
    const before = code.map(() => NOTHING)
    const after = code.map(() => UNKNOWN)
    let inHandlers = NOTHING
    const used = code.map(one => new Set(usedSlots(one, body)))
    const defined = code.map(definedSlot)
    const needed = (index: number): ReadonlySet<number> => {
        const slot = defined[index]
        let left = after[index]
        if (slot !== undefined && left.has(slot)) {
            const others = new Set(left)
            others.delete(slot)
            left = others
        }
        return union(union(left, used[index]), inHandlers)
    }
    for (let changed = true, handlersChanged = true; changed;) {
        changed = false
        for (let index = code.length - 1; index >= 0; index--) {
            const behind = next[index].reduce((all, to) => union(all, before[to]), NOTHING)
            if (behind === after[index] && !handlersChanged) continue
            after[index] = behind
            const into = needed(index)
            // The needed slots only ever become more.
            if (into.size === before[index].size) continue
            before[index] = into
            changed = true
        }
        const known = inHandlers
        for (const index of handlerAt) {
            const slots = [...before[index]].filter(slot => slot !== RETURN_VALUE)
            inHandlers = union(inHandlers, new Set(slots))
        }
        handlersChanged = inHandlers !== known
        if (handlersChanged) changed = true
    }
    return { before, after, inHandlers }
}

/** Like `storedSlot`, with `ret_val` as one more local. */
export const storedTo = (one: Statement): number | undefined =>
    one.op === Op.StoreReturnValue ? RETURN_VALUE : storedSlot(one)
