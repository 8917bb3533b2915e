import { Catalog } from "./catalog"
import type { Completer } from "./completer"
import { helpOn } from "./help"
import { manual } from "./manual"
import { suggestion } from "./suggestion"
import type { LineResult } from "./transport"

/** The board's side of a person's line. */
export interface Assisted {
    completer: Completer
    /** Runs a line on the board and prints its output. */
    run(line: string): Promise<LineResult>
    print(text: string): void
}

const helpLine = /^\s*help(?:\s+(.*))?$/

/** The catalog for a board that has not described its commands. */
const unaskedCatalog = new Catalog(
    manual.flatMap(([, entries]) =>
        entries.map(({ words }) => ({ words: words.split(" "), arguments: [] })),
    ),
)

/** Carries out a person's line: `help` adds the manual's text, a refused line a suggestion. */
export async function carryOut(line: string, board: Assisted): Promise<LineResult> {
    const { completer, run, print } = board
    if (completer.inBlock) return await run(line)
    const topic = helpLine.exec(line)
    if (topic) {
        const about = topic[1] ?? ""
        // Settings are known only after the board has described itself, which takes seconds.
        const help =
            helpOn(about, completer.catalog ?? unaskedCatalog) ??
            helpOn(about, (await completer.known()) ?? unaskedCatalog)
        if (help) {
            const result = help.line === undefined ? { status: 0 } : await run(help.line)
            if (result.status === 0 && help.text !== "") print(help.text + "\n")
            return result
        }
    }
    const result = await run(line)
    const near =
        result.status === 0 ? undefined : suggestion(line, completer.catalog ?? unaskedCatalog)
    if (near !== undefined) print(near + "\n")
    return result
}
