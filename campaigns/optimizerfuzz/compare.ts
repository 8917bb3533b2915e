import { optimize } from "../../optimizer/pipeline"
import { runImage } from "../../tools/verify"
import { compileSources } from "./compiler"

/** A program's log without and with the optimizer. */
export interface Comparison {
    plain: string[]
    optimized: string[]
}

export interface Program {
    seed: number
    text: string
}

const BOARD_MS = 60_000
const END = "finished"

export const differs = ({ plain, optimized }: Comparison): boolean =>
    plain.length !== optimized.length || plain.some((line, at) => line !== optimized[at])

/**
 * Compiles the programs into one image, runs it unoptimized and optimized, and sorts the logs by
 * program. If that image cannot be made or run, its halves are tried.
 * @param without passes of the optimizer to leave out
 * @returns by seed; programs that do not run unoptimized are left out
 */
export async function compare(
    programs: readonly Program[],
    without: readonly string[] = [],
): Promise<Map<number, Comparison>> {
    let plain: string[]
    let optimized: string[] | string
    try {
        const image = await compiled(programs)
        plain = await logOf(image)
        optimized = await optimizedLog(image, without)
    } catch {
        if (programs.length <= 1) return new Map()
        const middle = programs.length >> 1
        const first = await compare(programs.slice(0, middle), without)
        return new Map([...first, ...(await compare(programs.slice(middle), without))])
    }
    const own = (lines: string[], seed: number) => lines.filter(line => line.includes(`@${seed} `))
    return new Map(
        programs.map(({ seed }) => [
            seed,
            // A failure of the optimized image ends all its programs.
            {
                plain: own(plain, seed),
                optimized: typeof optimized === "string" ? [optimized] : own(optimized, seed),
            },
        ]),
    )
}

function compiled(programs: readonly Program[]): Promise<Uint8Array> {
    const texts = programs.map(one => [`p${one.seed}`, one.text] as [string, string])
    const imports = texts.map(([name]) => `import "./${name}"\n`).join("")
    return compileSources(new Map([...texts, ["main", `${imports}console.log("${END}")\n`]]))
}

/**
 * The runtime's collector randomly frees fields of arrays and buffers; their reads and writes then
 * fail, and so does `instanceof`, in a plain image too.
 */
class RuntimeFault extends Error {}
const runtimeFault = /devs_object_get_attached_rw|'devs_is_map\((proto|obj)\)' failed/

async function logOf(image: Uint8Array): Promise<string[]> {
    const { lines, panic } = await runImage(image, END, BOARD_MS)
    if (lines.some(line => runtimeFault.test(line))) throw new RuntimeFault()
    if (panic !== undefined) throw new Error(`panic ${panic}`)
    if (!lines.some(line => line.endsWith(END))) throw new Error("does not end")
    return lines.filter(line => line.startsWith("> "))
}

async function optimizedLog(
    image: Uint8Array,
    without: readonly string[],
): Promise<string[] | string> {
    try {
        return await logOf(optimize(image, { without }).image)
    } catch (failure) {
        if (failure instanceof RuntimeFault) throw failure
        return (failure as Error).message
    }
}
