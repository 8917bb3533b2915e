import { handlers, successors } from "./flow"
import { type Expression, type Statement, eachExpression, refersToFunction } from "../ir/code"
import { type FunctionCode, type Program } from "../ir/image"
import { append } from "../ir/maps"
import { BuiltinName, Op, isCall } from "../ir/opcodes"

export const isPlainCall = (one: Statement): boolean => isCall(one.op) && one.op !== Op.CallArray

/** The function that the statement calls by its number. */
export function callee(one: Statement): number | undefined {
    const direct = isPlainCall(one) && one.args[0].op === Op.StaticFunction
    return direct ? one.args[0].value : undefined
}

/** The class of the program that the statement makes an object of; the runtime's own are none. */
export function madeBy(one: Statement): number | undefined {
    if (!isPlainCall(one) || one.args[0].op !== Op.New) return undefined
    const [maker] = one.args[0].args
    return maker.op === Op.StaticFunction ? maker.value : undefined
}

/** Where a function is named, and what for. */
interface Use {
    body: FunctionCode
    one: Statement
    /** Its prototype is read, or objects are tested for it: it is a class then. */
    how: "called" | "made" | "tested" | "other"
}

/** The uses of each function. */
export function usesOf({ functions }: Program): Map<number, Use[]> {
    const uses = new Map<number, Use[]>()
    for (const body of functions)
        for (const one of body.code) {
            const [called, made] = [callee(one), madeBy(one)]
            if (called !== undefined) append(uses, called, { body, one, how: "called" })
            if (made !== undefined) append(uses, made, { body, one, how: "made" })
            const visit = (part: Expression, how: "tested" | "other"): void => {
                if (refersToFunction(part.op)) append(uses, part.value, { body, one, how })
                part.args.forEach((arg, at) => visit(arg, isTest(part, at) ? "tested" : "other"))
            }
            for (const arg of (called ?? made) === undefined ? one.args : one.args.slice(1))
                visit(arg, "other")
        }
    return uses
}

function isTest(one: Expression, place: number): boolean {
    if (one.op === Op.InstanceOf) return place === 1
    return one.op === Op.BuiltinField && one.value === BuiltinName.prototype
}

/** By function: its calls, if there are any and only what is allowed is done with it. */
export function callsOf(program: Program, ...allowed: Use["how"][]): Map<number, Statement[]> {
    const found = new Map<number, Statement[]>()
    for (const [index, uses] of usesOf(program)) {
        if (!uses.every(({ how }) => allowed.includes(how))) continue
        const calls = uses.filter(({ how }) => how !== "tested").map(({ one }) => one)
        if (calls.length) found.set(index, calls)
    }
    return found
}

/** Without `this`, rest arguments and closures, and not itself a closure. */
function isPlain({ flags, code }: FunctionCode): boolean {
    let plain = flags === 0 && code.every(one => one.op !== Op.StoreClosure)
    eachExpression(code, one => {
        if (one.op === Op.LoadClosure || one.op === Op.MakeClosure) plain = false
    })
    return plain
}

/** The plain functions that are only called, with their calls; never the first one. */
export function plainCalls(program: Program): Map<FunctionCode, Statement[]> {
    const calls = callsOf(program, "called")
    const plain = program.functions.slice(1).filter(one => calls.has(one.index) && isPlain(one))
    return new Map(plain.map(one => [one, calls.get(one.index)!]))
}

/** True when the statement may be executed again by the same run of the function. */
function mayRepeat(code: Statement[], from: Statement): boolean {
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

/** Which statements are executed once at most in a run of the program. */
export function executedOnce(program: Program): (body: FunctionCode, one: Statement) => boolean {
    const all = usesOf(program)
    const known = new Map<FunctionCode, boolean>([[program.functions[0], !all.has(0)]])
    const runsOnce = (body: FunctionCode): boolean => {
        if (known.has(body)) return known.get(body)!
        known.set(body, false)
        const uses = (all.get(body.index) ?? []).filter(({ how }) => how !== "tested")
        const [use, ...others] = uses
        const once = use && use.how !== "other" && !others.length && isOnce(use.body, use.one)
        known.set(body, once)
        return once
    }
    const isOnce = (body: FunctionCode, one: Statement): boolean =>
        runsOnce(body) && !mayRepeat(body.code, one)
    return isOnce
}
