import { describe, expect, it } from "vitest"
import type { Volume } from "../../src/fat/volume"
import { Campaign } from "./campaign"
import { parseCuts } from "./cases"
import type { Scenario } from "./scenarios"

const card = "FAT16 512 B, card format"

/** Runs a scenario of some records and does `harm` to the card after each cut. */
async function noticed(harm?: (volume: Volume) => Promise<unknown>, only?: string) {
    const scenario: Scenario = {
        name: "harm",
        cards: [card],
        seeds: 1,
        prepare({ editor }) {
            editor.addFile("NOTES.TXT", "not to be touched\n".repeat(100))
        },
        async run(board) {
            await board.logRecords(6)
        },
        async goOn(board) {
            await board.logRecords(2)
            if (harm) await board.storage.use("harm", async volume => await harm(volume))
        },
    }
    const campaign = new Campaign({
        cardEvery: 0,
        fsckShare: 0,
        fsck: undefined,
        nestedCuts: 0,
        cutEvery: 20,
        only: only === undefined ? undefined : parseCuts(only),
    })
    await campaign.run({ scenario, card, seed: 1 })
    return { text: campaign.tally.violations.map(one => one.what).join("\n"), campaign }
}

describe("the campaign", () => {
    it("has no complaint about firmware that keeps its promises", async () => {
        const { text, campaign } = await noticed()
        expect(text).toBe("")
        expect(campaign.tally.total().cuts).toBeGreaterThan(20)
    })

    it("notices that another file was written to", async () => {
        const notes = async (volume: Volume) => {
            const file = await volume.openForAppend("NOTES.TXT", "")
            await file.append(Buffer.from("x\r\n"))
            await file.close()
        }
        const { text } = await noticed(notes)
        expect(text).toContain("NOTES.TXT: its entry has changed")
    })

    it("notices a cluster that belongs to no file", async () => {
        const { text } = await noticed(volume => volume.table.markCluster(4000, 0x0fffffff))
        expect(text).toContain("1 clusters in use belong to no file")
    })

    it("notices a file that the firmware did not make", async () => {
        const { text } = await noticed(async volume => {
            const file = await volume.openForAppend("STRANGE.TXT", "x\r\n")
            await file.close()
        })
        expect(text).toContain("STRANGE.TXT: unexpected file")
    })

    it("repeats one cut from the line that it prints", async () => {
        const { campaign } = await noticed(
            volume => volume.table.markCluster(4000, 0x0fffffff),
            "12@torn: 0xFF",
        )
        expect(campaign.tally.total().cuts).toBe(1)
        expect(campaign.tally.violations[0].text).toBe(
            `--scenario "harm" --card "${card}" --seed 1 --cut "12@torn: 0xFF"`,
        )
    })
})
