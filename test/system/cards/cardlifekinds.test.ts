import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { SdCard } from "../../../src/card/sdcard"
import { SdCardChip, type SdCardType } from "../../../sim/chips/sdcard"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife } from "../../support/cardlife"
import { recordTimes, timesOn } from "../../support/cardstore"
import { DeviceBuffer } from "../../support/devicebuffer"
import { checkVolume, copyOut, makeVolume, prepareVolume } from "../../support/fatimage"
import { hasTool, requireTool } from "../../support/tools"

const today = "LOG/20261122.CSV"
const tools = hasTool("fsck.fat") && hasTool("mkfs.fat") && hasTool("mcopy") && hasTool("mmd")
const types: SdCardType[] = ["SDSC1", "SDSC", "SDHC", "SDXC"]

/** This many bytes of numbered lines: a missing, duplicate or moved sector shows. */
function numbered(bytes: number): string {
    let text = ""
    for (let i = 0; text.length < bytes; ++i) text += `line ${String(i).padStart(8, "0")} of it\r\n`
    return text.slice(0, bytes - 2) + "\r\n"
}

/** A file's content as the board reads it over the bus. */
async function readOver(board: CardLife, path: string): Promise<string> {
    return await board.use(async volume => {
        const file = await volume.open(path)
        if (!file) throw new Error(`${path} is missing`)
        const into = DeviceBuffer.alloc(4096) as unknown as Buffer
        let text = ""
        for (;;) {
            const count = await file.read(text.length, into, 4096)
            if (count === 0) return text
            text += into.slice(0, count).toString()
        }
    })
}

async function appendOver(board: CardLife, path: string, text: string): Promise<void> {
    await board.use(async volume => {
        const file = await volume.openForAppend(path, "")
        for (let at = 0; at < text.length; at += 2000)
            await file.append(DeviceBuffer.from(text.slice(at, at + 2000)) as unknown as Buffer)
        await file.close()
    })
}

describe.skipIf(!tools)("volumes made by mkfs.fat", () => {
    /** Sectors per cluster, and a size in MiB with enough clusters. */
    const fat16 = [
        [1, 8],
        [2, 16],
        [4, 32],
        [8, 36],
        [16, 40],
        [32, 80],
        [64, 160],
        [128, 300],
    ]
    const fat32 = [
        [1, 40],
        [2, 70],
        [4, 140],
        [8, 280],
        [16, 560],
        [32, 1100],
        [64, 2200],
        [128, 4300],
    ]
    const volumes = [
        ...fat16.map(([sectors, mebibytes]) => ({ kind: "FAT16", sectors, mebibytes })),
        ...fat32.map(([sectors, mebibytes]) => ({ kind: "FAT32", sectors, mebibytes })),
    ]
    volumes.forEach(({ kind, sectors, mebibytes }, index) => {
        const type = types[index % 4]
        it(`are read and written: ${kind}, ${sectors * 512} bytes per cluster, on ${type}`, async () => {
            const clusterBytes = sectors * 512
            const theirs = numbered(clusterBytes * 2 + 1234)
            const options = [`-F${kind.slice(3)}`, `-s${sectors}`, "-n", "FOREIGN"]
            const store = prepareVolume(mebibytes, options, (image, folder) => {
                const path = join(folder, "theirs")
                writeFileSync(path, theirs)
                const mtools = (tool: string, ...rest: string[]) =>
                    execFileSync(requireTool(tool), ["-i", image, ...rest], { stdio: "pipe" })
                mtools("mmd", "::LOG")
                mtools("mcopy", path, "::LOG/THEIRS.TXT")
                mtools("mcopy", path, "::A Name that is Longer.txt")
            })
            const board = await CardLife.start(new SdCardChip(store, { type }), { cells: true })
            await board.run(8)
            expect(await board.use(async volume => volume.clusterBytes)).toBe(clusterBytes)
            expect((await readOver(board, "LOG/THEIRS.TXT")) === theirs).toBe(true)
            const ours = numbered(clusterBytes * 2 + 777)
            await appendOver(board, "OURS.TXT", ours)
            await board.run(3)
            await board.sync()
            expect(await timesOn(store, today)).toEqual(board.made)
            const check = checkVolume(store)
            expect(check.clean, check.text).toBe(true)
            expect(recordTimes(copyOut(store, today))).toEqual(board.made)
            expect(copyOut(store, "OURS.TXT") === ours).toBe(true)
            expect(copyOut(store, "A Name that is Longer.txt") === theirs).toBe(true)
        })
    })
})

