import { type Method } from "../analysis/classes"
import { successors } from "../analysis/flow"
import { type LookUp } from "../analysis/lookups"
import { Values } from "../analysis/values/values"
import { type Expression, type Statement, expression, isLocal, parts, statement } from "../ir/code"
import { type FunctionCode, FunctionFlag, type Program } from "../ir/image"
import { BuiltinName, Op } from "../ir/opcodes"

/** `this` takes one of the eight arguments of a call. */
const MOST_ARGUMENTS = 7

/** Fails when `this` is missing: any field will do. */
const look = statement(
    Op.StoreReturnValue,
    0,
    expression(Op.BuiltinField, BuiltinName.constructor, expression(Op.LoadLocal, 0)),
)

/**
 * A method that every call finds by its name becomes a function that is called directly with `this`
 * as its first argument: the prototype needs no entry, and a function with a single caller may go
 * into it. A call with a missing receiver still fails with a TypeError before anything happens,
 * though its text names another field.
 *
 * Needs: the compiler's code, as nothing was moved yet, and `analysis/values`.
 * Keeps: the object that a method is called on, and the TypeError before anything happens when it
 * is missing.
 * Buys: 11,000 bytes.
 */
export function callMethodsDirectly(program: Program): void {
    const types = Values.of(program)
    if (!types) return
    const { classes, lookUps } = types
    const uses = new Map<Method, LookUp[]>(classes.methods.map(one => [one, []]))
    const pinned = new Set(
        classes.methods.filter(one => types.isFoundByOthers(one) || types.isOpened(one.owner)),
    )
    const mayLackThis = new Set<Method>()
    for (const one of lookUps) {
        const { methods, exact, certain } = types.resolve(one)
        const [method] = methods
        const direct = one.calls?.every(call => call.op < Op.Call0 + MOST_ARGUMENTS)
        const early = !certain && one.body.code[one.index].op === Op.StoreLocal
        if (direct && !early && exact && methods.length === 1) {
            uses.get(method)!.push(one)
            if (!certain) mayLackThis.add(method)
        } else for (const each of methods) pinned.add(each)
    }
    const gone = new Set<Statement>()
    const unchecked: FunctionCode[] = []
    for (const [method, found] of uses) {
        if (pinned.has(method) || !found.length) continue
        gone.add(method.assignment)
        method.body.flags &= ~FunctionFlag.NeedsThis
        for (const one of found) redirect(one, method.body.index)
        if (mayLackThis.has(method)) unchecked.push(method.body)
    }
    // Last: a new first statement moves all others, and look-ups know them by their index.
    for (const body of unchecked) if (!failsWithoutThis(body)) body.code.unshift({ ...look })
    classes.setup.code = classes.setup.code.filter(one => !gone.has(one))
}

function redirect({ body, index, object, calls }: LookUp, method: number): void {
    const one = body.code[index]
    const isStored = one.op === Op.StoreLocal
    if (isStored) one.args = [object]
    for (const call of calls!) {
        const receiver = isStored ? expression(Op.LoadLocal, one.value) : object
        call.op++
        call.args = [expression(Op.StaticFunction, method), receiver, ...call.args.slice(1)]
    }
}

const HARMLESS: readonly number[] = [
    Op.Label,
    Op.StoreLocal,
    Op.AllocMap,
    Op.AllocArray,
    Op.Jump,
    Op.JumpIfFalse,
]

/** True when a field of `this` is read before anything happens, whichever way the code goes. */
export function failsWithoutThis(body: FunctionCode): boolean {
    const next = successors(body.code)
    const seen = new Set<number>()
    const fails = (index: number): boolean => {
        const one = body.code[index]
        if (!one || seen.has(index)) return false
        seen.add(index)
        if (parts(one).some(readsThis)) return true
        const replaces = one.op === Op.StoreLocal && one.value === 0
        return HARMLESS.includes(one.op) && !replaces && next[index].every(fails)
    }
    return fails(0)
}

const FIELDS: readonly number[] = [Op.AsciiField, Op.BuiltinField, Op.Utf8Field]

const isThis = (one: Expression): boolean => isLocal(one, 0)

const readsThis = ({ op, args }: Expression): boolean => FIELDS.includes(op) && isThis(args[0])
