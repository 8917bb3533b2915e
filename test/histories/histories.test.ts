import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { hasTool } from "../support/tools"
import { lifeOf } from "./life"
import { mutants } from "./mutants"
import { lifeAndVerdict } from "./one"
import { shorten } from "./shorten"

const seeds = Array.from({ length: 50 }, (_, i) => i + 1)

describe.runIf(hasTool("mcopy") && hasTool("fsck.fat"))("a board's life", () => {
    it("keeps each promise, whatever happens in it", async () => {
        const { imagePath } = await firmware(readManifest().entries.simulator)
        const wrong: string[] = []
        let [records, starts, entries, events, files] = [0, 0, 0, 0, 0]
        for (const seed of seeds) {
            const { verdict } = await lifeAndVerdict(lifeOf(seed, { days: 0.5 }), imagePath)
            wrong.push(...verdict.violations.map(text => `seed ${seed}: ${text}`))
            records += verdict.recordsExpected
            starts += verdict.starts
            entries += verdict.entries
            events += verdict.events
            files += verdict.filesSent
        }
        expect(wrong).toEqual([])
        // It was no life about nothing.
        expect(records).toBeGreaterThan(3000)
        expect(starts).toBeGreaterThan(50)
        expect(entries).toBeGreaterThan(50)
        expect(events).toBeGreaterThan(entries / 2)
        expect(files).toBeGreaterThan(50)
    })

    it("is the same again from the same seed", async () => {
        const { imagePath } = await firmware(readManifest().entries.simulator)
        const life = lifeOf(7, { days: 0.5 })
        const [one, two] = [
            await lifeAndVerdict(life, imagePath),
            await lifeAndVerdict(life, imagePath),
        ]
        expect(two.evidence.seen).toEqual(one.evidence.seen)
        expect(two.verdict).toEqual(one.verdict)
    })
})

it("every fault that the judge has to find fits the firmware as it is", () => {
    expect(mutants.length).toBeGreaterThan(25)
    for (const { file, from, to } of mutants) {
        expect(readFileSync(file, "utf8").split(from), `${file}: ${from}`).toHaveLength(2)
        expect(to).not.toBe(from)
    }
})

it("a life that goes wrong is shortened to the steps that it needs", async () => {
    const life = lifeOf(3)
    const needed = [life.steps[2], life.steps.at(-3)!]
    let lives = 0
    const short = await shorten(life, async ({ steps }) => {
        lives++
        return needed.every(one => steps.includes(one))
    })
    expect(short.steps).toEqual(needed)
    expect(lives).toBeLessThan(60)
})
