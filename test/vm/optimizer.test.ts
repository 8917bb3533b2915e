import { describe, expect, it } from "vitest"
import { fuzz } from "../../campaigns/optimizerfuzz/campaign"
import { compare } from "../../campaigns/optimizerfuzz/compare"
import { shortest } from "./optimizer/shortest"

// These programs run plain and optimized in the runtime and must log the same.

describe("the shortest programs that an optimizer may get wrong", () => {
    // Each has its own image: in a larger program less is known, and less goes wrong.
    it.each(shortest)("$title", async ({ text }) => {
        const found = await compare([{ seed: 0, text: wholeProgram(text, 0) }])
        const { plain, optimized } = found.get(0)!
        expect(plain.length).toBeGreaterThan(0)
        expect(optimized).toEqual(plain)
    })
})

describe("random programs", () => {
    it("100 of them log the same and use every construct", async () => {
        const { compared, lines, constructs, different } = await fuzz(5001, 100)
        expect(different).toEqual([])
        expect(compared).toBeGreaterThan(90)
        expect(lines).toBeGreaterThan(1500)
        expect(Object.entries(constructs).filter(([, programs]) => programs < 5)).toEqual([])
    })
})

function wholeProgram(text: string, seed: number): string {
    return [
        'import * as ds from "@devicescript/core"',
        `function log(line: string) { console.log("@${seed} " + line) }`,
        text,
    ].join("\n")
}
