import { describe, expect, it } from "vitest"
import { contexts } from "../../../optimizer/analysis/contexts"
import { expression, label, statement, type Statement } from "../../../optimizer/ir/code"
import { type Program } from "../../../optimizer/ir/image"
import { Op } from "../../../optimizer/ir/opcodes"
import { dropParameters } from "../../../optimizer/passes/dropparameters"
import { orderGlobals } from "../../../optimizer/passes/orderglobals"
import { singletonsToGlobals } from "../../../optimizer/passes/singletonstoglobals"
import {
    back,
    call,
    created,
    field,
    fn,
    literal,
    local,
    log,
    main,
    nothing,
    program,
    result,
    set,
    setup,
    store,
    text,
    to,
} from "../../support/bytecodeprograms"

const CONSTRUCTOR = 3
const names = { speed: 1, motor: 2 }
const globalsOf = (one: Program) => one.header[12]

describe("an object made only once", () => {
    /**
     * Functions: 0 main, 1 setup, 2 a class with a field `speed`, 3 a reader of its argument's
     * `speed`.
     */
    const withReader = (...code: Statement[]) =>
        program(
            main(...code),
            setup(),
            {
                args: 1,
                flags: CONSTRUCTOR,
                code: [set(local(0), names.speed, literal(5)), back(nothing)],
            },
            { args: 1, code: [back(field(local(0), names.speed))] },
        )

    it("has its fields in globals, and is not passed on", () => {
        const one = withReader(call(created(2)), store(0, result), call(fn(3), local(0)))
        singletonsToGlobals(one)
        const [read] = one.functions[3].code
        expect(read.args[0]).toMatchObject({ op: Op.LoadGlobal, constant: true })
        expect(one.functions[2].code.map(s => s.op)).toContain(Op.StoreGlobal)
        dropParameters(one, contexts(one))
        expect(one.functions[0].code.at(-2)).toEqual(call(fn(3)))
        expect(one.functions[3].args).toBe(0)
    })

    const staysAsItIs = (one: Program) => {
        singletonsToGlobals(one)
        expect(one.functions[3].code).toEqual([back(field(local(0), names.speed))])
        const fieldSet = one.functions[2].code.find(s => s.op === Op.IndexSet)
        expect(fieldSet?.args[1]).toEqual(text(names.speed))
    }

    it("is not made in a loop", () => {
        const start = label()
        staysAsItIs(
            withReader(
                start,
                call(created(2)),
                store(0, result),
                call(fn(3), local(0)),
                to(Op.Jump, start),
            ),
        )
    })

    it("is not made in two places, or in a function with two callers", () => {
        const make = [call(created(2)), store(0, result), call(fn(3), local(0))]
        staysAsItIs(withReader(...make, call(created(2))))
        const twice = withReader(call(fn(4)), call(fn(4)))
        twice.functions.push({ ...twice.functions[0], index: 4, code: [...make, back(nothing)] })
        staysAsItIs(twice)
    })

    it("is unknown where it may be missing, or be another object", () => {
        const end = label()
        const missing = [call(created(2)), to(Op.JumpIfFalse, end, log), store(0, result), end]
        staysAsItIs(withReader(...missing, call(fn(3), local(0))))
        staysAsItIs(
            withReader(
                call(created(2)),
                store(0, result),
                call(fn(3), local(0)),
                statement(Op.AllocMap, 0),
                call(fn(3), result),
            ),
        )
    })

    it("is unknown in a field before that is set, and in a closure's variable", () => {
        const made = [call(created(2)), store(0, result), call(fn(3), local(0))]
        const late = withReader(
            statement(Op.AllocMap, 0),
            store(1, result),
            call(log, local(1)),
            ...made,
            set(local(1), names.motor, local(0)),
            call(fn(3), field(local(1), names.motor)),
        )
        staysAsItIs(late)
        const closure = withReader(store(1, expression(Op.MakeClosure, 4)), ...made, call(local(1)))
        closure.functions.push({
            ...closure.functions[3],
            index: 4,
            args: 0,
            code: [call(fn(3), expression(Op.LoadClosure, 0, literal(1))), back(nothing)],
        })
        staysAsItIs(closure)
    })

    it("is unknown if the constructor passes it on before it sets the field", () => {
        const inner = [call(fn(3), local(0)), set(local(0), names.motor, local(0)), back(nothing)]
        const one = withReader(call(created(2)), store(0, result), call(fn(3), local(0)))
        one.functions[2].code.splice(1, 1, ...inner)
        one.functions[3].code = [back(field(field(local(0), names.motor), names.speed))]
        singletonsToGlobals(one)
        const [value] = one.functions[3].code[0].args
        expect(value.op).toBe(Op.AsciiField)
    })

    it("stays an object if a function called by the runtime returns it", () => {
        const one = withReader(
            call(created(2)),
            store(0, result),
            call(fn(3), local(0)),
            call(expression(Op.DeviceScriptField, 90), expression(Op.MakeClosure, 4)),
        )
        const code = [back(expression(Op.LoadClosure, 0, literal(1)))]
        one.functions.push({ ...one.functions[3], index: 4, args: 0, code })
        staysAsItIs(one)
    })

    it("stays an object if the runtime gets it, or if field names are computed", () => {
        const made = [call(created(2)), store(0, result), call(fn(3), local(0))]
        staysAsItIs(withReader(...made, call(expression(Op.DeviceScriptField, 90), local(0))))
        staysAsItIs(withReader(...made, store(1, expression(Op.Index, 0, local(0), log))))
        staysAsItIs(withReader(...made, statement(Op.Throw, 0, local(0))))
    })

    it("has a changing field read again each time", () => {
        const one = withReader(
            call(created(2)),
            store(0, result),
            set(local(0), names.speed, literal(6)),
            call(fn(3), local(0)),
        )
        singletonsToGlobals(one)
        const [read] = one.functions[3].code[0].args
        expect(read.op).toBe(Op.LoadGlobal)
        expect(read.constant).toBeUndefined()
    })
})

