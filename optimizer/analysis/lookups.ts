import { isPlainCall } from "./callgraph"
import { type Method, fieldRead } from "./classes"
import { type Context } from "./contexts"
import { type Stores } from "./reachingstores"
import { type Expression, type Statement, isLocal, parts } from "../ir/code"
import { type FunctionCode, type Program, Section, namesInSpecs } from "../ir/image"
import { Op } from "../ir/opcodes"
import { asciiName, asciiText, builtinName } from "../ir/strings"

/** A statement of the program. */
export interface Point {
    body: FunctionCode
    index: number
}

/** `object.name` somewhere in the program. */
export interface LookUp extends Point {
    name: number
    object: Expression
    /** The calls of what was found; undefined when something else is done with it. */
    calls: Statement[] | undefined
}

/** Which methods a look-up may find. */
export interface Resolved {
    methods: readonly Method[]
    /** Nothing else may be found. */
    exact: boolean
    /** The receiver is an object in any case. */
    certain: boolean
}

// Names that the runtime itself looks up: toString, __func__, _onPacket, name, message,
// constructor, _logRepr, _onServerPacket, _socketOnEvent.
const RUNTIME_NAMES: ReadonlySet<number> = new Set(
    [68, 88, 97, 99, 118, 123, 125, 164, 175].map(builtinName),
)

/** The runtime itself looks for it, on any object. */
export const isRuntimeName = (name: number): boolean => RUNTIME_NAMES.has(name)

const SETTER = "set_"

/**
 * Names that the runtime or a server finds methods by: what services define, with `set_` in front
 * or without. Other names that a program makes up while it runs find nothing anyway, as the
 * compiler drops methods no code names.
 */
export function reservedNames(program: Program): Set<number> {
    const names = new Set([...namesInSpecs(program), ...RUNTIME_NAMES])
    const count = program.sections[Section.AsciiStrings].length / 2
    for (let number = 0; number < count; number++) {
        const text = new TextDecoder().decode(asciiText(program, number))
        if (text.startsWith(SETTER)) names.add(asciiName(number))
    }
    return names
}

export function lookUpsIn({ body, captured }: Context, reaching: readonly Stores[]): LookUp[] {
    const found: LookUp[] = []
    body.code.forEach((one, index) => {
        for (const part of parts(one)) {
            const name = fieldRead(part)
            if (name === undefined) continue
            let calls: Statement[] | undefined
            if (isPlainCall(one) && one.args[0] === part) calls = [one]
            else if (one.op === Op.StoreLocal && !captured.has(one.value))
                calls = one.args[0] === part ? callsOf(body, index, reaching) : undefined
            found.push({ body, index, name, object: part.args[0], calls })
        }
    })
    return found
}

/** The calls of what is stored at `index`; undefined when it is read for anything else. */
function callsOf(
    body: FunctionCode,
    index: number,
    reaching: readonly Stores[],
): Statement[] | undefined {
    const slot = body.code[index].value
    const calls: Statement[] = []
    for (const [at, one] of body.code.entries()) {
        const stores = reaching[at][slot]
        if (!stores.has(body.slots + index)) continue
        const reads = parts(one).filter(part => isLocal(part, slot))
        if (!reads.length) continue
        if (reads.length > 1 || reads[0] !== one.args[0] || !isPlainCall(one)) return undefined
        if (stores.size > 1) return undefined
        calls.push(one)
    }
    return calls.length ? calls : undefined
}
