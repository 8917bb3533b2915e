import { type FunctionCode, type Program, Section, concatenated } from "../ir/image"
import { appendUtf8Strings, asciiText, isAsciiName, stringIndex, utf8Name } from "../ir/strings"

const BETWEEN_NAMES = new TextEncoder().encode("|")

/**
 * Functions made of two show both names in stack traces, as far as these are in the program's own
 * table.
 *
 * Needs: the pairs of `pairFunctions`.
 * Keeps: the numbers of all strings.
 */
export function namePairs(
    program: Program,
    functions: readonly { body: FunctionCode; names: number[] }[],
): void {
    const first = program.sections[Section.Utf8Strings].length / 4
    const texts = functions.map(({ names }) => {
        const parts = names.filter(isAsciiName).map(one => asciiText(program, stringIndex(one)))
        return concatenated(parts.flatMap((part, at) => (at ? [BETWEEN_NAMES, part] : [part])))
    })
    appendUtf8Strings(program, texts)
    functions.forEach(({ body }, index) => (body.name = utf8Name(first + index)))
}
