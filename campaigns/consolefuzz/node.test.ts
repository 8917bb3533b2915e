import { expect, test } from "vitest"
import { ShellCampaign } from "./shellcampaign"

// Valid, nearly valid and absurd console lines to the real shell over all real parts. "npm run
// consolefuzz" runs more of them.

const lineCount = 20_000

test(
    `${lineCount} lines: an answer to each, no crash, nothing changed by a refused one, no memory lost`,
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
