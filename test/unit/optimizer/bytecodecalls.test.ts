import { describe, expect, it } from "vitest"
import { expression, label, statement, type Statement } from "../../../optimizer/ir/code"
import { Section } from "../../../optimizer/ir/image"
import { Op } from "../../../optimizer/ir/opcodes"
import {
    callMethodsDirectly,
    failsWithoutThis,
} from "../../../optimizer/passes/callmethodsdirectly"
import {
    local,
    literal,
    field,
    fn,
    created,
    store,
    call,
    back,
    set,
    prototype,
    result,
    nothing,
    log,
    to,
    program,
    main,
    setup,
} from "../../support/bytecodeprograms"

const names = { speed: 1, motor: 2, run: 3 }
const METHOD = 1
const CONSTRUCTOR = 3
/** Reads a field of `this` and returns it. */
const reader = () => ({ args: 2, flags: METHOD, code: [back(field(local(0), names.speed))] })
const emptyConstructor = () => ({ args: 1, flags: CONSTRUCTOR, code: [back(nothing)] })
describe("calls of methods", () => {
    /** Functions: 0 main, 1 setup, 2 and 3 classes, 4 and 5 their methods of the same name. */
    const twoClasses = (...code: Statement[]) =>
        program(
            main(...code),
            setup(set(prototype(2), names.run, fn(4)), set(prototype(3), names.run, fn(5))),
            emptyConstructor(),
            emptyConstructor(),
            reader(),
            reader(),
        )

    it("become direct on a newly created object, and the prototype needs no entry", () => {
        const one = twoClasses(call(created(2)), call(field(result, names.run), literal(7)))
        callMethodsDirectly(one)
        expect(one.functions[0].code[2]).toEqual(call(fn(4), result, literal(7)))
        expect(one.functions[1].code).toEqual([set(prototype(3), names.run, fn(5)), back(nothing)])
        expect([one.functions[4].flags, one.functions[5].flags]).toEqual([0, METHOD])
    })

    it("are followed through locals and fields", () => {
        const one = twoClasses(
            statement(Op.AllocMap, 0),
            store(0, result),
            call(created(3)),
            set(local(0), names.motor, result),
            store(1, field(local(0), names.motor)),
            call(field(local(1), names.run)),
        )
        callMethodsDirectly(one)
        expect(one.functions[0].code[6]).toEqual(call(fn(5), local(1)))
        expect(one.functions[5].flags).toBe(0)
    })

    it("stay when the object may be of either class", () => {
        const end = label()
        const one = twoClasses(
            call(created(2)),
            store(0, result),
            to(Op.JumpIfFalse, end, log),
            call(created(3)),
            store(0, result),
            end,
            call(field(local(0), names.run)),
        )
        const before = structuredClone(one)
        callMethodsDirectly(one)
        expect(one).toEqual(before)
    })

    it("stay when the object is unknown and two classes have the name", () => {
        const one = twoClasses(
            call(created(2)),
            call(field(result, names.run)),
            call(field(log, names.run)),
        )
        const before = structuredClone(one)
        callMethodsDirectly(one)
        expect(one).toEqual(before)
    })

    it("stay when the method is a value, or servers that have the object look it up", () => {
        const direct = [call(created(2)), call(field(result, names.run))]
        const asValue = twoClasses(...direct, call(log, field(local(0), names.run)))
        const kept = [store(0, result), call(field(local(0), names.run))]
        const reserved = twoClasses(call(created(2)), ...kept, call(log, local(0)))
        const neverShown = twoClasses(call(created(2)), ...kept)
        const strings = ["", "speed", "motor", "set_run"].map(one => one + "\0")
        const offsets = strings.map((_, index) => strings.slice(0, index).join("").length)
        for (const { sections } of [reserved, neverShown]) {
            sections[Section.AsciiStrings] = new Uint8Array(Uint16Array.from(offsets).buffer)
            sections[Section.StringData] = new TextEncoder().encode(strings.join(""))
        }
        for (const one of [asValue, reserved]) {
            const before = structuredClone(one)
            callMethodsDirectly(one)
            expect(one).toEqual(before)
        }
        callMethodsDirectly(neverShown)
        expect(neverShown.functions[0].code[3]).toEqual(call(fn(4), local(0)))
    })

    it("stay when a closure may call the method found", () => {
        const closure = { code: [call(expression(Op.LoadClosure, 0, literal(1))), back(nothing)] }
        const one = twoClasses(
            call(created(2)),
            store(0, field(result, names.run)),
            call(expression(Op.MakeClosure, 6)),
            call(local(0)),
        )
        one.functions.push({ ...one.functions[0], ...closure, index: 6 })
        const before = structuredClone(one)
        callMethodsDirectly(one)
        expect(one).toEqual(before)
    })

    it("stay when an object of the class gets a field of that name", () => {
        const one = twoClasses(
            call(created(2)),
            store(0, result),
            set(local(0), names.run, literal(1)),
            call(field(local(0), names.run)),
        )
        const before = structuredClone(one)
        callMethodsDirectly(one)
        expect(one).toEqual(before)
    })

    it("keep the object of the method while arguments are computed", () => {
        const one = twoClasses(
            call(created(2)),
            store(0, field(result, names.run)),
            call(log),
            call(local(0), result),
        )
        callMethodsDirectly(one)
        expect(one.functions[0].code.slice(2, 5)).toEqual([
            store(0, result),
            call(log),
            call(fn(4), local(0), result),
        ])
    })

    it("stay when the object is unknown, even if only one class has the name", () => {
        const one = program(
            main(call(field(log, names.run))),
            setup(set(prototype(2), names.run, fn(3))),
            emptyConstructor(),
            reader(),
        )
        const before = structuredClone(one)
        callMethodsDirectly(one)
        expect(one).toEqual(before)
    })

    /** A call on a global that holds an instance of class 2, or nothing yet. */
    const calledOnGlobal = () => [
        call(created(2)),
        statement(Op.StoreGlobal, 1, result),
        call(field(expression(Op.LoadGlobal, 1), names.run)),
    ]

    it("check an object that may be missing first, unless the method does so anyway", () => {
        const late = [call(log), back(field(local(0), names.speed))]
        const methodAfter = (code: Statement[]) => {
            const one = program(
                main(...calledOnGlobal()),
                setup(set(prototype(2), names.run, fn(3))),
                emptyConstructor(),
                { args: 1, flags: METHOD, code },
            )
            callMethodsDirectly(one)
            expect(one.functions[3].flags).toBe(0)
            return one.functions[3].code
        }
        const [check, ...rest] = methodAfter([...late])
        expect(check.op).toBe(Op.StoreReturnValue)
        expect(check.args[0].args).toEqual([local(0)])
        expect(rest).toEqual(late)
        expect(methodAfter(reader().code)).toEqual(reader().code)
    })

    it("are found at their places even in a method that gets such a check", () => {
        const stop = 4
        const inner = [
            store(1, field(local(0), stop)),
            call(log),
            call(local(1)),
            back(field(local(0), names.speed)),
        ]
        const one = program(
            main(...calledOnGlobal()),
            setup(set(prototype(2), names.run, fn(3)), set(prototype(2), stop, fn(4))),
            emptyConstructor(),
            { args: 1, flags: METHOD, code: [call(log), ...inner] },
            reader(),
        )
        callMethodsDirectly(one)
        const [check, , stored, , called] = one.functions[3].code
        expect(check.op).toBe(Op.StoreReturnValue)
        expect(stored).toEqual(store(1, local(0)))
        expect(called).toEqual(call(fn(4), local(1)))
    })

    it("fail at once only if every path reads `this` first", () => {
        const end = label()
        const body = (...code: Statement[]) => program({ args: 1, code }).functions[0]
        const speed = field(local(0), names.speed)
        expect(
            failsWithoutThis(
                body(to(Op.JumpIfFalse, end, local(1)), back(speed), end, back(nothing)),
            ),
        ).toBe(false)
        expect(
            failsWithoutThis(
                body(to(Op.JumpIfFalse, end, local(1)), back(speed), end, store(2, speed)),
            ),
        ).toBe(true)
        expect(failsWithoutThis(body(to(Op.Try, end), store(1, speed), end, back(nothing)))).toBe(
            false,
        )
    })
})
