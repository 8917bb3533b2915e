import { expression, Op, statement, type Expression, type Statement } from "./bytecode"
import { constructorsOf, methodOwner } from "./bytecode-classes"
import { rewrite, type Program } from "./bytecode-image"
import {
    liveness,
    parts,
    readsSlot,
    RETURN_VALUE,
    storedSlot,
    writesReturnValue,
    type Context,
} from "./bytecode-flow"

// `ret_val` costs one byte to read where a local costs two. While no call is made it can hold any value.

const returnValue = expression(Op.ReturnValue)

/**
 * Class after class instead of method after method: assignments of functions to different prototypes have no
 * influence on each other. The prototype of a constructor is one object and its evaluation never fails.
 */
export function groupMethods({ body }: Context, program: Program): void {
    const constructors = constructorsOf(program)
    const { after } = liveness(body)
    const code: Statement[] = []
    for (let index = 0; index < body.code.length;) {
        const classes = new Map<number, Statement[]>()
        let end = index
        for (; end < body.code.length; end++) {
            const owner = methodOwner(body.code[end], constructors)
            if (owner === undefined || after[end].has(RETURN_VALUE)) break
            classes.set(owner, [...(classes.get(owner) ?? []), body.code[end]])
        }
        for (const methods of classes.values()) code.push(...throughReturnValue(methods))
        if (end === index) code.push(body.code[end++])
        index = end
    }
    body.code = code
}

function throughReturnValue(methods: Statement[]): Statement[] {
    if (methods.length < 2) return methods
    const prototype = methods[0].args[0]
    return [
        statement(Op.StoreReturnValue, 0, prototype),
        ...methods.map(one => ({ ...one, args: [returnValue, ...one.args.slice(1)] })),
    ]
}

/** Bytes of `ret_val := local`; each read of the local then saves one. */
const STORE_COST = 3

/** Where a local is read more than three times and `ret_val` is free, that holds the local meanwhile. */
export function cacheInReturnValue({ body }: Context): void {
    let { after, before } = liveness(body)
    for (let start = 0; start < body.code.length; start++) {
        if (before[start].has(RETURN_VALUE)) continue
        const best = bestRun(body.code, start, after)
        if (!best || best.reads <= STORE_COST) continue
        const change = (one: Expression) =>
            one.op === Op.LoadLocal && one.value === best.slot ? returnValue : one
        for (let at = start; at < best.end; at++) {
            const one = body.code[at]
            body.code[at].args = one.args.map(arg => rewrite(arg, change))
        }
        const load = expression(Op.LoadLocal, best.slot)
        body.code.splice(start, 0, statement(Op.StoreReturnValue, 0, load))
        start = best.end
        ;({ after, before } = liveness(body))
    }
}

interface RunOfReads {
    slot: number
    reads: number
    /** The first statement behind it. */
    end: number
}

/** The local that is read most while `ret_val` is free, from a statement that reads it. */
function bestRun(
    code: Statement[],
    start: number,
    after: ReadonlySet<number>[],
): RunOfReads | undefined {
    const first = new Set(
        parts(code[start]).flatMap(part => (part.op === Op.LoadLocal ? [part.value] : [])),
    )
    let best: RunOfReads | undefined
    for (const slot of first) {
        const run: RunOfReads = { slot, reads: 0, end: start }
        for (; run.end < code.length; run.end++) {
            const one = code[run.end]
            const evaluated = parts(one)
            if (one.op === Op.Label) break
            if (evaluated.some(part => readsSlot(part) === RETURN_VALUE)) break
            const writes = writesReturnValue(one.op)
            if (!writes && after[run.end].has(RETURN_VALUE)) break
            if (one.op === Op.JumpIfNullish) break
            run.reads += evaluated.filter(
                part => part.op === Op.LoadLocal && part.value === slot,
            ).length
            if (writes || storedSlot(one) === slot) {
                run.end++
                break
            }
        }
        if (!best || run.reads > best.reads) best = run
    }
    return best
}
