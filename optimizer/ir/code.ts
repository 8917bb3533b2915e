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

/** Every expression of the function with all its parts. */
export function eachExpression(code: readonly Statement[], visit: (one: Expression) => void): void {
    const walk = (one: Expression): void => {
        for (const arg of one.args) walk(arg)
        visit(one)
    }
    for (const one of code) for (const arg of one.args) walk(arg)
}

/** The expression with `change` applied to its parts first and then to itself. */
export function rewrite(one: Expression, change: (one: Expression) => Expression): Expression {
    const args = one.args.map(arg => rewrite(arg, change))
    return change(args.every((arg, index) => arg === one.args[index]) ? one : { ...one, args })
}

/** True for an expression whose operand is a function's index. */
export const refersToFunction = (op: number): boolean =>
    op === Op.StaticFunction || op === Op.MakeClosure

export function eachPart(one: Expression, visit: (one: Expression) => void): void {
    for (const arg of one.args) eachPart(arg, visit)
    visit(one)
}

/** All expressions of a statement in the order of evaluation. */
export function parts(one: Statement): Expression[] {
    const result: Expression[] = []
    for (const arg of one.args) eachPart(arg, part => result.push(part))
    return result
}

/** The greatest number of values the expression has on the stack at one time. */
export function stackDepth(args: readonly Expression[]): number {
    let most = 0
    args.forEach((arg, index) => {
        most = Math.max(most, index + Math.max(1, stackDepth(arg.args)))
    })
    return most
}

// `ret_val` costs one byte to read where a local costs two. While no call is made it can hold any
// value.

export const returnValue = expression(Op.ReturnValue)