interface Partition {
    type: number
    volume: MemoryStore | undefined
    first: number
}

/** A card with a partition table of four slots. Undefined marks an unused one. */
function partitioned(partitions: (Partition | undefined)[], mebibytes = 64): MemoryStore {
    const card = new MemoryStore(mebibytes * 2048)
    const mbr = new Uint8Array(512)
    const view = new DataView(mbr.buffer)
    partitions.forEach((partition, slot) => {
        if (!partition) return
        const at = 446 + slot * 16
        mbr[at + 4] = partition.type
        view.setUint32(at + 8, partition.first, true)
        view.setUint32(at + 12, partition.volume?.blockCount ?? 2048, true)
        for (const block of partition.volume?.written() ?? [])
            card.write(block + partition.first, partition.volume!.read(block))
    })
    view.setUint16(510, 0xaa55, true)
    card.write(0, mbr)
    return card
}

/** A copy of the card's volume, for programs that know no partitions. */
function cutOut(card: MemoryStore, first: number, blocks: number): MemoryStore {
    const volume = new MemoryStore(blocks)
    for (const block of card.written())
        if (block >= first && block < first + blocks) volume.write(block - first, card.read(block))
    return volume
}

function named(name: string): MemoryStore {
    const store = new MemoryStore(2048)
    const boot = new Uint8Array(512)
    boot.set(Buffer.from(name), 3)
    boot.set([0x55, 0xaa], 510)
    store.write(0, boot)
    return store
}

