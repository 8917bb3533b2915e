import { isCall, isFinal, Op, type Expression, type Statement } from "./bytecode"
import { FunctionFlag, type FunctionCode } from "./bytecode-image"

/** The number under which the flow of `ret_val` is followed, like a local's. */
export const RETURN_VALUE = 0x10000

/** What the passes know about a function besides its code. */
export interface Context {
    body: FunctionCode
    /** Slots that closures made in the function read or write: these stay, with every store. */
    captured: ReadonlySet<number>
    /** Those of them that closures write: any call may change what is in there. */
    volatile: ReadonlySet<number>
    hasTry: boolean
}

/** The local, or `ret_val`, that the expression reads by itself; undefined for all others. */
export function readsSlot(one: Expression): number | undefined {
    if (one.op === Op.LoadLocal) return one.value
    return one.op === Op.ReturnValue ? RETURN_VALUE : undefined
}

export function eachPart(one: Expression, visit: (one: Expression) => void): void {
    for (const arg of one.args) eachPart(arg, visit)
    visit(one)
}

/** All expressions of a statement in the order of evaluation. */
export function parts(one: Statement): Expression[] {
    const result: Expression[] = []
    for (const arg of one.args) eachPart(arg, part => result.push(part))
    return result
}

/** The local that the statement writes. */
export const storedSlot = (one: Statement): number | undefined =>
    one.op === Op.StoreLocal ? one.value : undefined

const WRITES_RETURN_VALUE: readonly number[] = [
    Op.IndexDelete,
    Op.AllocMap,
    Op.AllocArray,
    Op.AllocBuffer,
    Op.JumpIfNullish,
    Op.Catch,
    Op.Finally,
    Op.StoreReturnValue,
]
export const writesReturnValue = (op: number): boolean =>
    isCall(op) || WRITES_RETURN_VALUE.includes(op)

/** The slot a statement defines, `RETURN_VALUE` included. */
export function definedSlot(one: Statement): number | undefined {
    return writesReturnValue(one.op) ? RETURN_VALUE : storedSlot(one)
}

const READS_MEMORY: readonly number[] = [
    Op.ObjectField,
    Op.LoadGlobal,
    Op.Index,
    Op.BuiltinField,
    Op.AsciiField,
    Op.Utf8Field,
    Op.MathField,
    Op.DeviceScriptField,
    Op.LoadBuffer,
    Op.LoadClosure,
    Op.StaticSpecPrototype,
]
// These read the prototype of a function, or turn objects into text.
const READS_OBJECTS: readonly number[] = [58, 89, Op.New, 15]

/** True when the expression's value depends on more than locals and `ret_val`. */
export function readsMemory(one: Expression, volatile: ReadonlySet<number>): boolean {
    if (one.constant) return false
    if (READS_MEMORY.includes(one.op) || READS_OBJECTS.includes(one.op)) return true
    if (one.op === Op.LoadLocal && volatile.has(one.value)) return true
    return one.args.some(arg => readsMemory(arg, volatile))
}

const NEVER_THROWS: readonly number[] = [
    Op.BuiltinObject,
    Op.ObjectField,
    Op.Infinity,
    Op.LoadLocal,
    Op.LoadGlobal,
    Op.UnaryPlus,
    Op.MathField,
    Op.DeviceScriptField,
    Op.StaticBuffer,
    Op.BuiltinString,
    Op.AsciiString,
    Op.Utf8String,
    Op.StaticFunction,
    Op.Literal,
    Op.LiteralDouble,
    Op.ReturnValue,
    Op.TypeOf,
    Op.Undefined,
    Op.IsUndefined,
    Op.True,
    Op.False,
    Op.ToBool,
    Op.NotANumber,
    Op.Abs,
    Op.BitNot,
    Op.IsNaN,
    Op.Negate,
    Op.Not,
    Op.ToInt,
    Op.IsNullish,
    Op.LoadClosure,
    Op.MakeClosure,
    Op.TypeOfText,
    Op.Null,
    Op.ApproxEqual,
    Op.ApproxNotEqual,
    Op.StaticSpec,
]

/**
 * True when no evaluation of the expression throws. Arithmetic and comparisons other than `+` convert any value to
 * a number without an error; `+` may fail on texts that grow too long.
 */
export function neverThrows(one: Expression): boolean {
    const arithmetic = one.op >= Op.Subtract && one.op <= Op.NotEqual
    return (arithmetic || NEVER_THROWS.includes(one.op)) && one.args.every(neverThrows)
}

/** The greatest number of values the expression has on the stack at one time. */
export function stackDepth(args: readonly Expression[]): number {
    let most = 0
    args.forEach((arg, index) => {
        most = Math.max(most, index + Math.max(1, stackDepth(arg.args)))
    })
    return most
}

/** By statement: the indices of the statements that may be executed next, catch handlers aside. */
export function successors(code: readonly Statement[]): number[][] {
    const indexOf = new Map(code.map((one, index) => [one, index]))
    const thrownTo = code.flatMap(one =>
        one.op === Op.ThrowJump ? [indexOf.get(one.target!)!] : [],
    )
    return code.map((one, index) => {
        const next: number[] = []
        if (!isFinal(one.op) && index + 1 < code.length) next.push(index + 1)
        // A jump out of a try block goes on from the end of a `finally` on its way.
        if (one.op === Op.ReThrow) next.push(...thrownTo)
        if (one.target && one.op !== Op.Try) next.push(indexOf.get(one.target)!)
        return next
    })
}

/** The indices of the labels where catch and finally handlers begin. */
export function handlers(code: readonly Statement[]): number[] {
    const labels = new Set(code.flatMap(one => (one.op === Op.Try ? [one.target!] : [])))
    return code.flatMap((one, index) => (labels.has(one) ? [index] : []))
}

/** Slots that the statement reads. A constructor's end reads `this`, which becomes its result. */
export function usedSlots(one: Statement, body: FunctionCode): number[] {
    const used = parts(one).flatMap(part => readsSlot(part) ?? [])
    if (one.op === Op.JumpIfNullish) used.push(RETURN_VALUE)
    if (one.op === Op.Return && body.flags & FunctionFlag.Constructor) used.push(0)
    return used
}

/** Which slots' values are needed: before each statement, after it, and in any handler. */
export interface Liveness {
    before: Set<number>[]
    after: Set<number>[]
    inHandlers: Set<number>
}

/**
 * Backwards data flow. Every statement of a function with handlers may lead to each of them: what a handler needs is
 * needed everywhere.
 */
export function liveness(body: FunctionCode): Liveness {
    const { code } = body
    const next = successors(code)
    const handlerAt = handlers(code)
    const before = code.map(() => new Set<number>())
    const after = code.map(() => new Set<number>())
    const inHandlers = new Set<number>()
    const used = code.map(one => usedSlots(one, body))
    for (let changed = true; changed;) {
        changed = false
        for (let index = code.length - 1; index >= 0; index--) {
            for (const to of next[index]) for (const slot of before[to]) after[index].add(slot)
            const into = before[index]
            const size = into.size
            const defined = definedSlot(code[index])
            for (const slot of after[index]) if (slot !== defined) into.add(slot)
            for (const slot of used[index]) into.add(slot)
            for (const slot of inHandlers) into.add(slot)
            if (into.size !== size) changed = true
        }
        const known = inHandlers.size
        for (const index of handlerAt)
            for (const slot of before[index]) if (slot !== RETURN_VALUE) inHandlers.add(slot)
        if (inHandlers.size !== known) changed = true
    }
    return { before, after, inHandlers }
}
