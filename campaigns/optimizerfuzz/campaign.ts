import { compare, differs, type Comparison } from "./compare"
import { randomProgram } from "./generator"
import { printed } from "./source"

/** Programs per image: more do not fit before optimization. */
const AT_ONCE = 12

/** Constructs that the programs must cover. */
const CONSTRUCTS: Record<string, RegExp> = {
    "derived classes": / extends /,
    "methods looked up by name": /\.(go|run|turn|read|add)\d*\(/,
    "detached methods": /f\(.*\)\)\(.*\.(go|run|turn|read|add)\d*\)/,
    closures: /const closure\d+ =/,
    fibers: /worker\d+\.start\(/,
    "errors thrown": /throw /,
    "`finally`": /finally/,
    "names made at run time": /\[key\(/,
    "`delete`": /delete /,
    loops: /\bfor \(/,
    "objects as strings": / look /,
}

export interface FuzzCounts {
    programs: number
    /** Programs that run unoptimized: the others exceed a limit of the runtime. */
    compared: number
    lines: number
    /** Number of programs by construct. */
    constructs: Record<string, number>
    different: { seed: number; comparison: Comparison }[]
}

/** Compares this many random programs unoptimized and optimized, without the named passes. */
export async function fuzz(
    firstSeed: number,
    programs: number,
    progress: (counts: FuzzCounts) => void = () => undefined,
    without: readonly string[] = [],
): Promise<FuzzCounts> {
    const counts: FuzzCounts = { programs: 0, compared: 0, lines: 0, constructs: {}, different: [] }
    for (const name of Object.keys(CONSTRUCTS)) counts.constructs[name] = 0
    while (counts.programs < programs) {
        const seed = firstSeed + counts.programs
        const count = Math.min(AT_ONCE, programs - counts.programs)
        const batch = Array.from({ length: count }, (_, at) => ({
            seed: seed + at,
            text: printed(randomProgram(seed + at)),
        }))
        const found = await compare(batch, without)
        counts.programs += count
        for (const one of batch) {
            const comparison = found.get(one.seed)
            if (!comparison) continue
            counts.compared++
            counts.lines += comparison.plain.length
            for (const [name, pattern] of Object.entries(CONSTRUCTS))
                if (pattern.test(one.text)) counts.constructs[name]++
            if (differs(comparison)) counts.different.push({ seed: one.seed, comparison })
        }
        progress(counts)
    }
    return counts
}
