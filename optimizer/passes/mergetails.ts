import { type Context } from "../analysis/contexts"
import { type Statement, jump, label, sameStatement } from "../ir/code"
import { size } from "../ir/codec"
import { Op, isFinal } from "../ir/opcodes"

// A handler is known by its place: where it begins cannot be shared.
const isHandlerStart = (one: Statement): boolean => one.op === Op.Catch || one.op === Op.Finally

/** The statements from `from` up to `dropped` become a jump to a new label at `kept`. */
function replaced(code: Statement[], kept: number, from: number, dropped: number): Statement[] {
    const there = label()
    const count = dropped - from + 1
    const result = code.slice()
    // The later place first, so that the earlier one stays where it is.
    if (kept > dropped) result.splice(kept, 0, there)
    result.splice(from, count, jump(there))
    if (kept <= from) result.splice(kept, 0, there)
    return result
}

/**
 * Ends that are the same are executed from one place; kept when the function becomes shorter.
 *
 * Needs: the final code of a function: liveness is not exact behind it.
 * Keeps: handlers, which are known by their place.
 * Buys: 108 bytes.
 */
export function mergeTails({ body }: Context): void {
    let best = size(body.code)
    for (let dropped = body.code.length - 1; dropped > 0; dropped--) {
        if (!body.code[dropped] || !isFinal(body.code[dropped].op)) continue
        for (let kept = 0; kept < body.code.length; kept++) {
            const code = merged(body.code, kept, dropped)
            const length = code ? size(code) : best
            if (!code || length >= best) continue
            body.code = code
            best = length
            break
        }
    }
}

function merged(code: Statement[], kept: number, dropped: number): Statement[] | undefined {
    if (kept === dropped) return undefined
    const [here, end] = [code[kept], code[dropped]]
    if (sameStatement(here, end)) {
        const count = sameUpTo(code, kept, dropped)
        return count > 0
            ? replaced(code, kept - count + 1, dropped - count + 1, dropped)
            : undefined
    }
    // A jump to a label that the other sequence runs into.
    if (end.op !== Op.Jump || here !== end.target || kept === 0 || dropped === 0) return undefined
    const count = isFinal(code[kept - 1].op) ? 0 : sameUpTo(code, kept - 1, dropped - 1)
    return count > 0 ? replaced(code, kept - count, dropped - count, dropped) : undefined
}

/** How many statements up to `kept` and up to `dropped` are the same without overlapping. */
function sameUpTo(code: Statement[], kept: number, dropped: number): number {
    const apart = Math.abs(kept - dropped) - 1
    let count = 0
    while (
        count < apart &&
        kept - count >= 0 &&
        dropped - count >= 0 &&
        code[dropped - count].op !== Op.Label &&
        !isHandlerStart(code[dropped - count]) &&
        sameStatement(code[kept - count], code[dropped - count])
    )
        count++
    return count
}
