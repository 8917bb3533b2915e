import { type Expression, eachExpression } from "./code"
import { GREATEST_SHORT_NUMBER } from "./codec"
import { type Program } from "./image"
import { increment } from "./maps"

/** This many things of each kind have a number of one byte. */
export const SHORT_NUMBERS = GREATEST_SHORT_NUMBER + 1

/** How often the program's expressions have each key. */
export function countUses(
    { functions }: Program,
    keyOf: (one: Expression) => number | undefined,
): Map<number, number> {
    const uses = new Map<number, number>()
    for (const { code } of functions)
        eachExpression(code, one => {
            const key = keyOf(one)
            if (key !== undefined) increment(uses, key)
        })
    return uses
}

/** The keys with the greatest numbers first, equal ones in their own order. */
export const ranked = (keys: Iterable<number>, numberOf: (key: number) => number): number[] =>
    [...keys].sort((a, b) => numberOf(b) - numberOf(a) || a - b)
