import { compare, differs } from "./compare"
import { printed, smaller, type Source } from "./source"

/** Candidates per image. */
const AT_ONCE = 16
const NAME = /\b(?:local|global|it|closure|helper|leaf|worker|unused|Class|i)\d+\b/g

/** True if every name of the program is declared: others do not compile. */
function isComplete(text: string): boolean {
    const declared = new Set(
        [...text.matchAll(/\b(?:let|const|function|class) (\w+)/g)].map(found => found[1]),
    )
    const isPassed =
        [...text.matchAll(/\bsuper\(/g)].length >= [...text.matchAll(/ extends /g)].length
    return isPassed && (text.match(NAME) ?? []).every(name => declared.has(name))
}

/** The same program under another number, so that several fit into one image. */
function renumbered(text: string, seed: number, to: number): string {
    const names = new RegExp(`\\b(a|b|c|name|value|go|run|turn|read|add)${seed}\\b`, "g")
    return text.replaceAll(`@${seed} `, `@${to} `).replace(names, `$1${to}`)
}

/** The first program that behaves differently when optimized. */
async function firstDifferent(seed: number, texts: readonly string[]): Promise<number | undefined> {
    const programs = texts.map((text, at) => ({
        seed: 9000 + at,
        text: renumbered(text, seed, 9000 + at),
    }))
    const found = await compare(programs)
    const different = [...found].filter(([, one]) => differs(one)).map(([number]) => number - 9000)
    return different.length ? Math.min(...different) : undefined
}

/**
 * Drops lines while the program still behaves differently when optimized.
 * @param seed seed in the program's log lines
 * @param images maximum of images compiled
 */
export async function shrunk(
    seed: number,
    source: readonly Source[],
    images: number,
): Promise<Source[]> {
    let best = [...source]
    let from = 0
    for (; images > 0; images--) {
        const all = smaller(best).filter(one => isComplete(printed(one)))
        if (from >= all.length) break
        const tried = all.slice(from, from + AT_ONCE)
        const found = await firstDifferent(
            seed,
            tried.map(one => printed(one)),
        )
        if (found === undefined) from += AT_ONCE
        else {
            best = tried[found]
            from = Math.max(0, from + found - 1)
        }
        // Start again, because needed lines may no longer be needed.
        if (from >= all.length && found !== undefined) from = 0
    }
    return best
}
