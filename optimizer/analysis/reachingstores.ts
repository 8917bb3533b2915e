import { coveredBy, successors, union } from "./flow"
import { type FunctionCode } from "../ir/image"
import { Op } from "../ir/opcodes"

/**
 * By slot. Shared: where one way leads to a statement, most of it is what the statement before has.
 */
export type Stores = readonly ReadonlySet<number>[]

/** Both together: the first one when it has all of the other. */
function merged(known: Stores, more: Stores): Stores {
    if (known === more) return known
    let result: ReadonlySet<number>[] | undefined
    for (let slot = 0; slot < known.length; slot++) {
        const both = union(known[slot], more[slot])
        if (both !== known[slot]) (result ??= [...known])[slot] = both
    }
    return result ?? known
}

/**
 * By statement: the stores whose values may be in the locals before it. A slot itself stands for
 * its value at the start.
 */
export function reachingStores({ code, slots }: FunctionCode): Stores[] {
    const next = successors(code)
    const nothing: Stores = Array.from({ length: slots }, () => new Set<number>())
    const into = code.map(() => nothing)
    if (code.length) into[0] = nothing.map((_, slot) => new Set([slot]))
    const own = code.map((_, index) => new Set([slots + index]))
    const leadsTo = code.map((): number[] => [])
    for (const [handler, statements] of coveredBy(code))
        for (const index of statements) leadsTo[index].push(handler)
    const waiting = code.map(() => true)
    const flow = (to: number, stores: Stores): boolean => {
        const all = into[to] === nothing ? stores : merged(into[to], stores)
        if (all === into[to]) return false
        into[to] = all
        return (waiting[to] = true)
    }
    for (let changed = true; changed;) {
        changed = false
        code.forEach((one, index) => {
            if (!waiting[index]) return
            waiting[index] = false
            const stored = one.op === Op.StoreLocal && one.value < slots
            const out = stored
                ? into[index].map((from, slot) => (slot === one.value ? own[index] : from))
                : into[index]
            for (const to of next[index]) changed = flow(to, out) || changed
            // An error leaves a statement before it stores anything.
            for (const to of leadsTo[index]) changed = flow(to, into[index]) || changed
        })
    }
    return into
}
