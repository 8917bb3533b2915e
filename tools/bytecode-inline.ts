import {
    expression,
    isCall,
    jump,
    label,
    Op,
    statement,
    type Expression,
    type Statement,
} from "./bytecode"
import {
    eachExpression,
    refersToFunction,
    rewrite,
    type FunctionCode,
    type Program,
} from "./bytecode-image"
import { liveness, neverThrows } from "./bytecode-flow"

// A call's frame is part of the heap: the caller's must not grow without end.
const MOST_SLOTS = 64

const undefinedValue = expression(Op.Undefined)

/** The function that the statement calls by its number. */
function callee(one: Statement): number | undefined {
    const direct = isCall(one.op) && one.op !== Op.CallArray
    return direct && one.args[0].op === Op.StaticFunction ? one.args[0].value : undefined
}

/** Functions whose only use is one call, and whose code does the same inside of the caller. */
function candidates(program: Program): Map<number, FunctionCode> {
    const uses = new Map<number, number>()
    const calls = new Map<number, number>()
    const count = (counts: Map<number, number>, one: number) =>
        counts.set(one, (counts.get(one) ?? 0) + 1)
    for (const { code } of program.functions) {
        eachExpression(code, one => {
            if (refersToFunction(one.op)) count(uses, one.value)
        })
        for (const one of code) {
            const called = callee(one)
            if (called !== undefined) count(calls, called)
        }
    }
    return new Map(
        program.functions
            .filter(one => one !== program.functions[0] && isPlain(one))
            .filter(one => uses.get(one.index) === 1 && calls.get(one.index) === 1)
            .map(one => [one.index, one]),
    )
}

// Without `this`, rest arguments, handlers and anything to do with closures, whose variables are in the frame.
function isPlain(body: FunctionCode): boolean {
    let plain = body.flags === 0 && body.tryFrames === 0
    eachExpression(body.code, one => {
        if (one.op === Op.MakeClosure || one.op === Op.LoadClosure) plain = false
    })
    return plain && body.code.every(one => one.op !== Op.StoreClosure && one.op !== Op.Try)
}

/** Puts functions that are called from a single place there. */
export function inlineCalls(program: Program): void {
    const once = candidates(program)
    const gone = new Set<FunctionCode>()
    const visited = new Set<FunctionCode>()
    const expand = (body: FunctionCode): void => {
        visited.add(body)
        body.code = body.code.flatMap(one => {
            const called = callee(one)
            const inner = called === undefined ? undefined : once.get(called)
            if (!inner || inner === body) return [one]
            const inProgress = visited.has(inner) && !gone.has(inner)
            if (!visited.has(inner)) expand(inner)
            const code = inProgress ? undefined : inlined(body, inner, one)
            if (!code) return [one]
            gone.add(inner)
            return code
        })
    }
    // Callees are expanded before their callers, so every one is complete when it is copied.
    for (const body of program.functions) if (!visited.has(body)) expand(body)
    program.functions = program.functions.filter(one => !gone.has(one))
}

function inlined(
    caller: FunctionCode,
    inner: FunctionCode,
    call: Statement,
): Statement[] | undefined {
    const base = caller.slots
    const given = call.args.slice(1)
    if (base + inner.slots > MOST_SLOTS) return undefined
    if (!given.slice(inner.args).every(neverThrows)) return undefined
    const atEntry = liveness(inner).before[0]
    const code: Statement[] = []
    for (let slot = 0; slot < inner.slots; slot++) {
        const value = slot < inner.args ? given[slot] : undefined
        if (value) code.push(statement(Op.StoreLocal, base + slot, value))
        else if (atEntry?.has(slot))
            code.push(statement(Op.StoreLocal, base + slot, undefinedValue))
    }
    caller.slots += inner.slots
    const end = label()
    return [...code, ...moved(inner.code, base, end), end]
}

/** The callee's code with its slots behind the caller's and `return` as a jump to the end. */
function moved(code: Statement[], base: number, end: Statement): Statement[] {
    const copies = new Map<Statement, Statement>(code.map(one => [one, { ...one }]))
    const shift = (one: Expression): Expression =>
        one.op === Op.LoadLocal ? { ...one, value: one.value + base } : one
    return code.flatMap(original => {
        const one = copies.get(original)!
        one.args = one.args.map(arg => rewrite(arg, shift))
        if (one.target) one.target = copies.get(one.target)
        if (one.op === Op.StoreLocal) one.value += base
        if (one.op !== Op.Return) return [one]
        return [statement(Op.StoreReturnValue, 0, ...one.args), jump(end)]
    })
}
