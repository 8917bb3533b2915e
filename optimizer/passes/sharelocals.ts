import { type Context } from "../analysis/contexts"
import { liveness } from "../analysis/flow"
import { reachingStores } from "../analysis/reachingstores"
import { type Expression, expression, isLocal, parts, renumber, rewriteCode } from "../ir/code"
import { type FunctionCode, FunctionFlag } from "../ir/image"
import { Op } from "../ir/opcodes"

/** A value's life in a local: the stores of it and the reads that may see them. */
export interface Web {
    /** The parameter's slot when it begins as one. */
    fixed: number | undefined
    /** Read without a store before: its slot has to begin as `undefined`. */
    undefinedAtStart: boolean
    /** Webs that may not have its slot. */
    conflicts: Set<number>
    /** Webs that it is copied to or from: one that has its slot needs no copying. */
    copies: number[]
}

// Webs are numbered from here while slots are given out.
const FIRST_WEB = 0x20000

/**
 * Gives the function's values new slots: values that are never needed at the same time share one, a
 * copy and its original above all, whose copying then goes.
 *
 * Needs: liveness and the stores that reach each read.
 * Keeps: parameters, `this` of constructors, and what closures see.
 * Buys: 616 bytes.
 *
 * @param prepare works on the code while each web has a number of its own; webs that it deletes get
 * no slot
 */
export function shareLocals(
    { body, captured }: Context,
    prepare: (webs: Map<number, Web>) => void = () => undefined,
): void {
    const pinned = new Set(captured)
    if (body.flags & FunctionFlag.Constructor) pinned.add(0)
    const webs = renameToWebs(body, pinned)
    prepare(webs)
    addConflicts(body, webs)
    const slots = chooseSlots(body, webs, pinned)
    renumber(body.code, Op.LoadLocal, Op.StoreLocal, one => slots.get(one) ?? one)
    body.code = body.code.filter(
        one => one.op !== Op.StoreLocal || !isLocal(one.args[0], one.value),
    )
    body.slots = Math.max(...slots.values(), ...pinned, body.args - 1) + 1
}

/** The representative of each of a number of united things. */
function unions(): { find: (one: number) => number; unite: (a: number, b: number) => void } {
    const parent = new Map<number, number>()
    const find = (one: number): number => {
        let at = one
        for (let up = parent.get(at); up !== undefined; up = parent.get(at)) at = up
        return at
    }
    const unite = (a: number, b: number) => {
        const [from, to] = [find(b), find(a)]
        if (from !== to) parent.set(from, to)
    }
    return { find, unite }
}

/** Renames every local that may be moved to the web it belongs to. */
function renameToWebs(body: FunctionCode, pinned: ReadonlySet<number>): Map<number, Web> {
    const { code, slots } = body
    const reaching = reachingStores(body)
    const { find, unite } = unions()
    const readAtStart = new Set<number>()
    code.forEach((one, index) => {
        for (const part of parts(one)) {
            if (part.op !== Op.LoadLocal) continue
            const [first, ...others] = reaching[index][part.value]
            for (const other of others) unite(first, other)
            if (reaching[index][part.value].has(part.value)) readAtStart.add(part.value)
        }
    })
    const webs = new Map<number, Web>()
    const webOf = (store: number): number => FIRST_WEB + find(store)
    code.forEach((one, index) => {
        const change = (part: Expression): Expression => {
            if (part.op !== Op.LoadLocal || pinned.has(part.value)) return part
            const [store] = reaching[index][part.value]
            // Unreachable code reads locals without a store.
            return store === undefined ? part : expression(Op.LoadLocal, webOf(store))
        }
        rewriteCode([one], change)
    })
    const begin = (web: number, undefinedAtStart = false, fixed?: number) =>
        webs.set(web, { fixed, undefinedAtStart, conflicts: new Set(), copies: [] })
    code.forEach((one, index) => {
        if (one.op === Op.StoreLocal && !pinned.has(one.value))
            begin((one.value = webOf(slots + index)))
    })
    for (const slot of readAtStart)
        if (!pinned.has(slot))
            begin(webOf(slot), slot >= body.args, slot < body.args ? slot : undefined)
    return webs
}

/**
 * Two webs conflict when one is stored to while the other's value is needed, unless it is stored
 * from that other.
 */
function addConflicts(body: FunctionCode, webs: Map<number, Web>): void {
    const { before, after } = liveness(body)
    const conflict = (a: number, b: number) => {
        if (a === b || !webs.has(a) || !webs.has(b)) return
        webs.get(a)!.conflicts.add(b)
        webs.get(b)!.conflicts.add(a)
    }
    body.code.forEach(({ op, value, args: [stored] }, index) => {
        if (op !== Op.StoreLocal) return
        for (const other of after[index]) if (!isLocal(stored, other)) conflict(value, other)
        if (stored.op !== Op.LoadLocal) return
        webs.get(value)?.copies.push(stored.value)
        webs.get(stored.value)?.copies.push(value)
    })
    const atStart = [...(before[0] ?? [])]
    for (const a of atStart) for (const b of atStart) conflict(a, b)
}

function chooseSlots(
    body: FunctionCode,
    webs: Map<number, Web>,
    pinned: ReadonlySet<number>,
): Map<number, number> {
    const slots = new Map<number, number>()
    for (const [number, web] of webs) if (web.fixed !== undefined) slots.set(number, web.fixed)
    for (const [number, web] of webs) {
        if (web.fixed !== undefined) continue
        const taken = new Set(pinned)
        for (const other of web.conflicts) if (slots.has(other)) taken.add(slots.get(other)!)
        const first = web.undefinedAtStart ? body.args : 0
        const shared = web.copies.flatMap(other => slots.get(other) ?? [])
        let slot = shared.find(one => one >= first && !taken.has(one)) ?? first
        while (taken.has(slot)) slot++
        slots.set(number, slot)
    }
    return slots
}
