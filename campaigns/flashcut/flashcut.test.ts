import { expect, test } from "vitest"
import { Chain } from "./campaign"
import { formatFlashCuts } from "./report"
import { firmwarePath } from "./rig"

// A part of the campaign that `npm run flashcut` runs in full.

test("after any power cut acknowledged settings and entries are there, others are old or new", async () => {
    const chain = new Chain(await firmwarePath(), 25)
    await chain.run(25)
    const { counts } = chain
    expect(counts.violations, formatFlashCuts(counts, 1)).toEqual([])
    expect(counts.cuts).toBeGreaterThanOrEqual(25)
    // The campaign did something.
    expect(counts.settingsAcknowledged).toBeGreaterThan(20)
    expect(counts.entriesAcknowledged).toBeGreaterThan(5)
    expect(counts.settingsInFlight + counts.entriesInFlight).toBeGreaterThan(2)
})
