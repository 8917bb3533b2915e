import { type Context } from "../analysis/contexts"
import { type Expression, expression, rewrite } from "../ir/code"
import { Op } from "../ir/opcodes"

const OPPOSITES = new Map<number, number>([
    [Op.Equal, Op.NotEqual],
    [Op.NotEqual, Op.Equal],
    [Op.ApproxEqual, Op.ApproxNotEqual],
    [Op.ApproxNotEqual, Op.ApproxEqual],
])

/** The condition without what changes nothing for a jump: `!!e` jumps as `e`. */
function condition(one: Expression): Expression {
    if (one.op === Op.ToBool) return condition(one.args[0])
    if (one.op === Op.Not && one.args[0].op === Op.Not) return condition(one.args[0].args[0])
    return one
}

/** The same value in fewer bytes. */
function simplified(one: Expression): Expression {
    const [first, second] = one.args
    if (one.op === Op.Equal && second.op === Op.Undefined)
        return expression(Op.IsUndefined, 0, first)
    const opposite = one.op === Op.Not ? OPPOSITES.get(first.op) : undefined
    return opposite === undefined ? one : expression(opposite, 0, ...first.args)
}

/**
 * Needs: nothing.
 * Keeps: every value; conditions only as true or false.
 * Buys: 1,476 bytes.
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
