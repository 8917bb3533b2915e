import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { type Bound, measureBounds } from "../../bench/bounds"
import { type Crowd, crowdedCard } from "../support/crowdedcard"

// Compares docs/reference/bounds.md with the firmware's own loops at the ESP32's speed.

const mebibytes = 61_000
const crowd: Crowd = { mebibytes, rootFiles: 3000, logFiles: 3000, historyLines: 365 }
/** Clusters of 32 KiB per day at one record per second. */
const dayClusters = 264

/** Name, held and took of the rows measured on this card. */
function documented(card: string) {
    const page = readFileSync("docs/reference/bounds.md", "utf8")
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| .* \| (\d+) \| ([\d.]+) \|$/gm)]
    return rows
        .filter(row => row[2] === card)
        .map(([, name, , held, took]) => ({ name, held, took }))
}

function compare(card: string, bounds: Bound[]): void {
    const shown = bounds
        .map(
            one =>
                `${one.name} ${one.heldMs} ${one.tookMs} ${one.sectorReads} ${one.failure ?? ""}`,
        )
        .join("\n")
    const rows = documented(card)
    expect(rows.length, shown).toBeGreaterThan(1)
    for (const { name, held, took } of rows) {
        const bound = bounds.find(one => one.name === name)!
        expect(bound, name).toBeDefined()
        expect(bound.heldMs, shown).toBeLessThanOrEqual(500)
        // The page rounds its figures, and code may become a little slower.
        expect(bound.heldMs, shown).toBeLessThanOrEqual(Number(held) * 1.25 + 10)
        expect(bound.tookMs, shown).toBeLessThanOrEqual(Number(took) * 1250 + 100)
    }
}

test("a crowded 64 GB card keeps the documented bounds", { timeout: 300_000 }, async () => {
    const bounds = await measureBounds(
        await crowdedCard({ ...crowd, longClusters: dayClusters }),
        "esp32",
    )
    for (const { name, failure } of bounds) expect(failure, name).toBeUndefined()
    compare("crowded", bounds)
})

test(
    "a full 64 GB card without a hint to its last free clusters keeps the documented bounds",
    { timeout: 300_000 },
    async () => {
        const bounds = await measureBounds(
            await crowdedCard({ ...crowd, longClusters: 3000, free: 40 }),
            "esp32",
        )
        compare("full", bounds)
    },
)
