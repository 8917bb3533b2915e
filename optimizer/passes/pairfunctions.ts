import { plainCalls } from "../analysis/callgraph"
import { type Expression, type Statement, expression, label, renumber, statement } from "../ir/code"
import { FUNCTION_DESCRIPTOR_BYTES, type FunctionCode, type Program } from "../ir/image"
import { Op } from "../ir/opcodes"

const MOST_ARGUMENTS = 8
/** A call's frame is part of the heap, and both functions get the larger one's. */
const MOST_SLOTS_MORE = 1

/** A jump on the parameter that chooses. */
const CHOICE_BYTES = 4

interface Candidate {
    body: FunctionCode
    calls: Statement[]
}

/** A function made of two, and the string numbers of their names. */
export interface Pair {
    body: FunctionCode
    names: number[]
}

/**
 * Two functions become one, which a last parameter tells what to do: a descriptor less, and ends
 * that are the same can be shared. Only functions that nothing but calls refers to.
 *
 * Needs: all inlining done, as a function of two is not inlined.
 * Keeps: parameters, one place free among eight, and frames that are small.
 * Buys: 1,672 bytes.
 */
export function pairFunctions(program: Program): Pair[] {
    const left = [...plainCalls(program)]
        .map(([body, calls]) => ({ body, calls }))
        .filter(({ body, calls }) => calls.every(call => call.args.length - 1 <= body.args))
        .sort((a, b) => b.calls.length - a.calls.length)
    const gone = new Set<FunctionCode>()
    const pairs: Pair[] = []
    while (left.length > 1) {
        const second = left.pop()!
        const costs = left.map(first => cost(first, second))
        const least = Math.min(...costs)
        if (least >= FUNCTION_DESCRIPTOR_BYTES) continue
        const [first] = left.splice(costs.indexOf(least), 1)
        pairs.push({ body: first.body, names: [first.body.name, second.body.name] })
        unite(first, second)
        gone.add(second.body)
    }
    program.functions = program.functions.filter(one => !gone.has(one))
    return pairs
}

/** Bytes that calls and the choice take more. */
function cost(first: Candidate, second: Candidate): number {
    const args = Math.max(first.body.args, second.body.args)
    if (args >= MOST_ARGUMENTS) return Infinity
    if (Math.abs(first.body.slots - second.body.slots) > MOST_SLOTS_MORE) return Infinity
    const missing = second.calls.map(call => args - (call.args.length - 1))
    return missing.reduce((sum, one) => sum + one + 1, CHOICE_BYTES)
}

function unite(first: Candidate, second: Candidate): void {
    const choice = Math.max(first.body.args, second.body.args)
    const other = label()
    const which = expression(Op.LoadLocal, choice)
    const code = [
        { ...statement(Op.JumpIfFalse, 0, which), target: other },
        ...makeRoom(second.body, choice),
        other,
        ...makeRoom(first.body, choice),
    ]
    const slots = Math.max(first.body.slots, second.body.slots, choice) + 1
    const tryFrames = Math.max(first.body.tryFrames, second.body.tryFrames)
    Object.assign(first.body, { code, slots, tryFrames, args: choice + 1 })
    for (const call of second.calls) {
        const given = call.args.slice(1)
        const missing = choice - given.length
        const nothing = new Array<Expression>(missing).fill(expression(Op.Undefined))
        call.op += missing + 1
        call.args = [
            expression(Op.StaticFunction, first.body.index),
            ...given,
            ...nothing,
            expression(Op.Literal, 1),
        ]
    }
}

/** The function's code with its own locals behind the parameter that chooses. */
function makeRoom({ code }: FunctionCode, choice: number): Statement[] {
    renumber(code, Op.LoadLocal, Op.StoreLocal, slot => (slot < choice ? slot : slot + 1))
    return code
}
