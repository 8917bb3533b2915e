import { describe, expect, it } from "vitest"
import { type Context } from "../../../optimizer/analysis/contexts"
import { expression, label, statement, type Expression } from "../../../optimizer/ir/code"
import { Op } from "../../../optimizer/ir/opcodes"
import { storeChoiceFirst } from "../../../optimizer/passes/storechoicefirst"
import { back, literal, local, store, to } from "../../support/bytecodeprograms"

const field = (of: Expression) => expression(Op.AsciiField, 1, of)
const isLess = (a: Expression, b: Expression) => expression(Op.Less, 0, a, b)
const yes = expression(Op.True)
const no = expression(Op.False)

/** `x2 = tests ? a : b` and its use, after `storeChoiceFirst`, without labels. */
function chosen(tests: Expression[], a: Expression, b: Expression, more?: Partial<Context>) {
    const [other, end] = [label(), label()]
    const code = [
        ...tests.map(one => to(Op.JumpIfFalse, other, one)),
        store(2, a),
        to(Op.Jump, end),
        other,
        store(2, b),
        end,
        back(local(2)),
    ]
    const body = { index: 0, slots: 4, args: 2, flags: 0, name: 0, tryFrames: 0, code }
    const none = new Set<number>()
    storeChoiceFirst({ body, captured: none, volatile: none, hasTry: false, ...more })
    const rest = body.code.filter(one => one.op !== Op.Label)
    return rest.map(({ op, value, args }) => ({ op, value, args }))
}
const test = (one: Expression) => statement(Op.JumpIfFalse, 0, one)

describe("a choice between two values", () => {
    it("stores one first and the other if need be", () => {
        expect(chosen([local(0), local(1)], field(local(0)), literal(0))).toEqual([
            store(2, literal(0)),
            test(local(0)),
            test(local(1)),
            store(2, field(local(0))),
            back(local(2)),
        ])
    })

    it("is turned round when only the first value may come early", () => {
        expect(chosen([isLess(local(0), local(1))], literal(1), field(local(0)))).toEqual([
            store(2, literal(1)),
            test(expression(Op.Not, 0, isLess(local(0), local(1)))),
            store(2, field(local(0))),
            back(local(2)),
        ])
    })

    it("between true and false is the test itself", () => {
        expect(chosen([local(0)], yes, no)[0]).toEqual(store(2, expression(Op.ToBool, 0, local(0))))
        expect(chosen([local(0)], no, yes)[0]).toEqual(store(2, expression(Op.Not, 0, local(0))))
    })

    it("stays when a test or a value reads the local, or both values may fail", () => {
        expect(chosen([local(2)], literal(1), literal(2))).toHaveLength(5)
        expect(chosen([local(0)], field(local(2)), literal(2))[0].op).toBe(Op.JumpIfFalse)
        expect(chosen([local(0)], field(local(0)), field(local(1)))).toHaveLength(5)
    })

    it("stays when a closure may look at the local meanwhile", () => {
        expect(chosen([local(0)], literal(1), literal(2), { captured: new Set([2]) })).toHaveLength(
            5,
        )
    })
})
