import { expect, test } from "vitest"
import { Chain } from "./campaign"
import { formatFlashCuts } from "./report"
import { firmwarePath } from "./rig"

// Part of the campaign; `npm run flashcut` runs all of it.

test("after a power cut at any moment every acknowledged setting and entry is there, others are old or new", async () => {
    const chain = new Chain(await firmwarePath(), 25)
    await chain.run(25)
    const { counts } = chain
    expect(counts.violations, formatFlashCuts(counts, 1)).toEqual([])
    expect(counts.cuts).toBeGreaterThanOrEqual(25)
    // The campaign has covered enough.
    expect(counts.settingsAcknowledged).toBeGreaterThan(20)
    expect(counts.entriesAcknowledged).toBeGreaterThan(5)
    expect(counts.settingsInFlight + counts.entriesInFlight).toBeGreaterThan(2)
})
