import { describe, expect, it } from "vitest"
import { SdCardChip } from "../../../sim/chips/sdcard"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife, morning } from "../../support/cardlife"
import { formattedStore, mountStore, recordTimes, textOn, timesOn } from "../../support/cardstore"
import { checkVolume, copyOut, makeVolume, runMtools } from "../../support/fatimage"
import { ForeignFiles } from "../../support/foreignfiles"
import { noteSent } from "../../support/historylines"
import { hasTool } from "../../support/tools"

const today = "LOG/20261122.CSV"
const tools = hasTool("fsck.fat") && hasTool("mkfs.fat") && hasTool("mdir")

function shortName(number: number): string {
    return `F${String(number).padStart(5, "0")}~1JPE`
}

function longName(number: number): string {
    return `Holiday picture number ${number} of the summer.jpeg`
}

/** First cluster of a directory in the root. */
function directoryCluster(store: MemoryStore, name: string): number {
    const files = new ForeignFiles(store)
    const { rootCluster, rootBlock } = files.layout
    const root = rootCluster === 0 ? rootBlock : files.blockOf(rootCluster)
    const entries = Buffer.from(store.read(root))
    const at = entries.indexOf(name.padEnd(11))
    return (entries.readUInt16LE(at + 20) << 16) | entries.readUInt16LE(at + 26)
}

/** Foreign files with long names in the root or in LOG, after a first run of the board. */
async function crowded(count: number, where: "root" | "LOG"): Promise<MemoryStore> {
    const store = await formattedStore(600)
    const first = await CardLife.start(new SdCardChip(store), { startSeconds: morning - 86400 })
    await first.run(5)
    await first.sync()
    const files = new ForeignFiles(store, 100)
    const cluster = where === "root" ? undefined : directoryCluster(store, "LOG")
    const directory = files.directory(cluster)
    for (let i = 1; i <= count; ++i)
        files.addFile(directory, shortName(i), `picture ${i}\r\n`, longName(i))
    // Their writer left the count of free clusters unknown.
    const info = Uint8Array.from(store.read(1))
    new DataView(info.buffer).setUint32(488, 0xffffffff, true)
    store.write(1, info)
    return store
}

/**
 * Sectors that a board reads of an inserted card until it is mounted and its logs are in order.
 * Without the backup's reads after that: it searches the root for its files.
 */
async function readsOfMount(board: CardLife, card: SdCardChip): Promise<number> {
    const recover = board.storage.recover
    const reads: number[] = []
    board.storage.recover = async volume => {
        await recover(volume)
        reads.push(card.counters.sectorReads)
    }
    board.socket.insert(card)
    await board.run(5, () => reads.length > 0)
    expect(board.mounts()).toBe(1)
    return reads[0]
}

describe("3,000 foreign files with long names", () => {
    for (const where of ["root", "LOG"] as const) {
        it(`in ${where} stay unchanged, and logging continues among them`, async () => {
            const store = await crowded(3000, where)
            const directory = where === "root" ? "" : "LOG/"
            const before = tools ? runMtools(store, "mdir", "-b", "::" + directory) : ""
            const card = new SdCardChip(store)
            const board = await CardLife.start(card, { cells: true })
            await board.run(10)
            board.socket.pull()
            await board.run(5)
            board.socket.insert(card)
            expect(await board.settle()).toBeLessThanOrEqual(5)
            await board.run(3)
            await board.sync()
            expect(board.reasons).toEqual(["no SD card, or it does not answer: put one in"])
            expect(await timesOn(store, today)).toEqual(board.made)
            for (const number of [1, 1500, 3000])
                expect(
                    await textOn(store, directory + shortName(number).slice(0, 8) + ".JPE"),
                ).toBe(`picture ${number}\r\n`)
            if (!tools) return
            const after = runMtools(store, "mdir", "-b", "::" + directory)
            expect(after.startsWith(before)).toBe(true)
            expect(after.split("\n").filter(line => line.endsWith("summer.jpeg")).length).toBe(3000)
            expect(copyOut(store, directory + longName(2999))).toBe("picture 2999\r\n")
            const check = checkVolume(store)
            expect(check.clean, check.text).toBe(true)
        })

        it(`in ${where} cost a mount at most 10 reads and an append none`, async () => {
            const few = await crowded(3, where)
            const many = await crowded(3000, where)
            const counts: number[] = []
            for (const store of [few, many]) {
                const card = new SdCardChip(store)
                counts.push(await readsOfMount(await CardLife.start(undefined), card))
            }
            expect(counts[1] - counts[0]).toBeLessThanOrEqual(10)
            const card = new SdCardChip(many)
            const board = await CardLife.start(card)
            await board.run(2)
            // Otherwise each poll counts free clusters meanwhile, in 16 sectors of the table.
            await board.use(async volume => await volume.table.countFree(100000))
            const { sectorReads } = card.counters
            await board.run(59)
            expect(board.made.length).toBeGreaterThan(60)
            expect(card.counters.sectorReads - sectorReads).toBeLessThanOrEqual(2)
        })

        it(`in ${where} do not slow a mount that restores a torn sector of LOG`, async () => {
            const store = await crowded(3000, where)
            const board = await CardLife.start(new SdCardChip(store))
            await board.run(30)
            const { entryBlock } = (await (await mountStore(store)).open(today))!
            store.write(entryBlock, new Uint8Array(512))
            const card = new SdCardChip(store)
            const startSeconds = board.seconds() + 10
            const next = await CardLife.start(undefined, { startSeconds })
            // Along the chain, not through all sectors: there are more than 500.
            expect(await readsOfMount(next, card)).toBeLessThanOrEqual(120)
            await next.settle()
            await next.eject()
            expect(await timesOn(store, today)).toEqual([...board.made, ...next.made])
        })
    }
})

