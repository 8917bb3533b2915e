import { describe, expect, it } from "vitest"
import { compare } from "../optimizerfuzz/compare"
import { shortest } from "./optimizer/shortest"

// Programs that run plain and optimized in the runtime, and must log the same.

describe("the shortest programs that were once optimized wrongly", () => {
    // Each in an image of its own: in a larger program less is known, and less goes wrong.
    it.each(shortest)("$title", async ({ text }) => {
        const found = await compare([{ seed: 0, text: wholeProgram(text, 0) }])
        const { plain, optimized } = found.get(0)!
        expect(plain.length).toBeGreaterThan(0)
        expect(optimized).toEqual(plain)
    })
})

function wholeProgram(text: string, seed: number): string {
    return [
        'import * as ds from "@devicescript/core"',
        `function log(line: string) { console.log("@${seed} " + line) }`,
        text,
    ].join("\n")
}
