import { OPPOSITES, condition } from "../analysis/conditions"
import { type Context } from "../analysis/contexts"
import { type Expression, expression, rewrite } from "../ir/code"
import { Op } from "../ir/opcodes"

const isUndefined = (one: Expression): boolean => one.op === Op.Undefined

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

/**
 * Needs: nothing.
 * Keeps: every value; conditions only as true or false.
 * Buys: 1,352 bytes.
 */
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
