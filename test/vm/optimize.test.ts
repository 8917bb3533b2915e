import { describe, expect, it, beforeAll } from "vitest"
import { type Context, contexts } from "../../optimizer/analysis/contexts"
import {
    expression,
    jump,
    label,
    statement,
    type Expression,
    type Statement,
} from "../../optimizer/ir/code"
import { decodeFunction, encodeFunction } from "../../optimizer/ir/codec"
import { decodeImage, encodeImage, type FunctionCode } from "../../optimizer/ir/image"
import { Op } from "../../optimizer/ir/opcodes"
import { dropDeadStores } from "../../optimizer/passes/dropdeadstores"
import { dropUnreachable } from "../../optimizer/passes/dropunreachable"
import { forwardStores } from "../../optimizer/passes/forwardstores"
import { inlineFunctions } from "../../optimizer/passes/inlinefunctions"
import { poolNumbers } from "../../optimizer/passes/poolnumbers"
import { shareLocals } from "../../optimizer/passes/sharelocals"
import { simplifyExpressions } from "../../optimizer/passes/simplifyexpressions"
import { useBothStringTables } from "../../optimizer/passes/usebothstringtables"
import { threadJumps } from "../../optimizer/passes/threadjumps"
import { optimize } from "../../optimizer/pipeline"
import { back, call, literal, local, result, store } from "../support/bytecodeprograms"
import { compileEntry } from "../support/compiler"
import { runImage, verifyImage } from "../../tools/verify"

const field = (name: number, of: Expression) => expression(Op.AsciiField, name, of)
const unless = (value: Expression, target: Statement): Statement => ({
    ...statement(Op.JumpIfFalse, 0, value),
    target,
})
const log = expression(Op.LoadGlobal, 0)

function context(code: Statement[], captured: number[] = []): Context {
    const body: FunctionCode = {
        index: 0,
        slots: 8,
        args: 1,
        flags: 0,
        name: 0,
        tryFrames: 0,
        code,
    }
    return { body, captured: new Set(captured), volatile: new Set(captured) }
}

const bytes = (code: Statement[]) => [...encodeFunction(code)]

describe("code of a function", () => {
    it("survives encoding and decoding unchanged", () => {
        const end = label()
        const code = [unless(local(0), end), store(1, literal(1000)), end, back(local(1))]
        expect(bytes(decodeFunction(encodeFunction(code)))).toEqual(bytes(code))
    })

    it("has jump distances of one, two or three bytes, as needed", () => {
        const size = (filler: number) => {
            const end = label()
            const between = new Array<Statement>(filler).fill(store(1, literal(0)))
            return bytes([jump(end), ...between, end, back(local(1))]).length - filler * 3 - 3
        }
        expect([size(1), size(82), size(83), size(100)]).toEqual([2, 3, 3, 4])
    })

    it("refuses a jump into the middle of a statement", () => {
        expect(() => decodeFunction(Uint8Array.of(0x0d, 3, 0x90, 0x0c))).toThrow("no statement")
    })
})

describe("stores to locals", () => {
    it("disappear when the value is used once, right after", () => {
        const one = context([store(1, field(5, local(0))), call(log, local(1)), back(literal(0))])
        expect(forwardStores(one)).toBe(true)
        expect(bytes(one.body.code)).toEqual(
            bytes([call(log, field(5, local(0))), back(literal(0))]),
        )
    })

    it("stay when a call in between may change the value read", () => {
        const code = [
            store(1, field(5, local(0))),
            call(log),
            call(log, local(1)),
            back(literal(0)),
        ]
        expect(forwardStores(context(code))).toBe(false)
    })

    it("stay when two errors would swap their order", () => {
        const code = [
            store(1, field(5, local(0))),
            call(field(6, local(2)), local(1)),
            back(literal(0)),
        ]
        expect(forwardStores(context(code))).toBe(false)
    })

    it("stay when a closure or a handler may read the local", () => {
        const code = () => [store(1, literal(3)), call(log, local(1)), back(literal(0))]
        expect(forwardStores(context(code(), [1]))).toBe(false)
        const handler = label()
        const guarded = [
            { ...statement(Op.Try, 0), target: handler },
            ...code(),
            handler,
            statement(Op.Catch, 0),
            back(local(1)),
        ]
        const one = context(guarded)
        expect(forwardStores(one)).toBe(false)
        expect(dropDeadStores(one)).toBe(false)
    })

    it("are dropped when unread, unless the value may throw", () => {
        const one = context([store(1, literal(3)), store(2, field(5, local(0))), back(literal(0))])
        dropDeadStores(one)
        expect(one.body.code.map(s => s.op)).toEqual([Op.StoreLocal, Op.Return])
        expect(one.body.code[0].value).toBe(2)
    })
})