describe("a full root directory of FAT16", () => {
    /** A FAT16 volume whose root directory has this many slots left. */
    function nearlyFull(store: MemoryStore, left: number): MemoryStore {
        const files = new ForeignFiles(store, 300)
        const root = files.directory()
        for (let i = 1; root.room() > left; ++i) files.addFile(root, shortName(i), `${i}\r\n`)
        return store
    }

    it("without a LOG says what to do, and is logged on when there is room", async () => {
        const store = nearlyFull(await formattedStore(16), 0)
        const board = await CardLife.start(new SdCardChip(store))
        await board.run(12)
        const said = "the card's root directory is full: delete files there"
        expect(board.lines).toEqual([`logger: ${said}`])
        expect(board.flags()).toBe("SD_CARD")
        expect(board.logger.queued()).toBe(12)
        board.socket.pull()
        const files = new ForeignFiles(store)
        const root = Uint8Array.from(store.read(files.layout.rootBlock))
        // The person deletes two files on a PC.
        for (const slot of [3, 9]) root[slot * 32] = 0xe5
        store.write(files.layout.rootBlock, root)
        board.socket.insert(new SdCardChip(store))
        expect(await board.settle()).toBeLessThanOrEqual(5)
        await board.run(6)
        await board.sync()
        expect(board.flags()).toBe("none")
        expect(await timesOn(store, today)).toEqual(board.made)
    })

    it("with room for LOG alone takes the main log and says why there is no history", async () => {
        // The backup takes one slot.
        const store = nearlyFull(await formattedStore(16), 2)
        const board = await CardLife.start(new SdCardChip(store))
        await board.run(5)
        const saying = board.finish(noteSent(board.history, "20261122.CSV", 100, "BMS", 1))
        await expect(saying).rejects.toThrow("root directory is full: delete files there")
        await board.run(10)
        await board.sync()
        expect(await timesOn(store, today)).toEqual(board.made)
        if (tools) expect(runMtools(store, "mdir", "-b", "::")).not.toContain("LOGSENT")
    })

    it("with room for LOG alone takes the main log while CELL cannot be made", async () => {
        // The backup takes one slot.
        const store = nearlyFull(await formattedStore(16), 2)
        const board = await CardLife.start(new SdCardChip(store), { cells: true })
        await board.run(15)
        await board.sync()
        expect(await timesOn(store, today)).toEqual(board.made)
        expect(board.lines).toContain(
            "logger: the card's root directory is full: delete files there",
        )
    })
})

describe("a fragmented card", () => {
    for (const [kind, make] of [
        ["FAT16", () => makeVolume(8, "-F16", "-s1")],
        ["FAT32", () => makeVolume(40, "-F32", "-s1")],
    ] as [string, () => MemoryStore][])
        it.skipIf(!tools)(
            `of ${kind} has only single free clusters, and all of them are used`,
            async () => {
                const store = make()
                const files = new ForeignFiles(store)
                const root = files.directory()
                // Every second cluster is foreign, over three or more sectors of the table.
                let last = 0
                for (let cluster = 10; cluster < 600; cluster += 2) {
                    const other = new ForeignFiles(store, cluster)
                    last = other.allocate(last)
                }
                files.addFile(root, "KEEP    TXT", "keep me\r\n")
                const chain = new ForeignFiles(store)
                const card = new SdCardChip(store)
                const board = await CardLife.start(card, { cells: true })
                await board.run(150)
                board.socket.pull()
                await board.run(4)
                board.socket.insert(card)
                await board.settle()
                await board.sync()
                expect(recordTimes(copyOut(store, today))).toEqual(board.made)
                expect(recordTimes(copyOut(store, "CELL/20261122.CSV"))).toEqual(board.made)
                expect(copyOut(store, "KEEP.TXT")).toBe("keep me\r\n")
                for (let cluster = 10; cluster < 596; cluster += 2)
                    expect(chain.entry(cluster)).toBe(cluster + 2)
            },
        )
})
