import { describe, expect, it } from "vitest"
import { Directory, encodeName } from "../../../src/fat/directory"
import { redoBlocks } from "../../../src/fat/redolog"
import { Volume } from "../../../src/fat/volume"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { checkVolume } from "../../support/fatimage"
import { MemoryBlockDevice } from "../../support/memorycard"
import { hasTool } from "../../support/tools"
import { bytes, formatted, header, isLater, line, mounted, ticks } from "../../support/linefiles"

const torn = new Uint8Array(512).fill(0xff)
/** A sector after an interrupted write: cards erase to ones or to zeros. */
const tears: Record<string, (data: Uint8Array) => Uint8Array> = {
    "0xff": () => torn,
    zeros: () => new Uint8Array(512),
    "zeros in its first half": data => data.map((byte, at) => (at < 256 ? 0 : byte)),
    "zeros in its second half": data => data.map((byte, at) => (at < 256 ? byte : 0)),
}
const fsck = hasTool("fsck.fat")

const record = (number: number): Buffer => bytes(line(number))

async function blankVolume() {
    const store = await formatted(600)
    return { store, ...(await mounted(store)) }
}

/** Opens the log with a power cut after `writes` writes; false when there are fewer. */
async function cutOpening(store: MemoryStore, writes: number, tearLast = false): Promise<boolean> {
    const device = new MemoryBlockDevice(store)
    device.writesLeft = writes
    device.onWrite = block => {
        if (tearLast && device.writesLeft === 0) store.write(block, torn)
    }
    try {
        await openLog(await Volume.mount(device, ticks))
        return false
    } catch (thrown) {
        if (device.writesLeft >= 0) throw thrown
        return true
    }
}

async function openLog(volume: Volume) {
    return await volume.openForAppend("LOG/20261122.CSV", header, isLater({ number: -1 }))
}

/** A card with some files and a log that has entered several clusters since it was opened. */
async function used(mebibytes = 600, lines = 200) {
    const store = await formatted(mebibytes)
    const { volume } = await mounted(store)
    for (const name of ["LOG/A.CSV", "LOG/B.CSV", "C.TXT"])
        await (await volume.openForAppend(name, `${name}\r\n`)).close()
    const log = await openLog(volume)
    for (let i = 0; i < lines; ++i) await log.append(record(i))
    return { store, volume, log }
}

async function names(volume: Volume, directory: string): Promise<string[]> {
    const found: string[] = []
    await volume.list(directory, async entry => found.push(`${entry.name} ${entry.sizeBytes}`) > 0)
    return found
}

/** The cards left by a power cut during `work` when a write overtakes the previous one. */
async function overtaken(
    store: MemoryStore,
    work: (volume: Volume) => Promise<unknown>,
): Promise<MemoryStore[]> {
    const cards: MemoryStore[] = []
    const device = new MemoryBlockDevice(store.clone())
    // The card without the latest write.
    let without = store.clone()
    device.onWrite = (block, data) => {
        without.write(block, data)
        cards.push(without)
        without = before
        before = (device.store as MemoryStore).clone()
    }
    let before = store.clone()
    await work(await Volume.mount(device, ticks))
    return cards
}

