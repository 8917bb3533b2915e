import { decodeImage, encodeImage, type Encoded, type Program } from "./bytecode-image"
import { contexts } from "./bytecode-contexts"
import { type Context } from "./bytecode-flow"
import { dropDeadStores, forwardStores, propagateCopies } from "./bytecode-locals"
import { assignSlots } from "./bytecode-slots"
import { mergeTails, shareReturns } from "./bytecode-tails"
import { storeFirst } from "./bytecode-choices"
import { inlineCopies } from "./bytecode-copies"
import { inlineCalls } from "./bytecode-inline"
import { pairFunctions } from "./bytecode-pairs"
import { dropParameters } from "./bytecode-params"
import { orderGlobals } from "./bytecode-globals"
import { spreadSingletons } from "./bytecode-singletons"
import { nameFunctions, poolNumbers, spreadStrings } from "./bytecode-tables"
import { callDirectly } from "./bytecode-direct"
import { cacheInReturnValue, groupMethods } from "./bytecode-retval"
import { dropUnreachable, invertJumps, simplifyExpressions, threadJumps } from "./bytecode-jumps"

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

function settle(context: Context): void {
    for (let round = 0; round < 2; round++) {
        simplify(context)
        assignSlots(context)
    }
    storeFirst(context)
    simplify(context)
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
    poolNumbers(program)
    callDirectly(program)
    spreadSingletons(program)
    const all = contexts(program)
    all.forEach(simplify)
    dropParameters(program, all)
    for (const context of all) {
        simplify(context)
        storeFirst(context)
        simplify(context)
        assignSlots(context)
    }
    inlineCalls(program)
    const inlined = contexts(program)
    inlined.forEach(settle)
    inlineCopies(program, inlined, settle)
    const pairs = pairFunctions(program)
    for (const context of contexts(program)) {
        settle(context)
        finish(context, program)
    }
    orderGlobals(program)
    spreadStrings(program)
    nameFunctions(program, pairs)
    return encodeImage(program)
}
