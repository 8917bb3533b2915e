import type { Setting } from "./description"
import type { Ran } from "../board/messages"
import { setLine } from "./forms"

/** The result of sent changes. */
export interface Outcome {
    done: boolean
    /** The board's messages by key. */
    refusals: Map<string, string>
    /** Its message about all of them. */
    message: string
}

/** The board's words without the common prefix of refusals. */
export function refusalOf(text: string): string {
    return text
        .trim()
        .replace(/^error: /, "")
        .replace(/^line \d+: /, "")
}

/**
 * Sends changes as one block, all or nothing.
 * @param run one console line; the block belongs to its console
 */
export async function sendChanges(
    changes: ReadonlyMap<string, string>,
    run: (line: string) => Promise<Ran>,
): Promise<Outcome> {
    const refusals = new Map<string, string>()
    const begun = await run("import")
    if (begun.status !== 0) return { done: false, refusals, message: refusalOf(begun.text) }
    for (const [key, value] of changes) {
        const { status, text } = await run(setLine(key, value))
        if (status !== 0) refusals.set(key, refusalOf(text))
    }
    if (refusals.size > 0) {
        await run("abort")
        return { done: false, refusals, message: "" }
    }
    const ended = await run("end")
    if (ended.status === 0) return { done: true, refusals, message: ended.text.trim() }
    const message = refusalOf(ended.text)
    // Related limits are refused at the end, by the name of one of them.
    const named = [...changes.keys()].find(key => message.includes(key))
    if (named) refusals.set(named, message)
    return { done: false, refusals, message }
}

/** A file's changes that the board does not have yet. */
export function newOnly(
    changes: ReadonlyMap<string, string>,
    settings: readonly Setting[],
): Map<string, string> {
    const have = new Map(settings.map(one => [one.key, one.value]))
    return new Map([...changes].filter(([key, value]) => have.get(key) !== value))
}
