import {
    ASCII_STRING_KIND,
    type FunctionCode,
    type Program,
    STRING_KIND_SHIFT,
    Section,
    concatenated,
} from "../ir/image"
import { UTF8_STRING_KIND, appendUtf8Strings, asciiText } from "../ir/strings"

const STRING_INDEX_MASK = (1 << STRING_KIND_SHIFT) - 1
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
        const ascii = names.filter(one => one >> STRING_KIND_SHIFT === ASCII_STRING_KIND)
        const parts = ascii.map(one => asciiText(program, one & STRING_INDEX_MASK))
        return concatenated(parts.flatMap((part, at) => (at ? [BETWEEN_NAMES, part] : [part])))
    })
    appendUtf8Strings(program, texts)
    functions.forEach(({ body }, index) => {
        body.name = (UTF8_STRING_KIND << STRING_KIND_SHIFT) | (first + index)
    })
}
