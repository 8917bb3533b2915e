import { contexts, type Context } from "./analysis/contexts"
import { decodeImage, encodeImage, type Encoded, type Program } from "./ir/image"
import { callMethodsDirectly } from "./passes/callmethodsdirectly"
import { constructDirectly } from "./passes/constructdirectly"
import { dropDeadStores } from "./passes/dropdeadstores"
import { dropParameters } from "./passes/dropparameters"
import { dropUnreachable } from "./passes/dropunreachable"
import { forwardStores } from "./passes/forwardstores"
import { inlineSingleCalls } from "./passes/inlinesinglecalls"
import { inlineSmallFunctions } from "./passes/inlinesmallfunctions"
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
    /** Passes that are left out, by name: what each buys is measured so. */
    without?: readonly string[]
}

/** Whether it changed anything; a pass that says nothing is not repeated. */
type FunctionPass = (context: Context, program: Program) => boolean | void
type ProgramPass = (program: Program, run: Run) => void

/** What one optimization knows besides the program. */
interface Run {
    pairs: Pair[]
    isWanted: (pass: { name: string }) => boolean
}

/** They make room for each other: again and again, until none finds anything. */
const SIMPLIFYING: readonly FunctionPass[] = [
    simplifyExpressions,
    threadJumps,
    invertJumps,
    // Behind the jumps, which leave labels and code that nobody reaches.
    dropUnreachable,
    dropDeadStores,
    forwardStores,
]

function simplify(context: Context, program: Program, run: Run): void {
    for (let changed = true; changed;) {
        changed = false
        for (const pass of SIMPLIFYING)
            if (run.isWanted(pass)) changed = pass(context, program) === true || changed
    }
}

/** As small as a function becomes by itself. */
function settle(context: Context, program: Program, run: Run): void {
    simplify(context, program, run)
    if (run.isWanted(shareLocals)) shareLocals(context)
    simplify(context, program, run)
}

const each =
    (work: (context: Context, program: Program, run: Run) => void): ProgramPass =>
    (program, run) => {
        for (const context of contexts(program)) work(context, program, run)
    }

interface Step {
    name: string
    /** Why it stands here. */
    reason: string
    run: ProgramPass
}

const STEPS: readonly Step[] = [
    {
        name: "poolNumbers",
        reason: "first, as what a constant costs decides later where it is copied to",
        run: poolNumbers,
    },
    {
        name: "callMethodsDirectly",
        reason: "before anything is moved: the analysis knows the compiler's code; `this` becomes a parameter",
        run: callMethodsDirectly,
    },
    {
        name: "singletonsToGlobals",
        reason: "behind the direct calls: the `this` of a singleton is a global then, and its parameter unread",
        run: singletonsToGlobals,
    },
    {
        name: "constructDirectly",
        reason: "behind both: they know a class by its `new`, and take its methods out of the prototype",
        run: constructDirectly,
    },
    {
        name: "simplify",
        reason: "so that parameters are unread where only dead code reads them",
        run: each(simplify),
    },
    {
        name: "dropParameters",
        reason: "before functions are inlined: a call with fewer arguments is a smaller one",
        run: program => dropParameters(program, contexts(program)),
    },
    {
        name: "settle alone",
        reason: "small functions are inlined sooner and need fewer locals of their caller",
        run: each(settle),
    },
    {
        name: "inlineSingleCalls",
        reason: "before small functions: what has one caller goes at no cost",
        run: inlineSingleCalls,
    },
    {
        name: "settle in their callers",
        reason: "arguments are locals now, and returns jumps",
        run: each(settle),
    },
    {
        name: "inlineSmallFunctions",
        reason: "behind that, as it compares bytes before and after",
        run: (program, run) =>
            inlineSmallFunctions(program, contexts(program), one => settle(one, program, run)),
    },
    {
        name: "pairFunctions",
        reason: "behind all inlining: only functions that stay are worth a partner",
        run: (program, run) => (run.pairs = pairFunctions(program)),
    },
    {
        name: "storeInReturnValue",
        reason: "once, behind what could not see through it",
        run: each(context => {
            storeInReturnValue(context)
        }),
    },
    {
        name: "orderGlobals",
        reason: "when it is known how often each is used",
        run: orderGlobals,
    },
    {
        name: "useBothStringTables",
        reason: "the same for strings",
        run: program => useBothStringTables(program),
    },
    {
        name: "namePairs",
        reason: "last, as it adds strings that code does not use",
        run: (program, run) => namePairs(program, run.pairs),
    },
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
    for (const step of STEPS) {
        if (without.has(step.name)) continue
        step.run(program, run)
        report(step.name)
    }
    return encodeImage(program)
}
