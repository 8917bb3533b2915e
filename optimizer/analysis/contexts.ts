import { eachExpression } from "../ir/code"
import { type FunctionCode, type Program } from "../ir/image"
import { Op } from "../ir/opcodes"

/** What the passes know about a function besides its code. */
export interface Context {
    body: FunctionCode
    /** Slots that closures made in the function read or write: these stay, with every store. */
    captured: ReadonlySet<number>
    /** Those of them that closures write: any call may change what is in there. */
    volatile: ReadonlySet<number>
    hasTry: boolean
}

/** Each function with the slots that closures made in it use. */
export function contexts(program: Program): Context[] {
    const makers = new Map<number, Set<number>>()
    for (const body of program.functions)
        eachExpression(body.code, one => {
            if (one.op !== Op.MakeClosure) return
            makers.set(one.value, (makers.get(one.value) ?? new Set<number>()).add(body.index))
        })
    const captured = new Map(program.functions.map(body => [body.index, new Set<number>()]))
    const written = new Map(program.functions.map(body => [body.index, new Set<number>()]))
    for (const body of program.functions) {
        const reach = (level: number, slot: number, write: boolean) => {
            let owners = new Set([body.index])
            for (; level > 0; level--)
                owners = new Set([...owners].flatMap(owner => [...(makers.get(owner) ?? [])]))
            for (const owner of owners) {
                captured.get(owner)!.add(slot)
                if (write) written.get(owner)!.add(slot)
            }
        }
        eachExpression(body.code, one => {
            if (one.op === Op.LoadClosure) reach(one.args[0].value, one.value, false)
        })
        for (const one of body.code)
            if (one.op === Op.StoreClosure) reach(one.args[0].value, one.value, true)
    }
    return program.functions.map(body => ({
        body,
        captured: captured.get(body.index)!,
        volatile: written.get(body.index)!,
        hasTry: body.code.some(one => one.op === Op.Try),
    }))
}
