import { expect, test } from "vitest"
import { ShellCampaign } from "./shellcampaign"

// Sends console lines of every kind, right, nearly right and absurd, to the real shell over all the
// real parts. "npm run consolefuzz" sends more of them.

const lineCount = 20_000

test(
    `${lineCount} lines: all are answered, none crashes or leaks, refused ones change nothing`,
    { timeout: 120_000 },
    async () => {
        const counts = await new ShellCampaign(6).run(lineCount)
        expect(counts.done + counts.refused).toBe(lineCount)
        expect(counts.done).toBeGreaterThan(lineCount / 5)
        expect(counts.refused).toBeGreaterThan(lineCount / 5)
        expect(counts.changed).toBeGreaterThan(lineCount / 50)
        expect(counts.resets).toBeGreaterThan(10)
    },
)
