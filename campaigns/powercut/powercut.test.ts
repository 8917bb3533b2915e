import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { hasTool } from "../../test/support/tools"
import { Campaign } from "./campaign"
import { parseCuts, type Case } from "./cases"
import { cardKind, type CardName } from "./cards"
import { modes } from "./faults"
import { FsckPool } from "./fsck"
import { formatTables, formatViolations } from "./report"
import { scenarios } from "./scenarios"

// A part of the campaign that `npm run powercut` runs in full: every scenario and every kind of
// card, about every eighth cut of each run.

const tools = hasTool("mkfs.fat") && hasTool("fsck.fat")
const fsck = tools ? new FsckPool() : undefined
const campaign = new Campaign({
    cardEvery: 16,
    fsckShare: 0.25,
    fsck,
    nestedCuts: 1,
    cutEvery: 8,
})

/** Cuts that once broke something. */
const found = [
    {
        what: "a table restored from its image replaces the one that was read before",
        scenario: "cell log off",
        card: "FAT32 512 B" as CardName,
        seed: 11,
        cuts: "13@torn: 0xFF/9@torn: old, new/12@swapped",
    },
    {
        what: "a recovery that is cut does not forget the files that are still waiting",
        scenario: "other day after the cut",
        card: "FAT16 512 B, card format" as CardName,
        seed: 10,
        cuts: "82@torn: 0xFF, new/11@dropped",
    },
    // The first entry in half a table sector, where the other copy is still empty.
    ...["torn: old, new", "torn: 0xFF, new", "torn: 0x00, new"].map(mode => ({
        what: `${mode}: an entry alone in its half of a sector does not make its copy the right one`,
        scenario: "steady logging",
        card: "FAT32 512 B, partition" as CardName,
        seed: 2,
        cuts: `150@${mode}`,
    })),
    // Reading a directory follows the table.
    {
        what: "the table is settled before a directory is searched",
        scenario: "first start",
        card: "FAT32 512 B" as CardName,
        seed: 1,
        cuts: "39@torn: 0xFF",
    },
    ...["8@torn: 0x00", "9@torn: 0x00, new"].map(cuts => ({
        what: `${cuts}: a table with only its marks is not taken for an erased one`,
        scenario: "first start",
        card: "FAT16 512 B, card format" as CardName,
        seed: 1,
        cuts,
    })),
]

/** Two cards of a scenario that can be made here. Other scenarios get other ones. */
function someCards(cards: readonly CardName[], scenario: number): CardName[] {
    const possible = cards.filter(card => tools || !cardKind(card).tools)
    const first = scenario % possible.length
    const second = (first + Math.ceil(possible.length / 2)) % possible.length
    return [...new Set([possible[first], possible[second]])]
}

it.runIf(tools).each(found)("keeps all: $what", async ({ scenario: name, card, seed, cuts }) => {
    const only = parseCuts(cuts)
    const again = new Campaign({ cardEvery: 0, fsckShare: 0, fsck: undefined, nestedCuts: 1, only })
    await again.run({ scenario: scenarios.find(one => one.name === name)!, card, seed })
    expect(again.tally.total().cuts).toBe(1)
    expect(again.tally.violations, formatViolations(again.tally.violations, 1)).toEqual([])
})

describe("a power cut after any sector write", () => {
    const brokenIn = new Map<string, typeof campaign.tally.violations>()

    // All of it runs first: each test judges the whole campaign, even when it runs alone.
    beforeAll(async () => {
        for (const [number, scenario] of scenarios.entries()) {
            const before = campaign.tally.violations.length
            for (const card of someCards(scenario.cards, number)) {
                const one: Case = { scenario, card, seed: number + 1 }
                await campaign.run(one)
            }
            await fsck?.drain()
            brokenIn.set(scenario.name, campaign.tally.violations.slice(before))
        }
    })

    it.each(scenarios.map(scenario => scenario.name))(
        "loses nothing outside a torn sector: %s",
        name => {
            const broken = brokenIn.get(name)!
            expect(broken.length, formatViolations(broken, 10)).toBe(0)
        },
    )

    it("was tried often enough and kept all acknowledged records", () => {
        const total = campaign.tally.total()
        expect(total.cuts).toBeGreaterThan(tools ? 4000 : 1500)
        expect(total.nested).toBeGreaterThan(300)
        expect(total.onCard).toBeGreaterThan(100)
        expect(campaign.tally.lostInOrder()).toBe(0)
        for (const mode of modes) expect(campaign.tally.cutsOf(mode), mode).toBeGreaterThan(100)
    })

    it.skipIf(!tools)("leaves cards that fsck.fat judges as our own checker does", () => {
        for (const mode of modes) {
            const counts = campaign.tally.fsckOf(mode)
            expect(counts.recovered, mode).toBeGreaterThanOrEqual(120)
            expect(counts.agreed, mode).toBe(counts.recovered + counts.raw)
            // Some cards were damaged right after the cut, so the agreement means something.
            expect(counts.rawDamaged, mode).toBeGreaterThan(0)
        }
    })

    afterAll(async () => {
        await fsck?.finish()
        console.log(formatTables(campaign.tally))
    })
})
