import { type Context, contexts } from "./analysis/contexts"
import { type Encoded, type Program, decodeImage, encodeImage } from "./ir/image"
import { cacheInReturnValue } from "./passes/cacheinreturnvalue"
import { callDirectly } from "./passes/calldirectly"
import { dropDeadStores } from "./passes/dropdeadstores"
import { dropParameters } from "./passes/dropparameters"
import { dropUnreachable } from "./passes/dropunreachable"
import { forwardStores } from "./passes/forwardstores"
import { groupMethods } from "./passes/groupmethods"
import { inlineCalls } from "./passes/inlinecalls"
import { inlineCopies } from "./passes/inlinecopies"
import { invertJumps } from "./passes/invertjumps"
import { mergeTails } from "./passes/mergetails"
import { nameFunctions } from "./passes/namepairs"
import { orderGlobals } from "./passes/orderglobals"
import { pairFunctions } from "./passes/pairfunctions"
import { poolNumbers } from "./passes/poolnumbers"
import { propagateCopies } from "./passes/propagatecopies"
import { assignSlots } from "./passes/sharelocals"
import { shareReturns } from "./passes/sharereturns"
import { simplifyExpressions } from "./passes/simplifyexpressions"
import { spreadSingletons } from "./passes/singletonstoglobals"
import { spreadStrings } from "./passes/spreadstrings"
import { storeFirst } from "./passes/storefirst"
import { threadJumps } from "./passes/threadjumps"

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
