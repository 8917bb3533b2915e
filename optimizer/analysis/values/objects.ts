import { fieldRead, fieldSet } from "../classes"
import { type Context } from "../contexts"
import { RETURN_VALUE, liveness, successors } from "../flow"
import { arrayKind, objectLiteral } from "./kinds"
import { type Expression, type Statement, isLocal, parts } from "../../ir/code"
import { type FunctionCode, FunctionFlag } from "../../ir/image"
import { BuiltinName, Op, isCall } from "../../ir/opcodes"
import { builtinName } from "../../ir/strings"

// Facts that a single function tells about its objects and values.

/** Names that an array or a function may be asked for without giving away what it holds. */
const HARMLESS = [BuiltinName.prototype, BuiltinName.push, BuiltinName.length].map(builtinName)
export const isHarmless = (name: number): boolean => HARMLESS.includes(name)

/** True when `ret_val` is needed where several ways meet. */
export function mixesResults(body: FunctionCode): boolean {
    const { before } = liveness(body)
    return body.code.some((one, index) => one.op === Op.Label && before[index].has(RETURN_VALUE))
}

/**
 * An object or array that a function makes; the instances of a class are made by its constructor.
 */
interface Made {
    made?: Statement
    kind: number
    /** Set as soon as anything but the code that makes it may look at it. */
    fields?: Set<number>
}

/** @param count how many were found before */
export function objectsMade({ body, captured }: Context, count: number): Made[] {
    const found: Made[] = []
    for (const [index, made] of body.code.entries()) {
        if (made.op === Op.AllocArray) found.push({ made, kind: arrayKind(count + found.length) })
        if (made.op !== Op.AllocMap) continue
        const kind = objectLiteral(count + found.length)
        const { op, value, args } = body.code[index + 1] ?? made
        const stored = op === Op.StoreLocal && args[0].op === Op.ReturnValue
        const fields = stored && fieldsFromStart(body, index + 2, value, captured)
        found.push(fields ? { made, kind, fields } : { made, kind })
    }
    // Last, as the others are numbered.
    if (body.flags & FunctionFlag.Constructor)
        found.push({ kind: body.index, fields: fieldsFromStart(body, 0, 0, captured) })
    return found
}

/**
 * The fields that an object has as soon as anything but the code that makes it may look at it.
 * @param start where the object is in the local `slot` and has no field yet
 * @param captured slots that closures see
 */
function fieldsFromStart(
    { code }: FunctionCode,
    start: number,
    slot: number,
    captured: ReadonlySet<number>,
): Set<number> {
    const next = successors(code)
    const into = new Map<number, Set<number>>([[start, new Set()]])
    let always: Set<number> | undefined
    const seenWith = (fields: Set<number>) => {
        always = always ? new Set([...always].filter(one => fields.has(one))) : new Set(fields)
    }
    const work = [start]
    while (work.length) {
        const index = work.pop()!
        const one = code[index]
        if (!one) continue
        const fields = into.get(index)!
        if (one.op === Op.Try) return new Set()
        if (one.op === Op.Return || showsObject(one, slot, fields, captured)) {
            seenWith(fields)
            continue
        }
        const set = setField(one, slot)
        const out = set === undefined ? fields : new Set([...fields, set])
        for (const to of next[index]) {
            const known = into.get(to)
            const merged = known ? new Set([...known].filter(name => out.has(name))) : out
            if (known && merged.size === known.size) continue
            into.set(to, merged)
            work.push(to)
        }
    }
    return always ?? new Set()
}

/** The field of the object in the slot that the statement sets. */
const setField = (one: Statement, slot: number): number | undefined =>
    one.args[0] && isLocal(one.args[0], slot) ? fieldSet(one) : undefined

/**
 * True when something else may have the object after the statement, or during it, or a field is
 * read too early.
 */
function showsObject(
    one: Statement,
    slot: number,
    fields: ReadonlySet<number>,
    captured: ReadonlySet<number>,
): boolean {
    if (one.op === Op.StoreLocal && one.value === slot) return true
    // A function that is called by its name gets the object, too.
    if (isCall(one.op) && one.args[0].args.some(arg => isLocal(arg, slot))) return true
    const closes = captured.has(slot) && parts(one).some(part => part.op === Op.MakeClosure)
    if (closes) return true
    const shows = (part: Expression): boolean => {
        if (isLocal(part, slot)) return true
        const name = fieldRead(part)
        if (name !== undefined && isLocal(part.args[0], slot)) return !fields.has(name)
        return part.args.some(shows)
    }
    const args = setField(one, slot) === undefined ? one.args : one.args.slice(1)
    return args.some(shows)
}
