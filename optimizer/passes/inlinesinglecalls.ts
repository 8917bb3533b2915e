import { callee, plainCalls } from "../analysis/callgraph"
import { neverThrows } from "../analysis/effects"
import { liveness } from "../analysis/flow"
import { type Statement, copyOf, expression, jump, label, renumber, statement } from "../ir/code"
import { type FunctionCode, type Program } from "../ir/image"
import { Op } from "../ir/opcodes"

/** A call's frame is part of the heap: the caller's must not grow without end. */
const MOST_SLOTS = 64
const undefinedValue = expression(Op.Undefined)

/**
 * Puts functions that are called from a single place there.
 *
 * Needs: calls by number.
 * Keeps: the order of evaluation; functions that make closures, whose variables are their own.
 * Buys: 2,028 bytes.
 */
export function inlineSingleCalls(program: Program): void {
    /** Functions with one call, by number. */
    const once = new Map<number, FunctionCode>()
    for (const [one, calls] of plainCalls(program)) if (calls.length === 1) once.set(one.index, one)
    const gone = new Set<FunctionCode>()
    const visited = new Set<FunctionCode>()
    const inProgress = new Set<FunctionCode>()
    const expand = (body: FunctionCode): void => {
        visited.add(body)
        inProgress.add(body)
        body.code = body.code.flatMap(one => {
            const called = callee(one)
            const inner = called === undefined ? undefined : once.get(called)
            if (!inner || inProgress.has(inner)) return [one]
            if (!visited.has(inner)) expand(inner)
            const code = inlined(body, inner, one)
            if (!code) return [one]
            gone.add(inner)
            return code
        })
        inProgress.delete(body)
    }
    // Callees are expanded before their callers, so every one is complete when it is copied.
    for (const body of program.functions) if (!visited.has(body)) expand(body)
    program.functions = program.functions.filter(one => !gone.has(one))
}

/** The callee's code in the place of the call; undefined when it may not stand there. */
export function inlined(
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
    caller.tryFrames += inner.tryFrames
    const end = label()
    return [...code, ...moved(inner.code, base, end), end]
}

/** The callee's code with its slots behind the caller's and `return` as a jump to the end. */
function moved(code: Statement[], base: number, end: Statement): Statement[] {
    const copy = copyOf(code)
    renumber(copy, Op.LoadLocal, Op.StoreLocal, slot => slot + base)
    return copy.flatMap(one =>
        one.op === Op.Return ? [statement(Op.StoreReturnValue, 0, ...one.args), jump(end)] : [one],
    )
}
