import { describe, expect, it } from "vitest"
import {
    expression,
    jump,
    label,
    statement,
    type Expression,
    type Statement,
} from "../../../optimizer/ir/code"
import { Op } from "../../../optimizer/ir/opcodes"
import { back, literal, local, result, store, to } from "../../support/bytecodeprograms"
import { storeInReturnValue } from "../../../optimizer/passes/storeinreturnvalue"

const sum = (a: Expression, b: Expression) => expression(Op.Add, 0, a, b)
const keep = (value: Expression) => statement(Op.StoreReturnValue, 0, value)
const call = (...args: Expression[]) =>
    statement(Op.Call0 + args.length, 0, expression(Op.LoadGlobal, 0), ...args)

/** The code of a function with one parameter, after the pass. */
function stored(code: Statement[], captured: number[] = []): Statement[] {
    const body = { index: 0, slots: 4, args: 1, flags: 0, name: 0, tryFrames: 0, code }
    const sees = new Set(captured)
    storeInReturnValue({ body, captured: sees, volatile: sees })
    return body.code
}

describe("a value between two calls", () => {
    it("is in ret_val, even where two paths meet", () => {
        const [other, end] = [label(), label()]
        const test = (code: (value: Expression) => Statement, read: Expression) => [
            to(Op.JumpIfFalse, other, local(0)),
            code(literal(1)),
            jump(end),
            other,
            code(literal(2)),
            end,
            call(read, read),
            back(literal(0)),
        ]
        expect(stored(test(value => store(1, value), local(1)))).toEqual(test(keep, result))
    })

    it("is in ret_val when it comes from there", () => {
        const code = [call(), store(1, result), call(local(1), local(1)), back(literal(0))]
        expect(stored(code)).toEqual([call(), call(result, result), back(literal(0))])
    })

    it("stays in a local when a call intervenes", () => {
        const code = [store(1, literal(1)), call(), back(local(1))]
        expect(stored(code)).toEqual(code)
    })

    it("stays in a local when another result is needed in the meantime", () => {
        const code = [call(), store(1, literal(1)), call(local(1), result), back(literal(0))]
        expect(stored(code)).toEqual(code)
    })

    it("makes room for another one that is read more often", () => {
        const [a, b] = [sum(local(0), literal(1)), sum(local(0), literal(2))]
        const code = [store(1, a), store(2, b), call(local(1), local(2), local(2)), back(result)]
        expect(stored(code)).toEqual([
            store(1, a),
            keep(b),
            call(local(1), result, result),
            back(result),
        ])
    })

    it("stays where it is if undefined at the start, or seen by a closure", () => {
        const end = label()
        const maybe = [
            to(Op.JumpIfFalse, end, local(0)),
            store(1, literal(1)),
            end,
            back(sum(local(1), local(0))),
        ]
        expect(stored(maybe)).toEqual(maybe)
        const seen = [store(1, literal(1)), back(sum(local(1), local(1)))]
        expect(stored(seen, [1])).toEqual(seen)
    })

    it("stays in a local on its way out of a block, and when a handler needs it", () => {
        const [handler, out, end] = [label(), label(), label()]
        const block = (end: Statement[]) => [
            to(Op.Try, handler),
            store(1, sum(local(0), literal(1))),
            ...end,
            handler,
            statement(Op.Catch, 0),
        ]
        const left = [
            ...block([to(Op.ThrowJump, out, literal(1))]),
            back(literal(0)),
            out,
            back(sum(local(1), local(1))),
        ]
        expect(stored(left)).toEqual(left)
        const needed = [...block([to(Op.EndTry, end)]), end, back(sum(local(1), local(0)))]
        expect(stored(needed)).toEqual(needed)
    })
})
