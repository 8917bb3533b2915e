import {
    expression,
    jump,
    label,
    Op,
    statementSize,
    type Expression,
    type Statement,
} from "./bytecode"
import { rewrite } from "./bytecode-image"
import { handlers, neverThrows, readsSlot, successors, type Context } from "./bytecode-flow"

const isUndefined = (one: Expression): boolean => one.op === Op.Undefined
const OPPOSITES = new Map<number, number>([
    [Op.Equal, Op.NotEqual],
    [Op.NotEqual, Op.Equal],
    [Op.ApproxEqual, Op.ApproxNotEqual],
    [Op.ApproxNotEqual, Op.ApproxEqual],
])
const BOOLEAN: readonly number[] = [
    ...OPPOSITES.keys(),
    Op.Less,
    Op.LessOrEqual,
    Op.Not,
    Op.ToBool,
    Op.IsUndefined,
    Op.IsNullish,
    Op.IsNaN,
    Op.True,
    Op.False,
]

/** The same value in fewer bytes. */
function simplified(one: Expression): Expression {
    const [first, second] = one.args
    if (one.op === Op.ToBool && BOOLEAN.includes(first.op)) return first
    if (one.op === Op.Equal && isUndefined(second)) return expression(Op.IsUndefined, 0, first)
    if (one.op === Op.Equal && isUndefined(first)) return expression(Op.IsUndefined, 0, second)
    if (one.op === Op.Not) {
        const opposite = OPPOSITES.get(first.op)
        if (opposite !== undefined) return expression(opposite, 0, ...first.args)
        if (first.op === Op.ToBool) return expression(Op.Not, 0, ...first.args)
        if (first.op === Op.Not && BOOLEAN.includes(first.args[0].op)) return first.args[0]
    }
    return one
}

/** The condition without what changes nothing for a jump: `!!e` jumps as `e`. */
function condition(one: Expression): Expression {
    if (one.op === Op.ToBool) return condition(one.args[0])
    if (one.op === Op.Not && one.args[0].op === Op.Not) return condition(one.args[0].args[0])
    return one
}

/** The condition that holds when `one` does not. */
export function inverted(one: Expression): Expression {
    if (one.op === Op.Not) return condition(one.args[0])
    const opposite = OPPOSITES.get(one.op)
    return opposite === undefined
        ? expression(Op.Not, 0, one)
        : expression(opposite, 0, ...one.args)
}

export function simplifyExpressions({ body }: Context): boolean {
    let changed = false
    for (const one of body.code) {
        const args = one.args.map(arg => rewrite(arg, simplified))
        if (one.op === Op.JumpIfFalse) args[0] = condition(args[0])
        if (args.every((arg, index) => arg === one.args[index])) continue
        one.args = args
        changed = true
    }
    return changed
}

/** True or false when it is known without running the program. */
function constant(one: Expression): boolean | undefined {
    if (one.op === Op.True) return true
    if (one.op === Op.False || one.op === Op.Undefined || one.op === Op.Null) return false
    return one.op === Op.Literal ? one.value !== 0 : undefined
}

/** Removes what is never executed, labels nobody jumps to, and jumps to the next statement. */
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

/** `JMP a IF NOT c; JMP b; a:` becomes `JMP b IF NOT !c; a:`. */
export function invertJumps({ body }: Context): boolean {
    const { code } = body
    let changed = false
    for (let index = 0; index + 2 < code.length; index++) {
        const [one, other] = [code[index], code[index + 1]]
        if (one.op !== Op.JumpIfFalse || other.op !== Op.Jump) continue
        if (one.target !== code[index + 2]) continue
        code[index] = { ...one, args: [inverted(one.args[0])], target: other.target }
        code.splice(index + 1, 1)
        changed = true
    }
    return changed
}

/** A jump to a jump goes straight to where that leads; a jump to a short return becomes that return. */
export function threadJumps({ body }: Context): boolean {
    const { code } = body
    const handlerLabels = new Set(handlers(code).map(index => code[index]))
    let changed = false
    for (let index = 0; index < code.length; index++) {
        const one = code[index]
        if (!one.target || one.op === Op.Try || handlerLabels.has(one.target)) continue
        const at = firstStatement(code, one.target)
        const there = code[at]
        if (!there || there === one) continue
        if (there.op === Op.Jump && there.target !== one.target) {
            if (handlerLabels.has(there.target!) || leadsBack(code, there)) continue
            one.target = there.target
            changed = true
        } else if (one.op === Op.Jump && returnsShortly(there, code[index - 1])) {
            code[index] = { ...there }
            changed = true
        } else if (there.op === Op.JumpIfFalse && one.op === Op.JumpIfFalse) {
            changed = threadCondition(code, one, at) || changed
        }
    }
    return changed
}

/** `RETURN undefined` and the like; or a return of what was stored just before, which then needs no store. */
function returnsShortly(there: Statement, previous: Statement | undefined): boolean {
    if (there.op !== Op.Return) return false
    if (statementSize(there) <= 2) return true
    const slot = readsSlot(there.args[0])
    return slot !== undefined && previous?.op === Op.StoreLocal && previous.value === slot
}

function firstStatement(code: Statement[], target: Statement): number {
    let at = code.indexOf(target)
    while (at < code.length && code[at].op === Op.Label) at++
    return at
}

/** True when following jumps from here never ends. */
function leadsBack(code: Statement[], from: Statement): boolean {
    const seen = new Set<Statement>()
    let one = from
    while (one && one.op === Op.Jump) {
        if (seen.has(one)) return true
        seen.add(one)
        one = code[firstStatement(code, one.target!)]
    }
    return false
}

/** A conditional jump to a test of the same local: whether that one jumps is known already. */
function threadCondition(code: Statement[], one: Statement, at: number): boolean {
    const there = code[at]
    const mine = tested(one.args[0])
    const its = tested(there.args[0])
    if (!mine || !its || mine.slot !== its.slot || there.target === one.target) return false
    // The jump is taken when the local is falsy, or with `!`, when it is truthy.
    if (mine.plain === its.plain) one.target = there.target
    else {
        const behind = label()
        code.splice(at + 1, 0, behind)
        one.target = behind
    }
    return true
}

function tested(one: Expression): { slot: number; plain: boolean } | undefined {
    if (one.op === Op.LoadLocal) return { slot: one.value, plain: true }
    if (one.op !== Op.Not || one.args[0].op !== Op.LoadLocal) return undefined
    return { slot: one.args[0].value, plain: false }
}
