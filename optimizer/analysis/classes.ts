import { type Expression, type Statement } from "../ir/code"
import { type FunctionCode, FunctionFlag, type Program } from "../ir/image"
import { BuiltinName, Op, isCall } from "../ir/opcodes"
import { asciiName, builtinName } from "../ir/strings"
import { usesOf } from "./callgraph"

/** A function of a prototype; nothing but the assignment there refers to it. */
export interface Method {
    owner: number
    name: number
    body: FunctionCode
    assignment: Statement
}

/** The classes of a program: constructors by number. */
export interface Classes {
    methods: Method[]
    parents: Map<number, number>
    /** Those whose parent is not ours: names of services are found there. */
    foreign: Set<number>
    /** Where the prototypes are set up: straight code that runs before everything else. */
    setup: FunctionCode
}

/** The name that a constant is; undefined for any other expression. */
export function keyNumber({ op, value }: Expression): number | undefined {
    if (op === Op.AsciiString) return asciiName(value)
    return op === Op.BuiltinString ? builtinName(value) : undefined
}

/** The name of the field that the expression reads from its only part. */
export function fieldRead({ op, value }: Expression): number | undefined {
    if (op === Op.AsciiField) return asciiName(value)
    return op === Op.BuiltinField ? builtinName(value) : undefined
}

/** The name of the field that the statement sets. */
export const fieldSet = (one: Statement): number | undefined =>
    one.op === Op.IndexSet ? keyNumber(one.args[1]) : undefined

const constructorOf = (one: Expression): number | undefined =>
    one.op === Op.BuiltinField &&
    one.value === BuiltinName.prototype &&
    one.args[0].op === Op.StaticFunction
        ? one.args[0].value
        : undefined

/** True when the constructor gives the object that it was called for, and never another one. */
export const givesThis = ({ code }: FunctionCode): boolean =>
    code.every(({ op, value, args }) =>
        op === Op.Return ? args[0].op === Op.Undefined : op !== Op.StoreLocal || value !== 0,
    )

/** The constructor C of `C.prototype["name"] := f`. */
function methodOwner(one: Statement): number | undefined {
    if (fieldSet(one) === undefined || one.args[2].op !== Op.StaticFunction) return undefined
    return constructorOf(one.args[0])
}

/** Undefined when the program does not begin with a call of what sets the prototypes up. */
export function classesOf(program: Program): Classes | undefined {
    const byIndex = new Map(program.functions.map(one => [one.index, one]))
    const [first] = program.functions[0].code
    if (first?.op !== Op.Call0 || first.args[0].op !== Op.StaticFunction) return undefined
    const setup = byIndex.get(first.args[0].value)!
    const uses = usesOf(program)
    const methods: Method[] = []
    const parents = new Map<number, number>()
    const foreign = new Set<number>()
    for (const one of setup.code) {
        if (one.target) return undefined
        const owner = methodOwner(one)
        const [callee, child, parent] = one.args
        if (owner !== undefined && byIndex.get(owner)!.flags & FunctionFlag.Constructor) {
            const body = byIndex.get(one.args[2].value)!
            const isOnly = uses.get(body.index)!.length === 1
            if (isOnly && body.flags === FunctionFlag.NeedsThis)
                methods.push({ owner, name: fieldSet(one)!, body, assignment: one })
        } else if (isCall(one.op) && callee.op === Op.ObjectField) {
            const from = constructorOf(child)
            if (callee.value !== BuiltinName.setPrototypeOf || from === undefined) return undefined
            const to = constructorOf(parent)
            if (to === undefined) foreign.add(from)
            else parents.set(from, to)
        }
    }
    return { methods, parents, foreign, setup }
}
