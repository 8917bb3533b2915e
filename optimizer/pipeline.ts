import { contexts, type Context } from "./analysis/contexts"
import { decodeImage, encodeImage, type Encoded, type Program } from "./ir/image"
import { callMethodsDirectly } from "./passes/callmethodsdirectly"
import { constructDirectly } from "./passes/constructdirectly"
import { dropDeadStores } from "./passes/dropdeadstores"
import { dropParameters } from "./passes/dropparameters"
import { dropUnreachable } from "./passes/dropunreachable"
import { forwardStores } from "./passes/forwardstores"
import { inlineFunctions } from "./passes/inlinefunctions"
import { invertJumps } from "./passes/invertjumps"
import { namePairs } from "./passes/namepairs"
import { orderGlobals } from "./passes/orderglobals"
import { pairFunctions, type Pair } from "./passes/pairfunctions"
import { poolNumbers } from "./passes/poolnumbers"
import { shareLocals } from "./passes/sharelocals"
import { simplifyExpressions } from "./passes/simplifyexpressions"
import { singletonsToGlobals } from "./passes/singletonstoglobals"
import { storeInReturnValue } from "./passes/storeinreturnvalue"
import { threadJumps } from "./passes/threadjumps"
import { useBothStringTables } from "./passes/usebothstringtables"

export interface OptimizerOptions {
    /** Hears where the code ends after each step. */
    report?: (step: string, codeEnd: number) => void
    /** Passes to leave out, by name, to measure what they buy. */
    without?: readonly string[]
}

/** Whether it changed anything. */
type FunctionPass = (context: Context) => boolean

/** The state of one optimization besides the program. */
interface Run {
    pairs: Pair[]
    isWanted: (pass: { name: string }) => boolean
}

/** They make room for each other, so they are repeated until none finds anything. */
const SIMPLIFYING: readonly FunctionPass[] = [
    simplifyExpressions,
    threadJumps,
    invertJumps,
    // Behind the jumps, which leave labels and code that nothing reaches.
    dropUnreachable,
    dropDeadStores,
    forwardStores,
]

function simplify(context: Context, run: Run): void {
    const passes = SIMPLIFYING.filter(run.isWanted)
    for (let changed = true; changed;) changed = passes.map(pass => pass(context)).includes(true)
}

/** As small as a function becomes without others. */
function settle(context: Context, run: Run): void {
    simplify(context, run)
    if (run.isWanted(shareLocals)) shareLocals(context)
    simplify(context, run)
}

const each =
    (work: (context: Context, run: Run) => void) =>
    (program: Program, run: Run): void => {
        for (const context of contexts(program)) work(context, run)
    }

/** In this order, each with the reason for its place. */
const STEPS: readonly [name: string, step: (program: Program, run: Run) => void][] = [
    // First, as it decides what a constant costs.
    ["poolNumbers", poolNumbers],
    // Before anything is moved: the analysis knows the compiler's code. `this` becomes a parameter.
    ["callMethodsDirectly", callMethodsDirectly],
    // Behind the direct calls: a singleton's `this` is a global then, and its parameter unread.
    ["singletonsToGlobals", singletonsToGlobals],
    // Behind both: they know a class by its `new`, and take its methods out of the prototype.
    ["constructDirectly", constructDirectly],
    // So that parameters are unread that only dead code reads.
    ["simplify", each(simplify)],
    // Before functions are inlined: a call with fewer arguments is a smaller one.
    ["dropParameters", program => dropParameters(program, contexts(program))],
    // Small functions are inlined sooner, and need fewer locals of their callers.
    ["settle alone", each(settle)],
    // Behind that, as it compares bytes before and after.
    [
        "inlineFunctions",
        (program, run) => inlineFunctions(program, contexts(program), one => settle(one, run)),
    ],
    // Behind all inlining: only functions that stay are worth a partner.
    ["pairFunctions", (program, run) => (run.pairs = pairFunctions(program))],
    // Once, behind all passes that could not see through it.
    ["storeInReturnValue", each(storeInReturnValue)],
    // When it is known how often each is used.
    ["orderGlobals", orderGlobals],
    // The same for strings.
    ["useBothStringTables", program => useBothStringTables(program)],
    // Last, as it adds strings that code does not use.
    ["namePairs", (program, run) => namePairs(program, run.pairs)],
]

/**
 * The same program in fewer bytes of code. The runtime takes no more than 64 KiB of it, and the
 * compiler writes every jump in its longest form and every value into a local of its own. Stack
 * traces name the functions that are left; what the program does, and in which order, stays the
 * same.
 * @throws Error when the image is not one that DeviceScript 2.16 compiled
 */
export function optimize(image: Uint8Array, options: OptimizerOptions = {}): Encoded {
    const without = new Set(options.without)
    const run: Run = { pairs: [], isWanted: pass => !without.has(pass.name) }
    const program = decodeImage(image)
    const report = (name: string) => options.report?.(name, encodeImage(program).codeEnd)
    report("the compiler, numbers in the best order")
    for (const [name, step] of STEPS) {
        if (without.has(name)) continue
        step(program, run)
        report(name)
    }
    return encodeImage(program)
}
