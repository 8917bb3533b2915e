import { readFileSync, writeFileSync } from "node:fs"
import { beforeAll, describe, expect, it } from "vitest"
import { outcomeOf } from "../../support/cardtraits"
import { traitRows } from "../../support/cardtraitrows"

// What cards are reported to do, one trait at a time: a start, 200 records, and a file that is read
// now and then. BMS_WRITE_DOCS=1 npx vitest run test/system/cards/cardtraits.test.ts rewrites
// docs/reference/card-traits.md.

const documentPath = "docs/reference/card-traits.md"
const marker = "| trait | before | now |"

describe("a card with a trait", () => {
    /** In the order of the page. */
    const outcomes = new Map<string, Awaited<ReturnType<typeof outcomeOf>>>()

    beforeAll(async () => {
        for (const row of traitRows) outcomes.set(row.trait, await outcomeOf(row))
    })

    it("works when it has none", async () => {
        const outcome = { text: "works", wrong: 0, records: 200, firstSeconds: 1 }
        expect(await outcomeOf({})).toEqual(outcome)
    })

    for (const row of traitRows)
        it(`${row.trait}: ${row.says ?? "works"}`, () => {
            const { text, wrong, records, firstSeconds } = outcomes.get(row.trait)!
            // The board first searches for its backup: six blocks of at most 0.95 s each.
            expect(firstSeconds).toBeLessThanOrEqual(7)
            expect(text).not.toContain("tables or directories")
            if (row.says !== undefined) expect(text).toContain(row.says)
            else if (row.residual) expect(text).toMatch(/^0 records wrong, \d of 20 reads/)
            else {
                expect(text).toMatch(/^works(, at \d+ MHz)?$/)
                expect(wrong).toBe(0)
                expect(records).toBeGreaterThanOrEqual(200)
            }
        })

    it("matches docs/reference/card-traits.md", () => {
        const rows = traitRows.map(
            ({ trait, before }) => `| ${trait} | ${before} | ${outcomes.get(trait)!.text} |`,
        )
        const text = readFileSync(documentPath, "utf8")
        const start = text.indexOf(marker)
        const table = [marker, "|---|---|---|", ...rows].join("\n")
        const end = text.indexOf("\n\n", start)
        const written = text.slice(0, start) + table + text.slice(end < 0 ? text.length : end)
        if (process.env.BMS_WRITE_DOCS === "1") writeFileSync(documentPath, written)
        else expect(text).toBe(written)
    })
})
