import { readFileSync, writeFileSync } from "node:fs"
import { expect, test } from "vitest"
import { commandRow } from "../../src/console/commandtable"
import { keyCount, Row } from "../../src/settings/schema"
import { consolePage, documentPath, howToWrite } from "../support/consolepage"

const { text, explained } = await consolePage()
if (process.env.BMS_WRITE_DOCS === "1") writeFileSync(documentPath, text)

test(`docs/reference/console.md matches the firmware; if not: ${howToWrite}`, () => {
    expect(readFileSync(documentPath, "utf8")).toBe(text)
})

test("it explains every command once, with an example that runs it", () => {
    const words: string[] = []
    for (let row = commandRow(0); row !== ""; row = commandRow(words.length))
        words.push(row.split(";")[0])
    expect([...explained].sort()).toEqual([...words].sort())
    for (const each of words) expect(text).toMatch(new RegExp(`^bms> ${each}( |$)`, "m"))
})

test("it has every setting with its title", () => {
    for (let key = 0; key < keyCount; ++key)
        expect(text).toContain(`\n| \`${new Row(key).name}\` | ${new Row(key).title} | `)
})

test("it shows refusals, but no internal errors", () => {
    const errors = [...text.matchAll(/^error: .*$/gm)].map(([line]) => line)
    expect(errors.length).toBeGreaterThan(8)
    for (const line of errors) expect(line).not.toMatch(/undefined|NaN|Cannot|refuses the/)
    expect(text).not.toMatch(/undefined|NaN|\[object/)
})

test("a second run gives the same page", async () => {
    expect((await consolePage()).text).toBe(text)
})
