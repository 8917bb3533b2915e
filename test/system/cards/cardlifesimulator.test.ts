import { copyFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { benchOfEachTest } from "../../support/eachbench"
import { saveImage } from "../../support/fatimage"
import { recordSeconds } from "../../support/simulator"
import { hasTool } from "../../support/tools"

const bench = benchOfEachTest()

test.runIf(hasTool("mcopy") && hasTool("fsck.fat"))(
    "the board says what a foreign card lacks, formats it, and splits its records over two cards",
    async () => {
        const blank = join(bench().folder, "blank.img")
        saveImage(new MemoryStore(16 * 2048), blank)
        const lines = [
            "set ftp.enable off",
            "set sd.period 1",
            "sleep 8s",
            "!card out",
            "sleep 6s",
            "status",
            `!card in ${blank}`,
            "sleep 6s",
            "-card ls",
            "card format yes",
            "sleep 6s",
            "card",
            "card eject",
            "!card out",
            "!card in",
            "sleep 7s",
            "status",
            "journal",
        ]
        const run = await bench().exec(lines, ["--speed", "max"])
        expect(run.exit).toBe(0)
        expect(run.output).toContain("no SD card, or it does not answer: put one in")
        expect(run.output).toContain(
            "no FAT file system on the card: format as FAT32 (card format)",
        )
        expect(run.answer("card").join("\n")).toContain("FAT16, clusters of 1024 bytes")
        expect(run.answer("status").join("\n")).toContain("mounted")
        expect(run.answer("journal").join("\n")).toMatch(/SD_CARD/)
        expect(run.summary.records.lost).toBe(0)
        const name = bench().cardNames("LOG").sort()[0]
        const first = recordSeconds(bench().cardFile(`LOG/${name}`))
        expect(bench().cardComplaint()).toBeUndefined()
        // The second card replaces the first one, for the same tools.
        copyFileSync(blank, join(bench().state, "card.img"))
        const second = recordSeconds(bench().cardFile(`LOG/${name}`))
        expect(bench().cardComplaint()).toBeUndefined()
        // Only a record whose write the pull cut off can be on both.
        for (const card of [first, second]) expect(new Set(card).size).toBe(card.length)
        expect(first.filter(at => second.includes(at)).length).toBeLessThanOrEqual(1)
        const all = [...new Set([...first, ...second])].sort()
        const steps = all.slice(1).map((at, i) => at - all[i])
        // The first records have the demo's period of 5 s. After them each second is there once.
        expect(steps.slice(steps.indexOf(1)).every(step => step === 1)).toBe(true)
        expect(second.length).toBeGreaterThan(10)
    },
    // The first simulator run after a change builds the firmware.
    180_000,
)