describe.skipIf(!tools)("a partition table", () => {
    async function expectLogged(
        card: MemoryStore,
        first: number,
        volume: MemoryStore,
        type: SdCardType,
    ) {
        const others = [...card.written()].filter(
            block => block < first || block >= first + volume.blockCount,
        )
        const before = others.map(block => card.read(block))
        const board = await CardLife.start(new SdCardChip(card, { type }))
        await board.run(6)
        await board.sync()
        expect(board.reasons).toEqual([])
        const after = cutOut(card, first, volume.blockCount)
        expect(recordTimes(copyOut(after, today))).toEqual(board.made)
        const check = checkVolume(after)
        expect(check.clean, check.text).toBe(true)
        others.forEach((block, i) => expect(card.read(block)).toEqual(before[i]))
    }
    const fat16 = () => makeVolume(16, "-F16", "-s2")
    const fat32 = () => makeVolume(40, "-F32", "-s1")
    for (const [type, make] of [
        [0x04, fat16],
        [0x06, fat16],
        [0x0e, fat16],
        [0x0b, fat32],
        [0x0c, fat32],
    ] as [number, () => MemoryStore][])
        it(`with type 0x${type.toString(16)} in each of its slots is understood`, async () => {
            const volume = make()
            for (let slot = 0; slot < 4; ++slot) {
                const first = 2048 + slot * 63
                const slots: (Partition | undefined)[] = [
                    undefined,
                    undefined,
                    undefined,
                    undefined,
                ]
                slots[slot] = { type, volume, first }
                await expectLogged(partitioned(slots), first, volume, types[slot])
            }
        })

    it("may have foreign partitions before and after ours, which stay unchanged", async () => {
        const volume = fat32()
        const linux: Partition = { type: 0x83, volume: undefined, first: 2048 }
        const behind = {
            type: 0x07,
            volume: named("NTFS    "),
            first: 2048 + 4096 + volume.blockCount,
        }
        const ours = { type: 0x0c, volume, first: 4096 }
        await expectLogged(partitioned([linux, ours, behind, undefined]), 4096, volume, "SDHC")
    })

    const fat16Plain = () => makeVolume(16, "-F16", "-s2", "-R1")
    for (const [title, type, other, make] of [
        ["exFAT", 0x07, () => named("EXFAT   "), fat32],
        ["NTFS", 0x07, () => named("NTFS    "), fat32],
        ["FAT12", 0x01, () => makeVolume(1, "-F12"), fat32],
        ["FAT12 with reserved sectors", 0x01, () => makeVolume(1, "-F12", "-R32"), fat16Plain],
    ] as [string, number, () => MemoryStore, () => MemoryStore][])
        it(`may have ${title} before the first usable partition`, async () => {
            const volume = make()
            const slots = [
                { type, volume: other(), first: 2048 },
                { type: 0x0c, volume, first: 8192 },
            ]
            await expectLogged(partitioned(slots), 8192, volume, "SDHC")
        })

    it("wins over an old boot sector that a bare volume left before it", async () => {
        for (const [type, volume, stale] of [
            [0x0c, fat32(), makeVolume(64, "-F32", "-s1")],
            [0x06, fat16(), makeVolume(64, "-F16", "-s4")],
        ] as const) {
            const card = partitioned([undefined, { type, volume, first: 8192 }])
            const block = Uint8Array.from(card.read(0))
            block.set(stale.read(0).subarray(0, 446))
            for (const old of stale.written())
                if (old !== 0 && old < 8192) card.write(old, stale.read(old))
            card.write(0, block)
            await expectLogged(card, 8192, volume, "SDHC")
        }
    })

    it("may be boot code that looks like one: then the volume is the whole card", async () => {
        const volume = fat32()
        const block = Uint8Array.from(volume.read(0))
        const view = new DataView(block.buffer)
        for (let slot = 0; slot < 4; ++slot) {
            const at = 446 + slot * 16
            block[at] = [0x80, 0, 0x33, 0][slot]
            view.setUint32(at + 8, [9000, 0x7fffffff, 40, 0][slot], true)
        }
        volume.write(0, block)
        await expectLogged(volume, 0, volume, "SDHC")
    })
})

/** Overwrites the code of a master boot record with a boot sector's, and keeps the partitions. */
function leaveBootSector(card: MemoryStore, volume: MemoryStore): void {
    const block = Uint8Array.from(card.read(0))
    block.set(volume.read(0).subarray(0, 446))
    card.write(0, block)
}

describe.skipIf(!tools)("an old boot sector before a partition table", () => {
    const stale = () => makeVolume(64, "-F32", "-s1")

    it("does not hide the partition, and nothing is written before that", async () => {
        const volume = makeVolume(40, "-F32", "-s1")
        const card = partitioned([{ type: 0x0c, volume, first: 8192 }])
        leaveBootSector(card, stale())
        const before = [...card.written()].filter(block => block < 8192)
        const board = await CardLife.start(new SdCardChip(card))
        await board.run(6)
        await board.sync()
        expect([...card.written()].filter(block => block < 8192)).toEqual(before)
        const after = cutOut(card, 8192, volume.blockCount)
        expect(recordTimes(copyOut(after, today))).toEqual(board.made)
    })

    it("does not make up for an unusable partition", async () => {
        const card = partitioned([{ type: 0x07, volume: named("EXFAT   "), first: 8192 }])
        leaveBootSector(card, stale())
        const before = [...card.written()]
        const board = await CardLife.start(new SdCardChip(card))
        await board.run(6)
        expect([...card.written()]).toEqual(before)
        expect(board.storage.lastError).toContain("exFAT")
    })
})

