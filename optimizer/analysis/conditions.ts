import { type Expression, expression } from "../ir/code"
import { Op } from "../ir/opcodes"

export const OPPOSITES = new Map<number, number>([
    [Op.Equal, Op.NotEqual],
    [Op.NotEqual, Op.Equal],
    [Op.ApproxEqual, Op.ApproxNotEqual],
    [Op.ApproxNotEqual, Op.ApproxEqual],
])

/** The condition without what changes nothing for a jump: `!!e` jumps as `e`. */
export function condition(one: Expression): Expression {
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
