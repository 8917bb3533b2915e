import { type Context } from "../analysis/contexts"
import { liveness } from "../analysis/flow"
import { reachingStores } from "../analysis/reachingstores"
import { type Expression, type Statement, expression, parts, rewrite } from "../ir/code"
import { type FunctionCode, FunctionFlag } from "../ir/image"
import { Op } from "../ir/opcodes"

/** A value's life in a local: the stores of it and the reads that may see them. */
export interface Web {
    /** The parameter's slot when it begins as one. */
    fixed?: number
    /** Read without a store before: its slot has to begin as `undefined`. */
    undefinedAtStart: boolean
    conflicts: Set<number>
}

/**
 * Works on the code while each web has a number of its own; the webs that it deletes get no slot.
 */
type Prepare = (body: FunctionCode, webs: Map<number, Web>) => void

// Webs are numbered from here while slots are given out.
const FIRST_WEB = 0x20000

/** Slots that stay as they are. */
function pinnedSlots({ body, captured }: Context): Set<number> {
    const pinned = new Set(captured)
    if (body.flags & FunctionFlag.Constructor) pinned.add(0)
    return pinned
}

/**
 * Gives the function's values new slots: values that are never needed at the same time share one, a
 * copy and its original above all, whose copying then goes. Parameters begin in their slots, and
 * what closures see stays in place.
 *
 * Needs: liveness and the stores that reach each read.
 * Keeps: parameters, `this` of constructors, and what closures see.
 * Buys: 556 bytes.
 */
export function shareLocals(context: Context): void {
    giveSlots(context, () => undefined)
}

export function giveSlots(context: Context, prepare: Prepare): void {
    const { body } = context
    const pinned = pinnedSlots(context)
    const webs = renameToWebs(body, pinned)
    prepare(body, webs)
    addConflicts(body, webs)
    const united = unitedCopies(body.code, webs)
    const slots = chooseSlots(body, webs, united, pinned)
    const change = (one: Expression): Expression =>
        one.op === Op.LoadLocal && one.value >= FIRST_WEB
            ? expression(Op.LoadLocal, slots.get(united(one.value))!)
            : one
    for (const one of body.code) {
        one.args = one.args.map(arg => rewrite(arg, change))
        if (one.op === Op.StoreLocal && one.value >= FIRST_WEB)
            one.value = slots.get(united(one.value))!
    }
    body.code = body.code.filter(
        one =>
            one.op !== Op.StoreLocal ||
            one.args[0].op !== Op.LoadLocal ||
            one.args[0].value !== one.value,
    )
    const used = [...slots.values(), ...pinned, body.args - 1]
    body.slots = Math.max(...used) + 1
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
    const reaching = reachingStores(code, slots)
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
            // Code that is never executed reads what nobody stored.
            return store === undefined ? part : expression(Op.LoadLocal, webOf(store))
        }
        one.args = one.args.map(arg => rewrite(arg, change))
    })
    code.forEach((one, index) => {
        if (one.op !== Op.StoreLocal || pinned.has(one.value)) return
        one.value = webOf(slots + index)
        webs.set(one.value, { undefinedAtStart: false, conflicts: new Set() })
    })
    for (const slot of readAtStart) {
        if (pinned.has(slot)) continue
        const isParameter = slot < body.args
        webs.set(webOf(slot), {
            ...(isParameter ? { fixed: slot } : {}),
            undefinedAtStart: !isParameter,
            conflicts: new Set(),
        })
    }
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
    body.code.forEach((one, index) => {
        if (one.op !== Op.StoreLocal) return
        const copied = one.args[0].op === Op.LoadLocal ? one.args[0].value : undefined
        for (const other of after[index]) if (other !== copied) conflict(one.value, other)
    })
    const atStart = [...(before[0] ?? [])]
    for (const a of atStart) for (const b of atStart) conflict(a, b)
}

/**
 * Unites the webs of copies and originals that do not conflict; returns who stands for each web.
 */
function unitedCopies(code: Statement[], webs: Map<number, Web>): (web: number) => number {
    const { find, unite } = unions()
    for (const one of code) {
        if (one.op !== Op.StoreLocal || one.args[0].op !== Op.LoadLocal) continue
        const [a, b] = [find(one.value), find(one.args[0].value)]
        const [mine, its] = [webs.get(a), webs.get(b)]
        if (a === b || !mine || !its || mine.conflicts.has(b)) continue
        const fixed = mine.fixed ?? its.fixed
        const undefinedAtStart = mine.undefinedAtStart || its.undefinedAtStart
        if (fixed !== undefined && (undefinedAtStart || bothFixed(mine, its))) continue
        unite(a, b)
        for (const other of its.conflicts) {
            mine.conflicts.add(other)
            webs.get(other)!.conflicts.delete(b)
            webs.get(other)!.conflicts.add(a)
        }
        mine.fixed = fixed
        mine.undefinedAtStart = undefinedAtStart
        webs.delete(b)
    }
    return find
}

const bothFixed = (a: Web, b: Web): boolean => a.fixed !== undefined && b.fixed !== undefined

function chooseSlots(
    body: FunctionCode,
    webs: Map<number, Web>,
    united: (web: number) => number,
    pinned: ReadonlySet<number>,
): Map<number, number> {
    const slots = new Map<number, number>()
    for (const [number, web] of webs) if (web.fixed !== undefined) slots.set(number, web.fixed)
    for (const [number, web] of webs) {
        if (web.fixed !== undefined) continue
        const taken = new Set([...web.conflicts].map(other => slots.get(united(other))))
        let slot = web.undefinedAtStart ? body.args : 0
        while (taken.has(slot) || pinned.has(slot)) slot++
        slots.set(number, slot)
    }
    return slots
}
