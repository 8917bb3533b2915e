import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { SdCardChip } from "../../../sim/chips/sdcard"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife, morning } from "../../support/cardlife"
import { formattedStore, timesOn } from "../../support/cardstore"
import { checkVolume, copyOut, editVolume, makeVolume, runMtools } from "../../support/fatimage"
import { hasTool, requireTool } from "../../support/tools"

// A card whose logs were moved to a PC and whose space other files use now: what the board knows
// of its directories is no longer true.

const tools = ["mkfs.fat", "fsck.fat", "mdeltree", "mmd", "mcopy"].every(hasTool)
const today = "LOG/20261122.CSV"
const photoBytes = 4 << 20

const cards: Record<string, () => Promise<MemoryStore>> = {
    "a card made by card format": () => formattedStore(16),
    "a FAT32 card from a PC": async () => makeVolume(40, "-F32", "-s1"),
    "a FAT16 card from a PC": async () => makeVolume(16, "-F16", "-s2"),
}

/** What the clusters of the board's directories hold now. */
const contents: Record<string, number> = { "photo bytes": 0xd7, zeros: 0, "bytes 0xff": 0xff }

function run(tool: string, image: string, ...options: string[]): void {
    execFileSync(requireTool(tool), ["-i", image, ...options], { stdio: "pipe" })
}

/** Replaces the board's directories with a large file. */
function clear(store: MemoryStore, value: number): MemoryStore {
    return editVolume(store, (image, folder) => {
        run("mdeltree", image, "::LOG", "::CELL")
        const photo = join(folder, "photo")
        writeFileSync(photo, Buffer.alloc(photoBytes, value))
        run("mcopy", image, photo, "::PHOTO.JPG")
    })
}

/** A board that logs on the card ten minutes later and ejects it. */
async function logOn(store: MemoryStore): Promise<CardLife> {
    const startSeconds = morning + 600
    const board = await CardLife.start(new SdCardChip(store), { startSeconds, cells: true })
    await board.run(20)
    await board.finish(board.storage.eject())
    return board
}

describe.skipIf(!tools)("a card on which a PC replaced our files", () => {
    for (const [title, make] of Object.entries(cards))
        for (const [what, value] of Object.entries(contents))
            it(`keeps the new file and is logged on: ${title}, ${what}`, async () => {
                const before = await make()
                const first = await CardLife.start(new SdCardChip(before), { cells: true })
                await first.run(40)
                const store = clear(before, value)
                const board = await logOn(store)
                const photo = Buffer.from(copyOut(store, "PHOTO.JPG"), "latin1")
                expect(photo.equals(Buffer.alloc(photoBytes, value))).toBe(true)
                expect(await timesOn(store, today)).toEqual(board.made)
                const check = checkVolume(store)
                expect(check.clean, check.text).toBe(true)
            })
})

describe.skipIf(!tools)("a card on which a PC emptied LOG", () => {
    for (const [title, make] of Object.entries(cards))
        for (const days of [1, 40])
            it(`has only the new log there: ${title}, ${days} files before`, async () => {
                const before = await make()
                const first = await CardLife.start(new SdCardChip(before), { cells: true })
                await first.run(5)
                await first.use(async volume => {
                    for (let i = 1; i < days; ++i)
                        await (await volume.openForAppend(`LOG/OLD${i}.TXT`, "")).close()
                })
                await first.run(40)
                const store = editVolume(before, image => {
                    run("mdeltree", image, "::LOG")
                    run("mmd", image, "::LOG")
                })
                const board = await logOn(store)
                expect(await timesOn(store, today)).toEqual(board.made)
                expect(runMtools(store, "mdir", "-b", "::LOG").trim()).toBe(`::/${today}`)
                const check = checkVolume(store)
                expect(check.clean, check.text).toBe(true)
            })
})
