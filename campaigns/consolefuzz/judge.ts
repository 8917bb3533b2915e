import type { FuzzLine } from "./lines"

/** Commands that may change a setting. */
export const changing = /^ *"?(set|defaults|end|reset|passwd)\b/
/** Signs of a program bug in a message. */
const bug =
    /undefined|\bnull\b|NaN|\[object|Cannot |is not a function|not iterable|TypeError|RangeError/
const outputBytesMax = 64 * 1024
const refusalBytesMax = 1000

/** The effect of one line. */
export interface Outcome {
    done: boolean
    text: string
    /** The settings before and after. */
    before: string
    after: string
    /** The line was part of an import block: it prints nothing unless it is wrong. */
    inBlock: boolean
}

/** The fault in a line's effect; undefined if there is none. */
export function complaint(fuzzed: FuzzLine, line: string, outcome: Outcome): string | undefined {
    const { done, text } = outcome
    const changed = outcome.before !== outcome.after
    const lines = text.split("\n")
    const silent = outcome.inBlock || /^ *($|#|""|"#)/.test(line)
    if (text !== "" && lines.pop() !== "") return "the output does not end its last line"
    if (done && /[\p{Cc}\ufffd]/u.test(line)) return "a line that is not text was accepted"
    if (!done && changed) return "a refused line has changed a setting"
    if (changed && !changing.test(line)) return "a line that only shows something changed a setting"
    if (!done && !/^error: ./s.test(lines.at(-1) ?? "")) return "a refusal without a reason"
    if (!done && lines.at(-1)!.length > refusalBytesMax) return "a refusal that is far too long"
    if (done && text === "" && !silent) return "no answer"
    if (text.length > outputBytesMax) return "an output that is far too long"
    if (fuzzed.secret && text.includes(fuzzed.secret)) return "a secret was printed"
    // A file of the card is printed unchanged, whatever it contains.
    if (done && /^card (cat|tail)/.test(line)) return undefined
    // Typed text may be echoed, with a "?" for each such character.
    if (/[^\P{Cc}\n]/u.test(text)) return "control characters in the output"
    const own = lines.filter(
        one => !/undefined|null|NaN|Cannot|object/i.test(line) && bug.test(one),
    )
    return own.length > 0 ? "a message that shows a bug: " + own[0] : undefined
}
