import { describe, expect, it } from "vitest"
import { expression, statement, type Expression } from "../../../optimizer/ir/code"
import { Op } from "../../../optimizer/ir/opcodes"
import { throwFromOnePlace } from "../../../optimizer/passes/throwfromoneplace"
import {
    back,
    call,
    created,
    fn,
    literal,
    local,
    log,
    main,
    nothing,
    program,
    result,
    setup,
} from "../../support/bytecodeprograms"

const CONSTRUCTOR = 3
const maker = () => ({ args: 3, flags: CONSTRUCTOR, code: [back(nothing)] })
const thrown = (...args: Expression[]) => [
    call(created(2), ...args),
    statement(Op.Throw, 0, result),
]

describe("errors of one class", () => {
    it("are made and thrown by one function if that is smaller", () => {
        const many = Array.from({ length: 12 }, (_, at) => thrown(literal(at))).flat()
        const one = program(main(...many, ...thrown(literal(7), log)), setup(), maker())
        throwFromOnePlace(one)
        const thrower = one.functions[3]
        expect([thrower.index, thrower.from, thrower.args, thrower.slots]).toEqual([3, 2, 2, 2])
        expect(thrower.code).toEqual(thrown(local(0), local(1)))
        expect(one.functions[0].code.slice(1, -1)).toEqual([
            ...Array.from({ length: 12 }, (_, at) => call(fn(3), literal(at))),
            call(fn(3), literal(7), log),
        ])
    })

    it("stay if there are few, or if they are used before the throw", () => {
        const few = program(main(...thrown(literal(1)), ...thrown(literal(2))), setup(), maker())
        throwFromOnePlace(few)
        expect(few.functions).toHaveLength(3)
        const shown = Array.from({ length: 20 }, () => {
            const [made, end] = thrown(literal(1))
            return [made, statement(Op.StoreGlobal, 1, result), end]
        }).flat()
        const other = program(main(...shown, back(expression(Op.Undefined))), setup(), maker())
        throwFromOnePlace(other)
        expect(other.functions).toHaveLength(3)
    })
})
