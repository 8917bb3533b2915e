import { Op } from "./opcodes"

/** An expression: never changed after it was made, so trees may share parts. */
export interface Expression {
    readonly op: number
    /** The operand in the instruction, for opcodes that have one. */
    readonly value: number
    readonly args: readonly Expression[]
    /** A global that never changes where it can be read. */
    readonly constant?: true
}

/** A statement, or the label that jumps lead to (`Op.Label`). */
export interface Statement {
    op: number
    value: number
    args: readonly Expression[]
    /** Where a jump leads to: a label of the same function. */
    target?: Statement
}

export function expression(op: number, value = 0, ...args: Expression[]): Expression {
    return { op, value, args }
}

export function statement(op: number, value: number, ...args: Expression[]): Statement {
    return { op, value, args }
}

export const label = (): Statement => statement(Op.Label, 0)

export function jump(target: Statement): Statement {
    return { op: Op.Jump, value: 0, args: [], target }
}

/** The expression with all its parts, in the order of evaluation. */
export function eachPart(one: Expression, visit: (one: Expression) => void): void {
    for (const arg of one.args) eachPart(arg, visit)
    visit(one)
}

/** Every expression of the code with all its parts. */
export function eachExpression(code: readonly Statement[], visit: (one: Expression) => void): void {
    for (const one of code) for (const arg of one.args) eachPart(arg, visit)
}

/** All expressions of a statement in the order of evaluation. */
export function parts(one: Statement): Expression[] {
    const result: Expression[] = []
    eachExpression([one], part => result.push(part))
    return result
}

/** The expression with `change` applied to its parts first and then to itself. */
export function rewrite(one: Expression, change: (one: Expression) => Expression): Expression {
    const args = one.args.map(arg => rewrite(arg, change))
    return change(args.every((arg, index) => arg === one.args[index]) ? one : { ...one, args })
}

/** Applies `change` to every expression of the code. */
export function rewriteCode(
    code: readonly Statement[],
    change: (one: Expression) => Expression,
): void {
    for (const one of code) one.args = one.args.map(arg => rewrite(arg, change))
}

/** Gives locals, or globals, other numbers. */
export function renumber(
    code: readonly Statement[],
    load: number,
    store: number,
    numberOf: (old: number) => number,
): void {
    rewriteCode(code, one => (one.op === load ? { ...one, value: numberOf(one.value) } : one))
    for (const one of code) if (one.op === store) one.value = numberOf(one.value)
}

/** A copy of the code whose jumps lead to its own labels. */
export function copyOf(code: readonly Statement[]): Statement[] {
    const copies = new Map(code.map(one => [one, { ...one }]))
    for (const one of copies.values()) if (one.target) one.target = copies.get(one.target)
    return [...copies.values()]
}

/** True for an expression whose operand is a function's index. */
export const refersToFunction = (op: number): boolean =>
    op === Op.StaticFunction || op === Op.MakeClosure

/** True when the expression reads the local. */
export const isLocal = (one: Expression, slot: number): boolean =>
    one.op === Op.LoadLocal && one.value === slot

/** The greatest number of values the expression has on the stack at one time. */
export function stackDepth(args: readonly Expression[]): number {
    let most = 0
    args.forEach((arg, index) => {
        most = Math.max(most, index + Math.max(1, stackDepth(arg.args)))
    })
    return most
}

/** `ret_val`: one byte to read, where a local takes two. */
export const returnValue = expression(Op.ReturnValue)
