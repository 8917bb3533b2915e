import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { hasTool } from "../../test/support/tools"
import type { Evidence, Seen } from "./evidence"
import { lifeOf, type Life } from "./life"
import { mutants } from "./mutants"
import { lifeAndVerdict } from "./one"
import { shorten } from "./shorten"
import { judgeStarts } from "./starts"
import { Timeline } from "./timeline"

const seeds = Array.from({ length: 50 }, (_, i) => i + 1)

describe.runIf(hasTool("mcopy") && hasTool("fsck.fat"))("a board's life", () => {
    it("keeps every promise, whatever happens", async () => {
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
        // The lives did something.
        expect(records).toBeGreaterThan(3000)
        expect(starts).toBeGreaterThan(50)
        expect(entries).toBeGreaterThan(50)
        expect(events).toBeGreaterThan(entries / 2)
        expect(files).toBeGreaterThan(50)
    })

    it("is the same for the same seed", async () => {
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

it("every fault that the judge must find applies to the current firmware", () => {
    expect(mutants.length).toBeGreaterThan(25)
    for (const { file, from, to } of mutants) {
        expect(readFileSync(file, "utf8").split(from), `${file}: ${from}`).toHaveLength(2)
        expect(to).not.toBe(from)
    }
})

it("a life that fails is shortened to the steps that it needs", async () => {
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

describe("the judge of scheduled resets", () => {
    /** Its complaints about a reset at `resetAt` of a board that was started and set as given. */
    function said(startAt: string, time: string, setAt: string, resetAt: string): string[] {
        const life: Life = { ...lifeOf(1), zone: utc, startMs: ms(startAt), setUp: [] }
        const at = (text: string) => ms(text) - life.startMs
        const line = `set reset.time ${time}`
        const seen: Seen[] = [
            { kind: "log", text: "start: deployed, BMS-1", atMs: 0 },
            { kind: "answered", line, allowed: false, status: 0, text: "ok", atMs: at(setAt) },
            { kind: "log", text: "start: scheduled, BMS-1", atMs: at(resetAt) },
        ]
        const evidence = { life, seen } as Evidence
        const complaints: string[] = []
        judgeStarts(evidence, new Timeline(evidence), text => complaints.push(text))
        return complaints
    }
    const utc = { rule: "UTC0", name: "UTC" }
    const ms = (text: string) => Date.parse(text.replace(" ", "T") + "Z")

    it("allows tomorrow's reset when today's time is over", () => {
        const day = ["2027-04-04 23:35:00", "00:39", "2027-04-04 23:36:00"] as const
        expect(said(...day, "2027-04-05 00:39:05")).toEqual([])
        expect(said(...day, "2027-04-05 00:36:05")).toHaveLength(1)
    })

    it("allows a reset an hour after the start, but only on the same day", () => {
        const day = ["2027-04-04 12:00:00", "12:20", "2027-04-04 12:01:00"] as const
        expect(said(...day, "2027-04-04 13:00:05")).toEqual([])
        expect(said(...day, "2027-04-04 12:20:05")).toHaveLength(1)
        const late = ["2027-04-04 23:30:00", "23:50", "2027-04-04 23:31:00"] as const
        expect(said(...late, "2027-04-05 00:30:05")).toHaveLength(1)
    })
})
