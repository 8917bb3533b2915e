import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { SdCard } from "../../../src/card/sdcard"
import { formatVolume } from "../../../src/fat/format"
import { Volume } from "../../../src/fat/volume"
import { SdCardChip } from "../../../sim/chips/sdcard"
import { FileStore, MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife } from "../../support/cardlife"
import { recordTimes, timesOn } from "../../support/cardstore"
import { Random } from "../../support/random"
import { checkVolume, saveImage, withFolder } from "../../support/fatimage"
import { MemoryBlockDevice } from "../../support/memorycard"
import { SleepTicks } from "../../support/sleepticks"
import { hasTool, requireTool } from "../../support/tools"

const tools = hasTool("fsck.fat") && hasTool("mdir") && hasTool("mcopy") && hasTool("mkfs.fat")
const today = "LOG/20261122.CSV"

/** Formats a card as the console does, but a large one directly: the wire would take too long. */
async function format(card: MemoryStore): Promise<CardLife> {
    if (card.blockCount > 4194304) {
        await formatVolume(new MemoryBlockDevice(card), "BMSMINI    ")
        return await CardLife.start(new SdCardChip(card))
    }
    const board = await CardLife.start(new SdCardChip(card))
    const percents: number[] = []
    await board.finish(board.storage.format(async percent => void percents.push(percent)))
    expect(percents.at(-1)).toBe(100)
    expect(percents.length).toBeGreaterThan(5)
    expect([...percents]).toEqual([...percents].sort((a, b) => a - b))
    return board
}

