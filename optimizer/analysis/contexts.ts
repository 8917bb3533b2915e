import { eachExpression } from "../ir/code"
import { type FunctionCode, type Program } from "../ir/image"
import { append } from "../ir/maps"
import { Op } from "../ir/opcodes"

/** A function, and facts about it that its own code does not tell. */
export interface Context {
    body: FunctionCode
    /** Slots that closures made in the function read or write: these stay, with every store. */
    captured: ReadonlySet<number>
    /** Those of them that closures write: any call may change what is in there. */
    volatile: ReadonlySet<number>
}

/** The functions whose local a closure means by going up this many levels. */
export type Owners = (body: FunctionCode, level: number) => FunctionCode[]

export function ownersIn({ functions }: Program): Owners {
    const makers = new Map<number, FunctionCode[]>()
    for (const body of functions)
        eachExpression(body.code, one => {
            if (one.op === Op.MakeClosure) append(makers, one.value, body)
        })
    const owners: Owners = (body, level) => {
        if (level === 0) return [body]
        return (makers.get(body.index) ?? []).flatMap(one => owners(one, level - 1))
    }
    return owners
}

/** Each function with the slots that closures made in it use. */
export function contexts(program: Program): Context[] {
    const owners = ownersIn(program)
    const found = new Map(
        program.functions.map(body => [
            body,
            { body, captured: new Set<number>(), volatile: new Set<number>() },
        ]),
    )
    for (const body of program.functions) {
        const see = (level: number, slot: number) =>
            owners(body, level).map(owner => {
                found.get(owner)!.captured.add(slot)
                return found.get(owner)!
            })
        eachExpression(body.code, one => {
            if (one.op === Op.LoadClosure) see(one.args[0].value, one.value)
        })
        for (const one of body.code)
            if (one.op === Op.StoreClosure)
                for (const owner of see(one.args[0].value, one.value)) owner.volatile.add(one.value)
    }
    return [...found.values()]
}
