import { type Context } from "../analysis/contexts"
import { successors } from "../analysis/flow"
import { type Statement } from "../ir/code"
import { Op } from "../ir/opcodes"

/**
 * Removes unreachable code, labels without a jump, and jumps to the next statement.
 *
 * Needs: nothing.
 * Keeps: all else.
 */
export function dropUnreachable({ body }: Context): boolean {
    const before = body.code.length
    const reached = reachable(body.code)
    let code = body.code.filter((_, index) => reached.has(index))
    code = code.filter((_, index) => !jumpsToNext(code, index))
    const targets = new Set(code.map(one => one.target))
    body.code = code.filter(one => one.op !== Op.Label || targets.has(one))
    return body.code.length !== before
}

function reachable(code: Statement[]): Set<number> {
    const next = successors(code)
    const reached = new Set<number>()
    const work = [0]
    while (work.length) {
        const index = work.pop()!
        if (reached.has(index) || index >= code.length) continue
        reached.add(index)
        work.push(...next[index])
        if (code[index].op === Op.Try) work.push(code.indexOf(code[index].target!))
    }
    return reached
}

function jumpsToNext(code: Statement[], index: number): boolean {
    const one = code[index]
    if (one.op !== Op.Jump) return false
    for (let at = index + 1; at < code.length && code[at].op === Op.Label; at++)
        if (code[at] === one.target) return true
    return false
}
