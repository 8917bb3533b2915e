import { type Context } from "../analysis/contexts"
import { neverThrows } from "../analysis/effects"
import { successors } from "../analysis/flow"
import { type Expression, type Statement, jump } from "../ir/code"
import { Op } from "../ir/opcodes"

/** True or false when it is known without running the program. */
function constant(one: Expression): boolean | undefined {
    if (one.op === Op.True) return true
    if (one.op === Op.False || one.op === Op.Undefined || one.op === Op.Null) return false
    return one.op === Op.Literal ? one.value !== 0 : undefined
}

/**
 * Removes what is never executed, labels nobody jumps to, and jumps to the next statement.
 *
 * Needs: nothing.
 * Keeps: conditions that may throw.
 */
export function dropUnreachable({ body }: Context): boolean {
    const before = body.code.length
    foldConditions(body.code)
    const reached = reachable(body.code)
    let code = body.code.filter((_, index) => reached.has(index))
    code = code.filter((_, index) => !jumpsToNext(code, index))
    const targets = new Set(code.map(one => one.target))
    code = code.filter(one => one.op !== Op.Label || targets.has(one))
    uniteLabels(code)
    const used = new Set(code.map(one => one.target))
    body.code = code.filter(one => one.op !== Op.Label || used.has(one))
    return body.code.length !== before
}

function foldConditions(code: Statement[]): void {
    for (let index = code.length - 1; index >= 0; index--) {
        const one = code[index]
        const known = one.op === Op.JumpIfFalse ? constant(one.args[0]) : undefined
        if (known === false) code[index] = jump(one.target!)
        if (known === true) code.splice(index, 1)
    }
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
    if (one.op !== Op.Jump && one.op !== Op.JumpIfFalse) return false
    if (one.op === Op.JumpIfFalse && !neverThrows(one.args[0])) return false
    for (let at = index + 1; at < code.length && code[at].op === Op.Label; at++)
        if (code[at] === one.target) return true
    return false
}

/** Of labels in the same place one is used. */
function uniteLabels(code: Statement[]): void {
    const first = new Map<Statement, Statement>()
    code.forEach((one, index) => {
        if (one.op !== Op.Label || index === 0 || code[index - 1].op !== Op.Label) return
        first.set(one, first.get(code[index - 1]) ?? code[index - 1])
    })
    for (const one of code) if (one.target) one.target = first.get(one.target) ?? one.target
}
