import { expression, Op, statement, type Expression, type Statement } from "./bytecode"
import { constructorsOf, methodOwner } from "./bytecode-classes"
import { rewrite, type Program } from "./bytecode-image"
import {
    liveness,
    parts,
    readsSlot,
    RETURN_VALUE,
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

const isVariable = (one: Expression): boolean => one.op === Op.LoadLocal || one.op === Op.LoadGlobal
const same = (a: Expression, b: Expression): boolean => a.op === b.op && a.value === b.value

/** Where a local or global is read more than three times and `ret_val` is free, that holds it meanwhile. */
export function cacheInReturnValue({ body }: Context): void {
    let { after, before } = liveness(body)
    for (let start = 0; start < body.code.length; start++) {
        if (before[start].has(RETURN_VALUE)) continue
        const best = bestRun(body.code, start, after)
        if (!best || best.reads <= STORE_COST) continue
        const change = (one: Expression) => (same(one, best.variable) ? returnValue : one)
        for (let at = start; at < best.end; at++) {
            const one = body.code[at]
            body.code[at].args = one.args.map(arg => rewrite(arg, change))
        }
        body.code.splice(start, 0, statement(Op.StoreReturnValue, 0, best.variable))
        start = best.end
        ;({ after, before } = liveness(body))
    }
}

const changes = (one: Statement, { op, value }: Expression): boolean =>
    one.value === value && one.op === (op === Op.LoadLocal ? Op.StoreLocal : Op.StoreGlobal)

interface RunOfReads {
    variable: Expression
    reads: number
    /** The first statement behind it. */
    end: number
}

/** The variable that is read most while `ret_val` is free, from a statement that reads it. */
function bestRun(
    code: Statement[],
    start: number,
    after: ReadonlySet<number>[],
): RunOfReads | undefined {
    const first = parts(code[start]).filter(isVariable)
    let best: RunOfReads | undefined
    for (const variable of first) {
        const run: RunOfReads = { variable, reads: 0, end: start }
        for (; run.end < code.length; run.end++) {
            const one = code[run.end]
            const evaluated = parts(one)
            if (one.op === Op.Label) break
            if (evaluated.some(part => readsSlot(part) === RETURN_VALUE)) break
            const writes = writesReturnValue(one.op)
            if (!writes && after[run.end].has(RETURN_VALUE)) break
            if (one.op === Op.JumpIfNullish) break
            run.reads += evaluated.filter(part => same(part, variable)).length
            if (writes || changes(one, variable)) {
                run.end++
                break
            }
        }
        if (!best || run.reads > best.reads) best = run
    }
    return best
}
