import { type Expression, eachExpression, rewrite } from "../ir/code"
import { GREATEST_SHORT_NUMBER } from "../ir/codec"
import { type Program } from "../ir/image"

// What is named by a number of one byte: as many of each kind.
export const SHORT_NUMBERS = GREATEST_SHORT_NUMBER + 1

export function rewriteAll(program: Program, change: (one: Expression) => Expression): void {
    for (const { code } of program.functions)
        for (const one of code) one.args = one.args.map(arg => rewrite(arg, change))
}

/** What is counted by `keyOf`, the greatest sum of weights first. */
export function ranked(
    program: Program,
    keyOf: (one: Expression) => number | undefined,
    weight: (key: number) => number,
): number[] {
    const sums = new Map<number, number>()
    for (const { code } of program.functions)
        eachExpression(code, one => {
            const key = keyOf(one)
            if (key !== undefined) sums.set(key, (sums.get(key) ?? 0) + weight(key))
        })
    return [...sums].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([key]) => key)
}
