import { type Context } from "../analysis/contexts"
import { writesReturnValue } from "../analysis/effects"
import { RETURN_VALUE, liveness } from "../analysis/flow"
import { isLocal, parts, returnValue, rewriteCode } from "../ir/code"
import { type FunctionCode } from "../ir/image"
import { increment } from "../ir/maps"
import { Op } from "../ir/opcodes"
import { type Web, shareLocals } from "./sharelocals"

/**
 * Values that are needed only while `ret_val` is free are stored there and not in a local: a byte
 * less for the store and for each read.
 *
 * Needs: liveness, and the webs of `shareLocals`.
 * Keeps: the return value where it is needed, and what a handler needs.
 * Buys: 1,772 bytes.
 */
export function storeInReturnValue(context: Context): void {
    const { body } = context
    shareLocals(context, webs => {
        for (let web = bestWeb(body, webs); web !== undefined; web = bestWeb(body, webs)) {
            moveToReturnValue(body, web)
            webs.delete(web)
        }
    })
}

/** The web that saves most of those that never meet another return value. */
function bestWeb(body: FunctionCode, webs: ReadonlyMap<number, Web>): number | undefined {
    const { after, inHandlers } = liveness(body)
    const free = new Map<number, number>()
    for (const [number, web] of webs)
        if (web.fixed === undefined && !web.undefinedAtStart && !inHandlers.has(number))
            free.set(number, 0)
    const count = (web: number) => free.has(web) && increment(free, web)
    body.code.forEach((one, index) => {
        for (const part of parts(one)) if (part.op === Op.LoadLocal) count(part.value)
        const value = one.args[0]
        if (writesReturnValue(one.op)) for (const web of after[index]) free.delete(web)
        if (one.op !== Op.StoreLocal) return
        const isCopy = value.op === Op.ReturnValue
        if (after[index].has(RETURN_VALUE) && !isCopy) free.delete(one.value)
        else count(one.value)
    })
    let best: number | undefined
    for (const [web, saved] of free) if (best === undefined || saved > free.get(best)!) best = web
    return best
}

function moveToReturnValue(body: FunctionCode, web: number): void {
    rewriteCode(body.code, one => (isLocal(one, web) ? returnValue : one))
    for (const one of body.code)
        if (one.op === Op.StoreLocal && one.value === web)
            Object.assign(one, { op: Op.StoreReturnValue, value: 0 })
    body.code = body.code.filter(
        one => one.op !== Op.StoreReturnValue || one.args[0].op !== Op.ReturnValue,
    )
}
