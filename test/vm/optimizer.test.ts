import { beforeAll, describe, expect, it } from "vitest"
import { compare, type Comparison } from "../optimizerfuzz/compare"
import { shortest } from "./optimizer/shortest"

// Programs that run plain and optimized in the runtime, and must log the same.

describe("the shortest programs that were once optimized wrongly", () => {
    let found: Map<number, Comparison>

    beforeAll(async () => {
        const programs = shortest.map(({ text }, seed) => ({ seed, text: wholeProgram(text, seed) }))
        found = await compare(programs)
    })

    it.each(shortest.map(({ title }, seed) => ({ title, seed })))("$title", ({ seed }) => {
        const { plain, optimized } = found.get(seed)!
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
