import { handlers, successors } from "./flow"
import { type Expression, type Statement, eachExpression, refersToFunction } from "../ir/code"
import { type FunctionCode, type Program } from "../ir/image"
import { BuiltinName, Op, isCall } from "../ir/opcodes"

/** The function that the statement calls by its number. */
export function callee(one: Statement): number | undefined {
    const direct = isCall(one.op) && one.op !== Op.CallArray
    return direct && one.args[0].op === Op.StaticFunction ? one.args[0].value : undefined
}

/** The class of the program that the statement makes an object of; the runtime's own are none. */
export function madeBy({ op, args: [callee] }: Statement): number | undefined {
    if (!isCall(op) || op === Op.CallArray || callee.op !== Op.New) return undefined
    const [maker] = callee.args
    return maker.op === Op.StaticFunction ? maker.value : undefined
}

/** How often each function is named, and how often of these it is called at once. */
export function usesOf(program: Program): Record<"uses" | "calls", Map<number, number>> {
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
    return { uses, calls }
}

// Without `this` and rest arguments, and not itself a closure.
export function isPlain(body: FunctionCode): boolean {
    let plain = body.flags === 0
    eachExpression(body.code, one => {
        if (one.op === Op.LoadClosure) plain = false
    })
    return plain && body.code.every(one => one.op !== Op.StoreClosure)
}

export const makesClosures = (body: FunctionCode): boolean => closuresOf(body).size > 0

/** True when the statement may be executed again by the same run of the function. */
export function mayRepeat(code: Statement[], from: Statement): boolean {
    const next = successors(code)
    const caught = handlers(code)
    const seen = new Set<number>()
    const work = [code.indexOf(from)]
    while (work.length) {
        for (const to of [...next[work.pop()!], ...caught]) {
            if (code[to] === from) return true
            if (!seen.has(to)) work.push(to)
            seen.add(to)
        }
    }
    return false
}

export const closuresOf = (body: FunctionCode): Set<number> => {
    const made = new Set<number>()
    eachExpression(body.code, one => {
        if (one.op === Op.MakeClosure) made.add(one.value)
    })
    return made
}

export const sharesClosures = (program: Program, body: FunctionCode): boolean => {
    const ours = closuresOf(body)
    const others = program.functions.filter(one => one !== body)
    return others.some(one => [...closuresOf(one)].some(made => ours.has(made)))
}

/** Where each function is referred to, but for its prototype and tests for instances. */
export function references(
    program: Program,
): Map<number, { body: FunctionCode; one: Statement }[]> {
    const found = new Map<number, { body: FunctionCode; one: Statement }[]>()
    for (const body of program.functions)
        for (const one of body.code) {
            const visit = (part: Expression): void => {
                if (part.op === Op.BuiltinField && part.value === BuiltinName.prototype) return
                if (part.op === Op.InstanceOf) return visit(part.args[0])
                if (part.op === Op.StaticFunction || part.op === Op.MakeClosure)
                    found.set(part.value, [...(found.get(part.value) ?? []), { body, one }])
                part.args.forEach(visit)
            }
            one.args.forEach(visit)
        }
    return found
}

/** Which statements are executed once at most in a run of the program. */
export function executedOnce(program: Program): (body: FunctionCode, one: Statement) => boolean {
    const all = references(program)
    const known = new Map<FunctionCode, boolean>([[program.functions[0], !all.has(0)]])
    const runsOnce = (body: FunctionCode): boolean => {
        if (known.has(body)) return known.get(body)!
        known.set(body, false)
        const [from, ...others] = all.get(body.index) ?? []
        const [callee] = from?.one.args ?? []
        const called = callee?.op === Op.New ? callee.args[0] : callee
        const isCalled = called?.op === Op.StaticFunction && called.value === body.index
        const once = others.length === 0 && isCalled && isOnce(from.body, from.one)
        known.set(body, once)
        return once
    }
    const isOnce = (body: FunctionCode, one: Statement): boolean =>
        runsOnce(body) && !mayRepeat(body.code, one)
    return isOnce
}

/** By function: its calls; functions of which anything else is made are left out. */
export function callsOf(program: Program): Map<number, Statement[]> {
    const calls = new Map<number, Statement[]>()
    const other = new Set<number>()
    const visit = (one: Expression): void => {
        if (one.op === Op.BuiltinField && one.value === BuiltinName.prototype) return
        if (one.op === Op.InstanceOf) return visit(one.args[0])
        if (refersToFunction(one.op)) other.add(one.value)
        one.args.forEach(visit)
    }
    for (const { code } of program.functions)
        for (const one of code) {
            const called = isCall(one.op) ? calledBy(one) : undefined
            one.args.slice(called === undefined ? 0 : 1).forEach(visit)
            if (called !== undefined) calls.set(called, [...(calls.get(called) ?? []), one])
        }
    for (const one of other) calls.delete(one)
    return calls
}

function calledBy({ op, args: [callee] }: Statement): number | undefined {
    if (op === Op.CallArray) return undefined
    const called = callee.op === Op.New ? callee.args[0] : callee
    return called.op === Op.StaticFunction ? called.value : undefined
}
