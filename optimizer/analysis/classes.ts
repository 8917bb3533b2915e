import { type Expression, type Statement, eachExpression, refersToFunction } from "../ir/code"
import {
    ASCII_STRING_KIND,
    BUILTIN_STRING_KIND,
    type FunctionCode,
    FunctionFlag,
    type Program,
    STRING_KIND_SHIFT,
} from "../ir/image"
import { BuiltinName, Op, isCall } from "../ir/opcodes"

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

/**
 * The string number with its kind, of a constant that names a field; the number of any other
 * expression is undefined.
 */
export function stringNumber({ op, value }: Expression): number | undefined {
    if (op === Op.AsciiString || op === Op.AsciiField)
        return (ASCII_STRING_KIND << STRING_KIND_SHIFT) | value
    if (op === Op.BuiltinString || op === Op.BuiltinField)
        return (BUILTIN_STRING_KIND << STRING_KIND_SHIFT) | value
    return undefined
}

const constructorOf = (one: Expression): number | undefined =>
    one.op === Op.BuiltinField &&
    one.value === BuiltinName.prototype &&
    one.args[0].op === Op.StaticFunction
        ? one.args[0].value
        : undefined

/** The same of a constant key; a key that is itself read from a field is made up. */
export const keyNumber = (key: Expression): number | undefined =>
    key.args.length ? undefined : stringNumber(key)

/** The constructor C of `C.prototype["name"] := f`. */
function methodOwner(one: Statement, constructors: ReadonlySet<number>): number | undefined {
    if (one.op !== Op.IndexSet) return undefined
    const [object, key, value] = one.args
    if (keyNumber(key) === undefined || value.op !== Op.StaticFunction) return undefined
    const owner = constructorOf(object)
    return owner !== undefined && constructors.has(owner) ? owner : undefined
}

function constructorsOf(program: Program): Set<number> {
    const found = program.functions.filter(one => one.flags & FunctionFlag.Constructor)
    return new Set(found.map(one => one.index))
}

/** Undefined when the program does not begin with a call of what sets the prototypes up. */
export function classesOf(program: Program): Classes | undefined {
    const byIndex = new Map(program.functions.map(one => [one.index, one]))
    const [first] = program.functions[0].code
    if (first?.op !== Op.Call0 || first.args[0].op !== Op.StaticFunction) return undefined
    const setup = byIndex.get(first.args[0].value)!
    const constructors = constructorsOf(program)
    const uses = new Map<number, number>()
    for (const { code } of program.functions)
        eachExpression(code, one => {
            if (refersToFunction(one.op)) uses.set(one.value, (uses.get(one.value) ?? 0) + 1)
        })
    const methods: Method[] = []
    const parents = new Map<number, number>()
    const foreign = new Set<number>()
    for (const one of setup.code) {
        if (one.target) return undefined
        const owner = methodOwner(one, constructors)
        const [callee, child, parent] = one.args
        if (owner !== undefined) {
            const body = byIndex.get(one.args[2].value)!
            if (uses.get(body.index) !== 1 || body.flags !== FunctionFlag.NeedsThis) continue
            methods.push({ owner, name: keyNumber(one.args[1])!, body, assignment: one })
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

export const isBuiltinName = (name: number): boolean =>
    name >> STRING_KIND_SHIFT === BUILTIN_STRING_KIND
