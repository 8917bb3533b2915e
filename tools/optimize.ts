import { Op } from "./bytecode"
import {
    decodeImage,
    encodeImage,
    eachExpression,
    type Encoded,
    type Program,
} from "./bytecode-image"
import { type Context } from "./bytecode-flow"
import { dropDeadStores, forwardStores, propagateCopies } from "./bytecode-locals"
import { assignSlots } from "./bytecode-slots"
import { mergeTails, shareReturns } from "./bytecode-tails"
import { inlineCalls } from "./bytecode-inline"
import { cacheInReturnValue, groupMethods } from "./bytecode-retval"
import { dropUnreachable, invertJumps, simplifyExpressions, threadJumps } from "./bytecode-jumps"

/** Each function with the slots that closures made in it use. */
function contexts(program: Program): Context[] {
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

/** The passes that make room for each other, until none finds anything. */
function simplify(context: Context): void {
    for (let changed = true; changed;) {
        changed = simplifyExpressions(context)
        changed = threadJumps(context) || changed
        changed = invertJumps(context) || changed
        changed = dropUnreachable(context) || changed
        changed = propagateCopies(context) || changed
        changed = dropDeadStores(context) || changed
        changed = forwardStores(context) || changed
    }
}

/** What is done once, as the passes above would undo it. */
function finish(context: Context, program: Program): void {
    groupMethods(context, program)
    cacheInReturnValue(context)
    shareReturns(context)
    mergeTails(context)
    dropUnreachable(context)
}

/**
 * The same program in fewer bytes of code. The runtime takes no more than 64 KiB of it, and the compiler writes every
 * jump in its longest form and every value into a local of its own. Stack traces name the functions that are left; what
 * the program does, and in which order, stays the same.
 * @throws Error when the image is not one that DeviceScript 2.16 compiled
 */
export function optimize(image: Uint8Array): Encoded {
    const program = decodeImage(image)
    for (const context of contexts(program)) simplify(context)
    inlineCalls(program)
    for (const context of contexts(program)) {
        simplify(context)
        assignSlots(context)
        simplify(context)
        assignSlots(context)
        finish(context, program)
    }
    return encodeImage(program)
}
