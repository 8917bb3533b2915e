import { beforeAll, describe, expect, it } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { runWild } from "./campaign"

// A part of the campaign that `npm run wildservers` runs in full.

let imagePath: string

beforeAll(async () => {
    imagePath = (await firmware(readManifest().entries.simulator)).imagePath
})

describe("the firmware in the VM with servers that do anything", () => {
    it.each([
        ["sixty of them", 1, 60],
        // A text of cut characters caused PANIC 60129 at number 277.
        ["Latin-1 in pieces", 251, 30],
        // The task watchdog triggered.
        ["line feeds without an end", 2657, 1],
    ])("%s: no panic, a record per second, and an honest server gets all", async (...row) => {
        const [, first, count] = row
        const { behaviours, violations, failed } = await runWild(imagePath, first, count)
        expect(violations).toEqual([])
        expect(behaviours).toBe(count)
        expect(failed).toBeGreaterThan(0)
    })
})
