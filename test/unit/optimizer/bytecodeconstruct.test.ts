import { describe, expect, it } from "vitest"
import { expression, statement, type Statement } from "../../../optimizer/ir/code"
import { BuiltinName, Op } from "../../../optimizer/ir/opcodes"
import { constructDirectly } from "../../../optimizer/passes/constructdirectly"
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
    prototype,
    result,
    set,
    setup,
    store,
} from "../../support/bytecodeprograms"

const CONSTRUCTOR = 3
const names = { size: 1, run: 2 }
const keepsSize = [set(local(0), names.size, local(1)), back(nothing)]

/** Functions: 0 main, 1 setup, 2 the class, 3 any other. */
const made = (code: Statement[], constructor = keepsSize, inSetup: Statement[] = []) =>
    // The pass changes statements in place, and several tests share them.
    structuredClone(
        program(
            main(...code),
            setup(...inSetup),
            { args: 2, flags: CONSTRUCTOR, code: constructor },
            { code: [back(nothing)] },
        ),
    )

describe("a class with an unneeded prototype", () => {
    it("has its constructor called directly, with a new object that it returns", () => {
        const one = made([call(created(2), literal(5)), store(0, result)])
        constructDirectly(one)
        expect(one.functions[0].code.slice(1, 4)).toEqual([
            statement(Op.AllocMap, 0),
            call(fn(2), result, literal(5)),
            store(0, result),
        ])
        expect(one.functions[2].flags).toBe(0)
        expect(one.functions[2].code).toEqual([set(local(0), names.size, local(1)), back(local(0))])
    })

    it("gets a result as an argument through a new local", () => {
        const one = made([call(log), call(created(2), result)])
        const { slots } = one.functions[0]
        constructDirectly(one)
        expect(one.functions[0].code.slice(2, 5)).toEqual([
            store(slots, result),
            statement(Op.AllocMap, 0),
            call(fn(2), result, local(slots)),
        ])
        expect(one.functions[0].slots).toBe(slots + 1)
    })
})

describe("a class stays unchanged", () => {
    const make = call(created(2), literal(5))
    const constructor = expression(Op.BuiltinField, BuiltinName.constructor, local(0))
    const test = expression(Op.InstanceOf, 0, local(0), fn(2))
    const seven = [1, 2, 3, 4, 5, 6, 7].map(literal)
    it.each([
        [
            "has a method looked up by name",
            [make],
            keepsSize,
            [set(prototype(2), names.run, fn(3))],
        ],
        ["is used as a value", [make, call(log, fn(2))], keepsSize, []],
        ["is tested with instanceof", [make, call(log, test)], keepsSize, []],
        ["is created with a full list of arguments", [call(created(2), ...seven)], keepsSize, []],
        ["returns something else", [make], [back(local(1))], []],
        ["replaces its object", [make], [store(0, local(1)), back(nothing)], []],
        ["may be read as `constructor`", [make, store(1, constructor)], keepsSize, []],
    ])("when it %s", (_, code, body, inSetup) => {
        const one = made(code, body, inSetup)
        const before = structuredClone(one)
        constructDirectly(one)
        expect(one).toEqual(before)
    })

    it("when a closure of its constructor replaces its object", () => {
        const body = [store(2, expression(Op.MakeClosure, 3)), back(nothing)]
        const one = made([make], body)
        one.functions[3].code.unshift(statement(Op.StoreClosure, 0, literal(1), literal(2)))
        const before = structuredClone(one)
        constructDirectly(one)
        expect(one).toEqual(before)
    })

    it("when it is the runtime's own, whatever its number", () => {
        const error = call(expression(Op.New, 0, expression(Op.BuiltinObject, 2)), literal(5))
        const one = made([make, error])
        constructDirectly(one)
        expect(one.functions[0].code).toContainEqual(error)
    })

    it("but not because of a check for a missing receiver", () => {
        const one = made([make, statement(Op.StoreReturnValue, 0, constructor)])
        constructDirectly(one)
        expect(one.functions[2].flags).toBe(0)
    })
})