describe("jumps", () => {
    it("ignore a double negation", () => {
        const end = label()
        const one = context([unless(expression(Op.ToBool, 0, local(0)), end), end, back(local(0))])
        simplifyExpressions(one)
        expect(one.body.code[0].args).toEqual([local(0)])
    })

    it("to a test of the same local go straight to its target", () => {
        const [middle, end] = [label(), label()]
        const code = [
            unless(local(1), middle),
            store(1, local(0)),
            middle,
            unless(local(1), end),
            call(log),
            end,
            back(local(0)),
        ]
        const one = context(code)
        threadJumps(one)
        dropUnreachable(one)
        expect(one.body.code[0].target).toBe(end)
    })

    it("that loop forever are left alone", () => {
        const start = label()
        const one = context([start, jump(start)])
        expect(threadJumps(one)).toBe(false)
        expect(dropUnreachable(one)).toBe(false)
    })
})

describe("slots", () => {
    it("are shared by a copy and its original", () => {
        const one = context([
            call(log),
            store(5, field(3, result)),
            call(log, local(5)),
            store(6, local(5)),
            call(log, local(6)),
            call(log, local(6)),
            back(local(6)),
        ])
        shareLocals(one)
        expect(one.body.code.filter(s => s.op === Op.StoreLocal)).toHaveLength(1)
        expect(one.body.slots).toBe(1)
    })

    it("are not shared by values needed at the same time", () => {
        const one = context([
            store(5, field(3, local(0))),
            store(0, literal(7)),
            call(log, local(0), local(5)),
            back(local(5)),
        ])
        shareLocals(one)
        const [kept, changed] = one.body.code
        expect(kept.value).not.toBe(changed.value)
        expect(one.body.code[2].args).toEqual([log, local(changed.value), local(kept.value)])
    })

    it("start undefined for a local that may be read before it is stored", () => {
        const end = label()
        const one = context([unless(local(0), end), store(4, literal(1)), end, back(local(4))])
        shareLocals(one)
        expect(one.body.code.at(-1)!.args).toEqual([local(1)])
    })

    it("stay as they are when closures use them", () => {
        const one = context([store(5, literal(1)), call(log, local(5)), back(local(5))], [5])
        shareLocals(one)
        expect(one.body.code[0].value).toBe(5)
        expect(one.body.slots).toBe(6)
    })
})

describe("a compiled program", () => {
    const entry = "test/vm/programs/optimizer/exercise.ts"
    let image: Uint8Array
    const said = (lines: string[]) => lines.filter(line => line.startsWith("> "))
    const run = async (one: Uint8Array) => {
        const { lines, panic } = await runImage(one, "finished", 60_000)
        expect(panic).toBeUndefined()
        return said(lines)
    }

    beforeAll(async () => {
        image = await compileEntry(entry)
    }, 120_000)

    it("logs the same after decoding and encoding", async () => {
        const program = decodeImage(image)
        expect(await run(encodeImage(program, false).image)).toEqual(await run(image))
        expect(await run(encodeImage(program).image)).toEqual(await run(image))
    })

    it("logs the same with strings in both tables and integers in the doubles table", async () => {
        const program = decodeImage(image)
        poolNumbers(program)
        useBothStringTables(program, 3)
        const spread = encodeImage(program).image
        await verifyImage(spread)
        expect(await run(spread)).toEqual(await run(image))
    })

    it("logs the same when it is optimized", async () => {
        const lines = await run(optimize(image).image)
        expect(lines.length).toBeGreaterThan(30)
        expect(lines).toEqual(await run(image))
    })

    it("is not modified itself and gives the same image each time", () => {
        const given = Buffer.from(image)
        const once = optimize(given)
        expect(given.equals(image)).toBe(true)
        const steps: number[] = []
        const again = optimize(given, { report: (_, codeEnd) => steps.push(codeEnd) })
        expect(Buffer.from(again.image).equals(once.image)).toBe(true)
        expect(steps[0]).toBeGreaterThan(once.codeEnd)
        expect(steps.at(-1)).toBe(once.codeEnd)
    })

    it("shrinks by a tenth and does not grow when it is optimized again", () => {
        const once = optimize(image)
        const again = optimize(once.image)
        const plain = encodeImage(decodeImage(image), false)
        expect(once.codeEnd).toBeLessThan(plain.codeEnd * 0.9)
        expect(again.codeEnd).toBeLessThanOrEqual(once.codeEnd)
    })

    it("passes the runtime's verifier, which refuses a wrong string number", async () => {
        const { image: good } = optimize(image)
        await verifyImage(good)
        const wrong = good.slice()
        // The name of the first function.
        wrong.set([0xff, 0xbf], 112 + 12)
        await expect(verifyImage(wrong)).rejects.toThrow("1052")
    })

    it("keeps fewer functions, each with its origin", () => {
        const { functions } = optimize(image)
        const { functions: compiled } = decodeImage(image)
        expect(functions[0].from).toBe(0)
        expect(functions.length).toBeLessThan(compiled.length)
        expect(new Set(functions.map(one => one.from)).size).toBe(functions.length)
    })

    it("has fewer functions after single calls are inlined", () => {
        const program = decodeImage(image)
        const count = program.functions.length
        inlineFunctions(program, contexts(program), () => undefined)
        expect(program.functions.length).toBeLessThan(count)
    })
})
