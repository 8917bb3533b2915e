import { beforeAll, describe, expect, it } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { runWild } from "./campaign"

// Part of the campaign; `npm run wildservers` runs all of it.

let imagePath: string

beforeAll(async () => {
    imagePath = (await firmware(readManifest().entries.simulator)).imagePath
})

describe("the firmware in the VM at servers that do anything", () => {
    it.each([
        ["sixty of them", 1, 60],
        // Text with cut characters caused PANIC 60129 at number 277.
        ["Latin-1 in pieces", 251, 30],
        // The task watchdog triggered.
        ["line feeds without an end", 2657, 1],
    ])("%s: no panic, a record each second, and an honest server gets all", async (...row) => {
        const [, first, count] = row
        const { behaviours, violations, failed } = await runWild(imagePath, first, count)
        expect(violations).toEqual([])
        expect(behaviours).toBe(count)
        expect(failed).toBeGreaterThan(0)
    })
})