describe.skipIf(!tools)("a card formatted on the board", () => {
    const sizes: { mebibytes: number; kind: string; clusterBytes: number }[] = [
        { mebibytes: 4, kind: "FAT16", clusterBytes: 512 },
        { mebibytes: 8, kind: "FAT16", clusterBytes: 512 },
        { mebibytes: 16, kind: "FAT16", clusterBytes: 1024 },
        { mebibytes: 32, kind: "FAT16", clusterBytes: 2048 },
        { mebibytes: 64, kind: "FAT16", clusterBytes: 4096 },
        { mebibytes: 128, kind: "FAT16", clusterBytes: 8192 },
        { mebibytes: 256, kind: "FAT16", clusterBytes: 16384 },
        { mebibytes: 511, kind: "FAT16", clusterBytes: 16384 },
        { mebibytes: 512, kind: "FAT32", clusterBytes: 4096 },
        { mebibytes: 2048, kind: "FAT32", clusterBytes: 4096 },
        { mebibytes: 8191, kind: "FAT32", clusterBytes: 4096 },
        { mebibytes: 8192, kind: "FAT32", clusterBytes: 32768 },
        { mebibytes: 30000, kind: "FAT32", clusterBytes: 32768 },
        { mebibytes: 65536, kind: "FAT32", clusterBytes: 32768 },
    ]
    for (const { mebibytes, kind, clusterBytes } of sizes) {
        it(`is ${kind} with ${clusterBytes} bytes per cluster at ${mebibytes} MiB and usable elsewhere`, async () => {
            const card = new MemoryStore(mebibytes * 2048)
            const board = await format(card)
            const volume = await board.use(async mounted => mounted)
            expect([volume.kind, volume.clusterBytes]).toEqual([kind, clusterBytes])
            const device = volume.device as SdCard
            expect(device.kind).toBe(
                mebibytes <= 2048 ? "SDSC" : mebibytes <= 30000 ? "SDHC" : "SDXC",
            )
            await board.run(5)
            await board.sync()
            withFolder(folder => elsewhere(card, folder, board.made))
        })
    }

    /** PC programs check the card, list it, read our log, add two files and check it again. */
    function elsewhere(card: MemoryStore, folder: string, made: number[]): void {
        const image = join(folder, "card.img")
        saveImage(card, image)
        const tool = (name: string, ...rest: string[]) =>
            execFileSync(requireTool(name), rest, { encoding: "latin1", stdio: "pipe" })
        tool("fsck.fat", "-n", image)
        expect(tool("mdir", "-i", image, "::")).toContain("BMSMINI    ")
        expect(recordTimes(tool("mcopy", "-n", "-i", image, `::${today}`, "-"))).toEqual(made)
        const theirs = join(folder, "theirs")
        writeFileSync(theirs, "x".repeat(100000))
        tool("mcopy", "-i", image, theirs, "::A Long Name of Theirs.txt")
        tool("mcopy", "-i", image, theirs, "::LOG/B.TXT")
        tool("fsck.fat", "-n", image)
        const store = new FileStore(image)
        expect(store.blockCount).toBe(card.blockCount)
        store.close()
    }

    it("is whole at sizes that are not round", async () => {
        const random = new Random(7)
        for (const mebibytes of [4, 17, 77, 300, 515, 1100]) {
            const blocks = mebibytes * 2048 + random.below(2000) + 1
            const card = new MemoryStore(blocks)
            // An SDSC card would round its size. Here only the volume is checked.
            const device = new MemoryBlockDevice(card)
            await formatVolume(device, "BMSMINI    ")
            const check = checkVolume(card)
            expect(check.clean, `${blocks} blocks: ${check.text}`).toBe(true)
            const volume = await Volume.mount(device, new SleepTicks())
            const totalBytes = (volume.table.clusterEnd - 2) * volume.clusterBytes
            expect(totalBytes).toBeGreaterThan(blocks * 512 * 0.9)
        }
    })

    it("has nothing left of its old content", async () => {
        const card = new MemoryStore(64 * 2048)
        const old = new Uint8Array(512).fill(0x5a)
        for (let block = 0; block < 3000; ++block) card.write(block, old)
        await format(card)
        const check = checkVolume(card)
        expect(check.clean, check.text).toBe(true)
        // The label counts as a file.
        expect(check.text).toContain("1 files, 0/")
    })

    it("is unformatted, not half formatted, after it is pulled while formatting", async () => {
        const start = new MemoryStore(16 * 2048)
        await format(start)
        const whole = await CardLife.start(new SdCardChip(start.clone()))
        const before = whole.socket.transfers
        await whole.finish(whole.storage.format())
        const transfers = whole.socket.transfers
        let unformatted = 0
        for (let at = before + 10; at < transfers; at += 23) {
            const store = start.clone()
            const card = new SdCardChip(store)
            const board = await CardLife.start(card)
            board.socket.onTransfer = transfer => {
                if (transfer === at) board.socket.pull()
                return undefined
            }
            await board.finish(board.storage.format()).catch(() => {})
            board.socket.insert(card)
            await board.run(12)
            if (!board.storage.mounted()) {
                unformatted++
                const said = "no FAT file system on the card: format as FAT32 (card format)"
                expect(board.storage.lastError, `pulled at ${at}`).toBe(said)
                await board.finish(board.storage.format())
                await board.settle(5)
            }
            await board.sync()
            const check = checkVolume(store)
            expect(check.clean, `pulled at ${at}: ${check.text}`).toBe(true)
        }
        expect(unformatted).toBeGreaterThan(10)
    })

    it("is unformatted wherever power fails in formatting, whatever that sector holds", async () => {
        const start = new MemoryStore(16 * 2048)
        await format(start)
        const whole = new SdCardChip(start.clone())
        const formatted = await CardLife.start(whole)
        const before = whole.counters.sectorWrites
        await formatted.finish(formatted.storage.format())
        const writes = whole.counters.sectorWrites - before
        expect(writes).toBeGreaterThan(150)
        for (const torn of ["dropped", "erased", "half", "zeroed"] as const)
            for (let kept = 0; kept < writes; kept += kept < 5 || kept > writes - 9 ? 1 : 7) {
                const where = `${torn} after ${kept} of ${writes}`
                const store = start.clone()
                const card = new SdCardChip(store)
                const board = await CardLife.start(card)
                await board.use(async () => {})
                card.faults.writesUntilPowerCut = kept
                card.faults.tornWrite = torn
                await expect(board.finish(board.storage.format()), where).rejects.toBeDefined()
                card.powerUp()
                const again = await CardLife.start(card)
                await again.run(3)
                // Only the very first write can leave the old file system unchanged.
                expect(again.storage.mounted(), where).toBe(kept === 0 && torn === "dropped")
                if (again.storage.mounted()) continue
                const said = "no FAT file system on the card: format as FAT32 (card format)"
                expect(again.storage.lastError, where).toBe(said)
                await again.finish(again.storage.format())
                const check = checkVolume(store)
                expect(check.clean, `${where}: ${check.text}`).toBe(true)
            }
    })

    it("costs no record at any period, on a 32 GB card at the ESP32's speed", async () => {
        for (const periodSeconds of [1, 5]) {
            const store = new MemoryStore(30500 * 2048)
            const options = { periodSeconds, transferMs: 0.57 }
            const board = await CardLife.start(new SdCardChip(store), options)
            await board.finish(board.storage.format())
            await board.run(5)
            const beganMs = board.nowMs()
            const beganSeconds = board.seconds()
            // The writing task runs every 2 s, even while the card is formatted.
            const { logger } = board
            const flush = logger.flush.bind(logger)
            let refusals = 0
            logger.flush = async () => {
                await flush()
                if (logger.lastError.includes("being formatted")) refusals++
            }
            await board.finish(board.storage.format())
            const seconds = (board.nowMs() - beganMs) / 1000
            expect(seconds).toBeGreaterThan(10)
            expect(seconds).toBeLessThan(15)
            expect(refusals).toBeGreaterThan(4)
            await board.settle(10)
            await board.sync()
            expect(board.logger.recordsLost()).toBe(0)
            const due = board.made.filter(made => made > beganSeconds)
            expect(due.length).toBeGreaterThan(10 / periodSeconds)
            expect(await timesOn(store, today)).toEqual(due)
        }
    })

    it("is refused with the reason when it is too small", async () => {
        const board = await CardLife.start(new SdCardChip(new MemoryStore(2048)))
        await expect(board.finish(board.storage.format())).rejects.toThrow(
            "the card is too small: use another",
        )
    })
})
