import { callsOf, madeBy } from "../analysis/callgraph"
import { givesThis } from "../analysis/classes"
import { contexts } from "../analysis/contexts"
import { type Statement, expression, parts, returnValue, rewrite, statement } from "../ir/code"
import { type FunctionCode, FunctionFlag, type Program } from "../ir/image"
import { BuiltinName, Op } from "../ir/opcodes"

/** The object takes one of the eight arguments of a call. */
const MOST_ARGUMENTS = 7
const CONSTRUCTOR = FunctionFlag.Constructor | FunctionFlag.NeedsThis
const self = expression(Op.LoadLocal, 0)

/**
 * An object that needs no prototype is made without one, and its constructor becomes a
 * function that is called directly with it as the first argument.
 *
 * Needs: all methods called directly that can be, as the others stay on the prototype.
 * Keeps: classes with a parent, a child, a method that is found by its name or a test for
 * instances; all of them where the program asks an object for its constructor.
 * Buys: 668 bytes, and the 84 bytes of heap of each such prototype.
 */
export function constructDirectly(program: Program): void {
    if (program.functions.some(asksForConstructor)) return
    const news = callsOf(program, "made")
    const makers = contexts(program)
        .filter(({ body, volatile }) => givesThis(body) && !volatile.has(0))
        .map(({ body }) => body)
        .filter(one => one.flags === CONSTRUCTOR && news.get(one.index)?.every(isShort))
    for (const maker of makers) {
        maker.flags = 0
        for (const one of maker.code) if (one.op === Op.Return) one.args = [self]
    }
    const made = new Set(makers.map(one => one.index))
    for (const body of program.functions)
        body.code = body.code.flatMap(one => {
            const maker = madeBy(one)
            return maker !== undefined && made.has(maker) ? direct(body, one) : [one]
        })
}

/** The test for a missing receiver also reads the constructor, but does not use it. */
const asksForConstructor = ({ code }: FunctionCode): boolean =>
    code.some(
        one =>
            one.op !== Op.StoreReturnValue &&
            parts(one).some(
                ({ op, value }) => op === Op.BuiltinField && value === BuiltinName.constructor,
            ),
    )

const isShort = (call: Statement): boolean => call.op < Op.Call0 + MOST_ARGUMENTS

/** `new C(…)` as a call of C with a new object. */
function direct(body: FunctionCode, call: Statement): Statement[] {
    const [callee, ...given] = call.args
    const needsResult = parts(statement(Op.Label, 0, ...given)).some(isResult)
    const kept = needsResult ? body.slots++ : 0
    const before = needsResult ? [statement(Op.StoreLocal, kept, returnValue)] : []
    const args = given.map(one =>
        rewrite(one, part => (isResult(part) ? expression(Op.LoadLocal, kept) : part)),
    )
    call.op++
    call.args = [callee.args[0], returnValue, ...args]
    return [...before, statement(Op.AllocMap, 0), call]
}

const isResult = ({ op }: { op: number }): boolean => op === Op.ReturnValue