describe.skipIf(!tools)("a false partition table in a volume's boot sector", () => {
    for (const [title, indicator, first] of [
        ["with an invalid boot indicator", 0x41, 8192],
        ["that leads to no volume", 0x00, 30000],
        ["that leads beyond the card", 0x80, 0x20202020],
    ] as const)
        it(`is ignored: one ${title}`, async () => {
            const store = makeVolume(40, "-F32", "-s1")
            const block = Uint8Array.from(store.read(0))
            block[446] = indicator
            new DataView(block.buffer).setUint32(446 + 8, first, true)
            store.write(0, block)
            const board = await CardLife.start(new SdCardChip(store))
            await board.run(6)
            await board.sync()
            expect(recordTimes(copyOut(store, today))).toEqual(board.made)
        })
})

describe.skipIf(!tools)("FAT32 without mirroring", () => {
    const theirs = numbered(5000)

    /** A volume whose second table is active. The first is that of an empty volume. */
    function secondTableOnly(flags: number) {
        const store = prepareVolume(40, ["-F32", "-s1"], (image, folder) => {
            const path = join(folder, "theirs")
            writeFileSync(path, theirs)
            execFileSync(requireTool("mcopy"), ["-i", image, path, "::THEIRS.TXT"])
        })
        const boot = Uint8Array.from(store.read(0))
        const view = new DataView(boot.buffer)
        const first = view.getUint16(14, true)
        const blocks = view.getUint32(36, true)
        const fresh = makeVolume(40, "-F32", "-s1")
        const empty = Array.from({ length: blocks }, (_, i) =>
            Uint8Array.from(fresh.read(first + i)),
        )
        empty.forEach((block, i) => store.write(first + i, block))
        boot[40] = flags
        store.write(0, boot)
        return { store, boot, first, blocks, empty }
    }

    it("is used by its active table, and the other stays unchanged", async () => {
        const { store, boot, first, blocks, empty } = secondTableOnly(0x81)
        const board = await CardLife.start(new SdCardChip(store))
        await board.run(6)
        await appendOver(board, "OURS.TXT", theirs)
        expect((await readOver(board, "THEIRS.TXT")) === theirs).toBe(true)
        await board.sync()
        empty.forEach((block, i) => expect(store.read(first + i)).toEqual(block))
        // The tools know no active table.
        for (let i = 0; i < blocks; ++i) store.write(first + i, store.read(first + blocks + i))
        boot[40] = 0
        store.write(0, boot)
        const check = checkVolume(store)
        expect(check.clean, check.text).toBe(true)
        expect(copyOut(store, "THEIRS.TXT") === theirs).toBe(true)
        expect(copyOut(store, "OURS.TXT") === theirs).toBe(true)
        expect(recordTimes(copyOut(store, today))).toEqual(board.made)
    })

    it("is refused when its active table is neither of the two", async () => {
        const { store } = secondTableOnly(0x82)
        const before = [...store.written()].map(block => Uint8Array.from(store.read(block)))
        const board = await CardLife.start(new SdCardChip(store))
        await board.run(6)
        expect(board.storage.lastError).toContain("format as FAT32")
        expect([...store.written()].map(block => store.read(block))).toEqual(before)
    })
})

describe.skipIf(!tools)("a card without a partition table", () => {
    for (const type of types)
        it(`is logged on, pulled and put back: ${type}`, async () => {
            const store = makeVolume(64, "-F32", "-s1")
            const card = new SdCardChip(store, { type })
            const board = await CardLife.start(card, { cells: true })
            await board.run(10)
            const { device } = await board.use(async volume => volume)
            const kind = (device as SdCard).kind
            // A high-capacity card of this size is not SDXC, whatever it reports.
            expect(kind).toBe(type.startsWith("SDSC") ? "SDSC" : "SDHC")
            board.socket.pull()
            await board.run(7)
            board.socket.insert(card)
            expect(await board.settle()).toBeLessThanOrEqual(5)
            await board.sync()
            expect(recordTimes(copyOut(store, today))).toEqual(board.made)
            expect(recordTimes(copyOut(store, "CELL/20261122.CSV"))).toEqual(board.made)
            const check = checkVolume(store)
            expect(check.clean, check.text).toBe(true)
        })
})