describe("the redo log", () => {
    it.each(Object.keys(tears))("restores a directory sector torn to %s", async how => {
        const { store, volume, log } = await used()
        const expected = await names(volume, "LOG")
        store.write(log.entryBlock, tears[how](store.read(log.entryBlock)))
        const again = await mounted(store)
        const opened = await openLog(again.volume)
        expect(opened.byteCount()).toBe(header.length + 200 * 96)
        expect(await names(again.volume, "LOG")).toEqual([
            ...expected.slice(0, 2),
            `20261122.CSV ${header.length + 200 * 96}`,
        ])
        if (fsck) expect(checkVolume(store).clean).toBe(true)
    })

    for (const copy of [0, 1])
        it(`repairs torn copy ${copy + 1} of the header before the next change`, async () => {
            const { store, log } = await used(600, 20)
            const first = (await mounted(store)).volume.redoLog.block
            // The block named by the header leads to the log's records.
            await log.append(record(20))
            store.write(first + copy, torn)
            for (let writes = 1; ; ++writes) {
                const card = store.clone()
                if (!(await cutOpening(card, writes, true))) break
                const { volume } = await mounted(card)
                expect(volume.left, `${writes} writes`).toEqual(["LOG/20261122.CSV"])
                expect((await openLog(volume)).byteCount()).toBe(header.length + 21 * 96)
            }
        })

    for (const [fat, mebibytes] of [
        ["FAT16", 100],
        ["FAT32", 600],
    ] as const) {
        it(`keeps a directory's image until its sector is whole again: ${fat}`, async () => {
            // In its first cluster the log's entry is the first thing written after a mount.
            const { store, volume, log } = await used(mebibytes, 20)
            const expected = await names(volume, "LOG")
            store.write(log.entryBlock, torn)
            const cards = await overtaken(store, openLog)
            expect(cards.length).toBeGreaterThan(4)
            for (const card of cards) {
                const again = await mounted(card)
                const opened = await openLog(again.volume)
                expect(opened.byteCount()).toBe(header.length + 20 * 96)
                expect((await names(again.volume, "LOG")).slice(0, 2)).toEqual(expected.slice(0, 2))
                if (fsck) expect(checkVolume(card).clean).toBe(true)
            }
        })

        it(`restores the root directory before its image is replaced: ${fat}`, async () => {
            const { store, volume, log } = await used(mebibytes)
            await log.close()
            // These reach the second sector; LOG is in the first.
            for (let i = 0; i < 20; ++i)
                await (await volume.openForAppend(`F${i}.TXT`, "text\r\n")).close()
            const expected = await names(volume, "")
            const again = await openLog(volume)
            await (await volume.openForAppend("D.TXT", "text\r\n")).close()
            await (await volume.openForAppend("C.TXT", "text\r\n")).close()
            await again.close()
            const last = await volume.openForAppend("F19.TXT", "")
            await last.append(record(1))
            await last.close()
            store.write(last.entryBlock, torn)
            const { volume: other } = await mounted(store)
            await (await other.openForAppend("LOG/20261123.CSV", header)).close()
            expect((await names(other, "")).length).toBe(expected.length + 1)
            if (fsck) expect(checkVolume(store).clean).toBe(true)
        })
    }

    it("does not take another volume's sector for its own", async () => {
        const { store, log } = await used()
        const boot = store.read(0)
        boot[67] ^= 1
        store.write(0, boot)
        store.write(log.entryBlock, torn)
        const { volume } = await mounted(store)
        expect(await names(volume, "LOG")).not.toContain("A.CSV 11")
    })

    it("leaves reserved sectors with other contents alone", async () => {
        const store = await formatted(600)
        const first = store.read(0)[14] + store.read(0)[15] * 256 - redoBlocks
        const foreign = new Uint8Array(512).fill(0x42)
        store.write(first, foreign)
        const { volume } = await mounted(store)
        const log = await openLog(volume)
        for (let i = 0; i < 200; ++i) await log.append(record(i))
        await volume.sync()
        expect(store.read(first)).toEqual(foreign)
        expect(store.read(first + 1)).toEqual(new Uint8Array(512))
        if (fsck) expect(checkVolume(store).clean).toBe(true)
    })

    for (const copy of [0, 1])
        it.each(Object.keys(tears))(
            `settles the tables after copy ${copy + 1} was torn to %s`,
            async how => {
                const { store, volume } = await used()
                const { fatBlock, fatBlocks } = volume.table
                const block = fatBlock + copy * fatBlocks
                store.write(block, tears[how](store.read(block)))
                const again = await mounted(store)
                expect((await openLog(again.volume)).byteCount()).toBe(header.length + 200 * 96)
                expect(store.read(fatBlock)).toEqual(store.read(fatBlock + fatBlocks))
                if (fsck) expect(checkVolume(store).clean).toBe(true)
            },
        )

    it.each([
        ["FAT16", 100],
        ["FAT32", 600],
    ] as const)(
        "settles a table of single-cluster files with a zeroed copy: %s",
        async (_fat, mebibytes) => {
            const { store, volume } = await used(mebibytes, 0)
            for (let i = 0; i < 300; ++i)
                await (await volume.openForAppend(`LOG/${i}.TXT`, "one\r\n")).close()
            const { fatBlock, fatBlocks } = volume.table
            const before = store.read(fatBlock)
            for (const how of Object.keys(tears).slice(1))
                for (const block of [fatBlock, fatBlock + fatBlocks]) {
                    const card = store.clone()
                    card.write(block, tears[how](before))
                    const again = await mounted(card)
                    await again.volume.table.settleBlock(fatBlock)
                    expect(card.read(fatBlock), how).toEqual(before)
                    expect(card.read(fatBlock + fatBlocks), how).toEqual(before)
                }
        },
    )

    it("is found by its second header when the first is zeroed", async () => {
        const { store, log } = await used(600, 20)
        const { volume } = await mounted(store)
        store.write(volume.redoLog.block, new Uint8Array(512))
        store.write(log.entryBlock, torn)
        expect((await openLog((await mounted(store)).volume)).byteCount()).toBe(
            header.length + 20 * 96,
        )
    })

    it.skipIf(!fsck)("restores a torn FSInfo sector", async () => {
        const store = await formatted(600)
        const { volume, device } = await mounted(store)
        let cut: MemoryStore | undefined
        device.onWrite = block => {
            if (block === 1) cut = store.clone()
        }
        await openLog(volume)
        if (cut === undefined) throw new Error("FSInfo was not written")
        cut.write(1, torn)
        expect(checkVolume(cut).clean).toBe(false)
        await openLog((await mounted(cut)).volume)
        expect(checkVolume(cut).clean).toBe(true)
    })

    it.skipIf(!fsck)("keeps FSInfo's image until its sector is whole again", async () => {
        const store = await formatted(600)
        const { volume } = await mounted(store)
        const log = await openLog(volume)
        // The next record needs a cluster, and FSInfo is written first for it.
        for (let i = 0; i < 42; ++i) await log.append(record(i))
        while (volume.freeBytes() === undefined) await volume.table.countFree(16)
        await volume.sync()
        store.write(1, torn)
        const cards = await overtaken(store, async again => {
            await (await openLog(again)).append(record(42))
        })
        expect(cards.length).toBeGreaterThan(4)
        for (const card of cards) {
            const opened = await openLog((await mounted(card)).volume)
            await opened.append(record(43))
            expect(checkVolume(card).clean).toBe(true)
        }
    })

    it("frees a torn last cluster across table sectors, even after two more cuts", async () => {
        const { store, volume } = await blankVolume()
        const log = await openLog(volume)
        for (let i = 0; i < 42; ++i) await log.append(record(i))
        // The next cluster's entry is in another sector of the table, with a neighbour's entries.
        Object.assign(volume.table, { hint: 384, search: undefined })
        await log.append(record(42))
        const neighbour = await volume.openForAppend("N.TXT", "")
        for (let i = 0; i < 400; ++i) await neighbour.append(record(i))
        await neighbour.close()
        store.write(volume.table.firstBlock(log.lastCluster), torn)
        let cuts = 0
        // `first` writes of the recovery succeed, then `second` of the next one, the last one torn.
        for (let first = 0; await cutOpening(store.clone(), first); ++first) {
            const once = store.clone()
            await cutOpening(once, first)
            for (let second = 1; ; ++second) {
                const twice = once.clone()
                if (!(await cutOpening(twice, second, true))) break
                const again = await mounted(twice)
                expect((await openLog(again.volume)).byteCount()).toBe(header.length + 42 * 96)
                const text = `${first} writes, then ${second}`
                if (fsck) expect(checkVolume(twice).clean, text).toBe(true)
                cuts++
            }
        }
        expect(cuts).toBeGreaterThan(50)
    })

    it("needs at most ten more reads for files among 3,000 than among three", async () => {
        const reads = async (files: number, ours: "before" | "behind") => {
            const store = await formatted(600)
            const { volume } = await mounted(store)
            const path = "LOG/20261122.CSV"
            if (ours === "before") await (await volume.openForAppend(path, header)).close()
            const root = new Directory(volume, volume.table.rootCluster)
            for (let i = 0; i < files; ++i) {
                await root.seekUnused()
                await root.write(encodeName(`F${i}.TXT`), 0x20, 0, 0x00210000)
            }
            if (ours === "behind") await (await volume.openForAppend(path, header)).close()
            const parent = (await directoryOf(volume, "LOG")) ?? 0
            const logs = new Directory(volume, parent)
            for (let i = 0; i < files; ++i) {
                await logs.seekUnused()
                await logs.write(encodeName(`L${i}.CSV`), 0x20, 0, 0x00210000)
            }
            const today = "LOG/20261123.CSV"
            await (await volume.openForAppend(today, header, isLater({ number: -1 }))).close()
            const again = await mounted(store)
            await again.volume.openForAppend(today, header, isLater({ number: -1 }))
            return again.device.reads
        }
        const few = await reads(3, "behind")
        expect(await reads(3000, "behind")).toBeLessThanOrEqual(few + 10)
        expect(await reads(3000, "before")).toBeLessThanOrEqual(few + 10)
    })
})

async function directoryOf(volume: Volume, name: string): Promise<number | undefined> {
    let cluster: number | undefined
    await volume.list("", async entry => {
        if (entry.name === name) cluster = entry.firstCluster
        return cluster === undefined
    })
    return cluster
}

it("compares the table's copies as they are on the card now", async () => {
    const { table } = (await mounted(await formatted(64))).volume
    const chain = [10, 11, 12, 13]
    for (const cluster of chain) await table.markCluster(cluster, cluster + 1)
    await table.markCluster(14, 0x0fffffff)
    await table.settle(10)
    // Freed: the chain that the previous comparison has read is stale.
    for (const cluster of [...chain, 14]) await table.markCluster(cluster, 0)
    await table.settle(10)
    for (const cluster of chain) expect(await table.entry(cluster)).toBe(0)
})
