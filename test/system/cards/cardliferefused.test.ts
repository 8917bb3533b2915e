import { describe, expect, it } from "vitest"
import { SdCardChip, type SdCardOptions } from "../../../sim/chips/sdcard"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife } from "../../support/cardlife"
import { formattedStore, textOn, timesOn } from "../../support/cardstore"
import { behindMbr, checkVolume, makeVolume } from "../../support/fatimage"
import { hasTool } from "../../support/tools"

const today = "LOG/20261122.CSV"
const tools = hasTool("mkfs.fat") && hasTool("fsck.fat")

/** A card that begins with these bytes and has the signature of boot sectors. */
function startingWith(hex: string): MemoryStore {
    const store = new MemoryStore(32 * 2048)
    const boot = new Uint8Array(512)
    boot.set(Buffer.from(hex.replace(/\s+/g, ""), "hex"))
    boot.set([0x55, 0xaa], 510)
    store.write(0, boot)
    return store
}

/** The first 128 bytes that mkfs.exfat 1.2.0 writes on 64 MiB. */
const exFat = () =>
    startingWith(
        `eb7690455846415420202000000000000000000000000000000000000000000000000000000000000000000000000000
        000000000000000000000000000000000000020000000000000800008000000000100000003e000005000000
        4cf94f6b000100000903018000000000000000000000000000000000`,
    )

/** The first 96 bytes that mkntfs 2022.10.3 writes on 64 MiB. */
const ntfs = () =>
    startingWith(
        `eb52904e5446532020202000020800000000000000f80000000000000000000000000000800080
        00ffff01000000000004000000000000 00ff1f000000000000f600000001000000504a1c1151b43854
        000000000e1fbe717cac22c0740b56b4`,
    )

/** A GUID partition table: one entry that covers everything, then "EFI PART". */
function guidTable(): MemoryStore {
    const store = behindMbr(new MemoryStore(30 * 2048), 1, 0xee)
    const header = new Uint8Array(512)
    header.set(Buffer.from("EFI PART"))
    store.write(1, header)
    return store
}

/** What the board shows a person: `status`, the console's log and the error flag. */
function expectShown(board: CardLife, message: string): void {
    expect(board.storage.lastError).toBe(message)
    expect(board.lines).toEqual([`logger: ${message}`])
    expect(board.flags()).toBe("SD_CARD")
    expect(board.storage.mounted()).toBe(false)
}

const noFat = "no FAT file system on the card: format as FAT32 (card format)"

describe("a card that cannot be used", () => {
    const cards: { title: string; make: () => MemoryStore; message: string }[] = [
        { title: "that is blank", make: () => new MemoryStore(32 * 2048), message: noFat },
        {
            title: "that was erased to ones",
            make: () => {
                const store = new MemoryStore(32 * 2048)
                for (let block = 0; block < 64; ++block)
                    store.write(block, new Uint8Array(512).fill(0xff))
                return store
            },
            message: noFat,
        },
        {
            title: "with exFAT",
            make: exFat,
            message: "the card has exFAT: format as FAT32 (card format)",
        },
        {
            title: "with exFAT in a partition, as SDXC cards are sold",
            make: () => behindMbr(exFat(), 2048, 0x07),
            message: "the card has exFAT: format as FAT32 (card format)",
        },
        {
            title: "with NTFS",
            make: ntfs,
            message: "the card has NTFS: format as FAT32 (card format)",
        },
        {
            title: "with NTFS in a partition",
            make: () => behindMbr(ntfs(), 2048, 0x07),
            message: "the card has NTFS: format as FAT32 (card format)",
        },
        { title: "with a GUID partition table", make: guidTable, message: noFat },
        {
            title: "with another system in its partition",
            make: () => behindMbr(new MemoryStore(30 * 2048), 2048, 0x83),
            message: noFat,
        },
    ]
    for (const { title, make, message } of cards) {
        it(`${title}, is refused with advice, and card format makes it usable`, async () => {
            const store = make()
            const before = store.clone()
            const board = await CardLife.start(new SdCardChip(store))
            await board.run(9)
            expectShown(board, message)
            for (const block of [0, 1, 2048]) expect(store.read(block)).toEqual(before.read(block))
            await board.finish(board.storage.format())
            expect(board.storage.lastError).toBe("")
            await board.settle(2)
            await board.run(6)
            expect(board.flags()).toBe("none")
            await board.sync()
            expect(await timesOn(store, today)).toEqual(board.made)
            if (tools) expect(checkVolume(store).clean).toBe(true)
        })
    }

    it.skipIf(!tools)("with FAT12, is refused with advice", async () => {
        const message = "the card has FAT12 or an odd FAT: format as FAT32 (card format)"
        for (const mebibytes of [2, 16]) {
            const volume = makeVolume(mebibytes, "-F12")
            for (const store of [volume, behindMbr(volume, 2048, 0x01)]) {
                const board = await CardLife.start(new SdCardChip(store))
                await board.run(5)
                expectShown(board, message)
            }
        }
    })

    it.skipIf(!tools)("cut off at half its size, is refused with advice", async () => {
        const whole = makeVolume(64, "-F32", "-s1")
        const store = new MemoryStore(32 * 2048)
        for (const block of whole.written())
            if (block < store.blockCount) store.write(block, whole.read(block))
        const board = await CardLife.start(new SdCardChip(store))
        await board.run(5)
        expectShown(
            board,
            "the file system is larger than its card: save its files, then card format",
        )
    })

    it("is replaced by a usable one, which gets everything that was queued", async () => {
        const board = await CardLife.start(new SdCardChip(exFat()), { cells: true })
        await board.run(7)
        const store = await formattedStore(16)
        board.socket.pull()
        board.socket.insert(new SdCardChip(store))
        expect(await board.settle()).toBeLessThanOrEqual(5)
        await board.run(6)
        await board.sync()
        expect(await timesOn(store, today)).toEqual(board.made)
        expect(await timesOn(store, "CELL/20261122.CSV")).toEqual(board.made)
        expect(board.flags()).toBe("none")
    })
})

describe("a write-protected card", () => {
    const message = "the SD card is write-protected: unlock it or use another"
    const protections: { title: string; options: SdCardOptions }[] = [
        { title: "for a time", options: { writeProtected: true } },
        { title: "forever", options: { writeProtectedForEver: true } },
    ]
    for (const { title, options } of protections) {
        it(`${title} says so, stays readable, and its board logs on the next card`, async () => {
            const store = await formattedStore(16)
            const first = await CardLife.start(new SdCardChip(store))
            await first.run(5)
            await first.sync()
            const before = await textOn(store, today)
            const card = new SdCardChip(store, options)
            const board = await CardLife.start(card)
            await board.run(8)
            expect(board.storage.lastError).toBe(message)
            expect(board.lines).toEqual([`logger: ${message}`])
            expect(board.flags()).toBe("SD_CARD")
            expect(board.storage.mounted()).toBe(true)
            const size = await board.use(async volume => {
                return (await volume.open(today))?.byteCount()
            })
            expect(size).toBe(before?.length)
            await board.run(8)
            expect(board.flags()).toBe("SD_CARD")
            expect(card.counters.sectorWrites).toBe(0)
            expect(await textOn(store, today)).toBe(before)
            await expect(board.finish(board.storage.format())).rejects.toThrow(message)
            const other = await formattedStore(16)
            board.socket.pull()
            board.socket.insert(new SdCardChip(other))
            expect(await board.settle()).toBeLessThanOrEqual(5)
            await board.run(6)
            await board.sync()
            expect(await timesOn(other, today)).toEqual(board.made)
            expect(board.flags()).toBe("none")
        })
    }
})
