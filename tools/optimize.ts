import { encodeFunction, Op } from "./bytecode"
import { decodeImage, encodeImage, eachExpression, type FunctionCode, type Program } from "./bytecode-image"
import { type Context } from "./bytecode-flow"
import { dropDeadStores, forwardStores, propagateCopies } from "./bytecode-locals"
import { dropUnreachable, invertJumps, simplifyExpressions, threadJumps } from "./bytecode-jumps"

/** An optimized image. */
export interface Optimized {
    image: Uint8Array
    /** By index in the optimized image: its index in the original, and its bytes of code. */
    functions: { from: number; codeBytes: number }[]
    /** Where the code ends in the image. */
    codeEnd: number
}

const codeSize = (body: FunctionCode): number => encodeFunction(body.code).length

/** By function: the functions whose code makes it a closure of theirs. */
function contexts(program: Program): Context[] {
    const makers = new Map<number, Set<number>>()
    for (const body of program.functions)
        eachExpression(body.code, one => {
            if (one.op !== Op.MakeClosure) return
            makers.set(one.value, (makers.get(one.value) ?? new Set<number>()).add(body.index))
        })
    const captured = new Map(program.functions.map(body => [body.index, new Set<number>()]))
    for (const body of program.functions) {
        const reach = (level: number, slot: number) => {
            let owners = new Set([body.index])
            for (; level > 0; level--)
                owners = new Set([...owners].flatMap(owner => [...(makers.get(owner) ?? [])]))
            for (const owner of owners) captured.get(owner)!.add(slot)
        }
        eachExpression(body.code, one => {
            if (one.op === Op.LoadClosure) reach(one.args[0].value, one.value)
        })
        for (const one of body.code) if (one.op === Op.StoreClosure) reach(one.args[0].value, one.value)
    }
    return program.functions.map(body => ({
        body,
        captured: captured.get(body.index)!,
        hasTry: body.code.some(one => one.op === Op.Try),
    }))
}

function optimizeFunction(context: Context): void {
    for (let turn = 0, changed = true; changed && turn < 50; turn++) {
        changed = false
        changed = simplifyExpressions(context) || changed
        changed = threadJumps(context) || changed
        changed = invertJumps(context) || changed
        changed = dropUnreachable(context) || changed
        changed = propagateCopies(context, { locals: true }) || changed
        changed = dropDeadStores(context) || changed
        changed = forwardStores(context) || changed
    }
}

export function optimize(image: Uint8Array): Optimized {
    const program = decodeImage(image)
    const sizes = () => program.functions.reduce((s, f) => s + Math.ceil(codeSize(f) / 4) * 4, 0)
    console.log(sizes())
    for (const context of contexts(program)) optimizeFunction(context)
    console.log(sizes())
    return encodeImage(program)
}
