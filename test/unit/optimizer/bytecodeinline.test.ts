import { describe, expect, it } from "vitest"
import { type Context, contexts } from "../../../optimizer/analysis/contexts"
import { expression, label, statement, type Statement } from "../../../optimizer/ir/code"
import { type FunctionCode, type Program } from "../../../optimizer/ir/image"
import { Op } from "../../../optimizer/ir/opcodes"
import { dropUnreachable } from "../../../optimizer/passes/dropunreachable"
import { forwardStores } from "../../../optimizer/passes/forwardstores"
import { inlineFunctions } from "../../../optimizer/passes/inlinefunctions"
import { pairFunctions } from "../../../optimizer/passes/pairfunctions"
import {
    local,
    literal,
    fn,
    store,
    call,
    back,
    result,
    nothing,
    log,
    to,
    program,
    main,
    setup,
} from "../../support/bytecodeprograms"

describe("functions with a single caller", () => {
    const inline = (one: Program) => inlineFunctions(one, contexts(one), () => undefined)
    const runs = ({ functions }: Program) => functions.map(one => one.index)

    it("move into it with their handlers", () => {
        const [handler, end] = [label(), label()]
        const guarded = [
            to(Op.Try, handler),
            call(log),
            to(Op.EndTry, end),
            handler,
            statement(Op.Catch, 0),
            end,
            back(literal(1)),
        ]
        const one = program(main(call(fn(2))), setup(), { tryFrames: 1, code: guarded })
        inline(one)
        expect(runs(one)).toEqual([0])
        expect(one.functions[0].tryFrames).toBe(1)
    })

    it("move into it wherever it is in the image", () => {
        const one = program(
            { code: [call(fn(2)), store(0, fn(2)), back(nothing)] },
            { code: [call(log), back(nothing)] },
            { code: [call(fn(1)), back(nothing)] },
        )
        inline(one)
        expect(runs(one)).toEqual([0, 2])
    })

    it("stay if they make closures", () => {
        const one = program(
            main(call(fn(2), literal(5))),
            setup(),
            { args: 1, code: [back(expression(Op.MakeClosure, 3))] },
            { code: [back(expression(Op.LoadClosure, 0, literal(1)))] },
        )
        inline(one)
        expect(runs(one)).toEqual([0, 2, 3])
    })
})

describe("two functions never used as values", () => {
    const codeOf = (one: FunctionCode) => one.code.filter(s => s.op !== Op.Label)

    it("become one, selected by a last argument", () => {
        const one = program(
            {
                code: [
                    call(fn(1), literal(5)),
                    call(fn(1), literal(6)),
                    call(fn(2)),
                    back(nothing),
                ],
            },
            { args: 1, code: [store(1, literal(3)), call(log, local(0), local(1)), back(result)] },
            { args: 1, code: [store(3, local(0)), back(local(3))] },
        )
        const [pair] = pairFunctions(one)
        expect(pair.body).toBe(one.functions[1])
        expect(one.functions[0].code.slice(0, 3)).toEqual([
            call(fn(1), literal(5)),
            call(fn(1), literal(6)),
            call(fn(1), nothing, literal(1)),
        ])
        expect(one.functions).toHaveLength(2)
        expect([pair.body.args, pair.body.slots]).toEqual([2, 5])
        expect(codeOf(pair.body).map(s => s.op)[0]).toBe(Op.JumpIfFalse)
        expect(codeOf(pair.body).slice(1)).toEqual([
            store(4, local(0)),
            back(local(4)),
            store(2, literal(3)),
            call(log, local(0), local(2)),
            back(result),
        ])
        expect(pair.body.code[0].target).toBe(pair.body.code[3])
    })

    it("stay separate when one would get the other's much larger frame", () => {
        const [small, large] = [2, 4].map(slots => ({ args: 1, slots, code: [back(local(0))] }))
        const calls = [call(fn(1), literal(1)), call(fn(2), literal(1))]
        const one = program({ code: [...calls, back(nothing)] }, small, large)
        expect(pairFunctions(one)).toEqual([])
        const alike = program({ code: [...calls, back(nothing)] }, small, { ...large, slots: 3 })
        expect(pairFunctions(alike)).toHaveLength(1)
    })

    it("stay separate when one is used as a value, or called with too many arguments", () => {
        const plain = () => ({ args: 1, code: [back(local(0))] })
        for (const other of [call(log, fn(2)), call(fn(2), literal(1), literal(2))]) {
            const code = [call(fn(1), literal(1)), call(fn(2), literal(1)), other, back(nothing)]
            const one = program({ code }, plain(), plain())
            expect(pairFunctions(one)).toEqual([])
            expect(one.functions).toHaveLength(3)
        }
    })

    it("stay separate when their many calls would cost more than the descriptor", () => {
        const calls = [1, 2].flatMap(index => new Array<Statement>(13).fill(call(fn(index))))
        const one = program({ code: calls }, { code: [back(log)] }, { code: [back(log)] })
        expect(pairFunctions(one)).toEqual([])
    })
})

describe("functions with several callers", () => {
    const settle = (context: Context) => {
        forwardStores(context)
        dropUnreachable(context)
    }
    const copied = (code: Statement[], calls: number): Program => {
        const callers = Array.from({ length: calls }, () => call(fn(1), literal(5)))
        const one = program({ code: [...callers, back(nothing)] }, { args: 1, code })
        const all = one.functions.map((body: FunctionCode) => ({
            body,
            captured: new Set<number>(),
            volatile: new Set<number>(),
        }))
        inlineFunctions(one, all, settle)
        return one
    }

    it("are copied if that is smaller", () => {
        const one = copied([call(log, local(0)), back(result)], 3)
        expect(one.functions).toHaveLength(1)
        expect(one.functions[0].code.filter(s => s.op === Op.Call0 + 1)).toEqual(
            Array.from({ length: 3 }, () => call(log, literal(5))),
        )
    })

    it("stay if it is not", () => {
        const long = [
            call(log, local(0), literal(7)),
            call(log, local(0), local(0)),
            call(log),
            back(result),
        ]
        expect(copied(long, 8).functions).toHaveLength(2)
    })
})
