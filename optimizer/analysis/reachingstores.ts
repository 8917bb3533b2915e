import { coveredBy, successors } from "./flow"
import { type Statement } from "../ir/code"
import { Op } from "../ir/opcodes"

/** By statement: the stores whose values may be in the locals before it. A slot itself stands for its value at the start. */
export function reachingStores(code: Statement[], slots: number): Set<number>[][] {
    const next = successors(code)
    const into = code.map(() => Array.from({ length: slots }, () => new Set<number>()))
    const add = (to: Set<number>[], slot: number, from: Iterable<number>): boolean => {
        const size = to[slot].size
        for (const one of from) to[slot].add(one)
        return to[slot].size > size
    }
    for (let slot = 0; slot < slots; slot++) into[0]?.[slot].add(slot)
    const covered = coveredBy(code)
    for (let changed = true; changed;) {
        changed = false
        code.forEach((one, index) => {
            for (const to of next[index])
                for (let slot = 0; slot < slots; slot++) {
                    const stored = one.op === Op.StoreLocal && one.value === slot
                    const from = stored ? [slots + index] : into[index][slot]
                    changed = add(into[to], slot, from) || changed
                }
        })
        // An error leaves a statement before it stores anything.
        for (const [handler, statements] of covered)
            for (const index of statements)
                for (let slot = 0; slot < slots; slot++)
                    changed = add(into[handler], slot, into[index][slot]) || changed
    }
    return into
}