describe("parameters", () => {
    const calls = (...code: Statement[]) =>
        program(main(...code), setup(), {
            args: 3,
            code: [call(log, local(1), local(2)), back(local(2))],
        })
    const after = (one: Program) => {
        dropParameters(one, contexts(one))
        return one.functions
    }

    it("that are unread are not passed", () => {
        const [first, , inner] = after(
            calls(
                call(fn(2), literal(1), literal(7), local(3)),
                call(fn(2), local(2), literal(7), local(0)),
            ),
        )
        expect(first.code.slice(1, 3)).toEqual([
            call(fn(2), literal(7), local(3)),
            call(fn(2), literal(7), local(0)),
        ])
        expect(inner.code).toEqual([call(log, local(0), local(1)), back(local(1))])
        expect(inner.args).toBe(2)
    })

    it("that one call omits are not passed by the others", () => {
        const one = program(main(call(fn(2), literal(1), log), call(fn(2))), setup(), {
            args: 2,
            code: [back(local(0))],
        })
        const [first, , inner] = after(one)
        expect(first.code.slice(1, 3)).toEqual([call(fn(2), literal(1)), call(fn(2))])
        expect(inner.args).toBe(1)
    })

    it("stay when the argument may fail, or the function is also a value", () => {
        const failing = call(fn(2), field(local(0), names.speed), local(1), local(2))
        const [first, , inner] = after(calls(failing))
        expect([first.code[1].args.length, inner.args]).toEqual([4, 3])
        const [, , value] = after(
            calls(call(fn(2), literal(1), local(1), local(2)), store(0, fn(2))),
        )
        expect(value.args).toBe(3)
    })

    it("stay when the function stores to them and reads them", () => {
        const one = program(main(call(fn(2), literal(1))), setup(), {
            args: 1,
            code: [call(log, local(0)), store(0, log), back(local(0))],
        })
        expect(after(one)[2].args).toBe(1)
    })

    it("stay when a closure sees one of them", () => {
        const one = program(
            main(call(fn(2), literal(1), local(2))),
            setup(),
            { args: 2, code: [back(expression(Op.MakeClosure, 3))] },
            { code: [back(expression(Op.LoadClosure, 1, literal(1)))] },
        )
        expect(after(one)[2].args).toBe(2)
    })
})

describe("globals", () => {
    const load = (index: number) => expression(Op.LoadGlobal, index)
    const set = (index: number, to = literal(1)) => statement(Op.StoreGlobal, index, to)

    it("get the first numbers if used most, and are not stored if unread", () => {
        const failing = field(local(0), names.speed)
        const one = program(
            main(set(5), set(6), set(7, failing), call(load(9), load(9), load(9), load(6))),
            setup(),
        )
        orderGlobals(one)
        expect(one.functions[0].code.slice(1, -1)).toEqual([
            set(1),
            set(2, failing),
            call(load(0), load(0), load(0), load(1)),
        ])
        expect(globalsOf(one)).toBe(3)
    })
})
