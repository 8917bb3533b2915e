import { beforeAll, describe, expect, it } from "vitest"
import type { Volume } from "../../../src/fat/volume"
import { SdCardChip } from "../../../sim/chips/sdcard"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife, morning } from "../../support/cardlife"
import type { MemoryFlash } from "../../support/memoryflash"
import { formattedStore, mountStore, recordTimes, textOn, timesOn } from "../../support/cardstore"
import { Random } from "../../support/random"
import { DeviceBuffer } from "../../support/devicebuffer"
import { checkVolume, makeVolume } from "../../support/fatimage"
import { ForeignFiles } from "../../support/foreignfiles"
import { hasTool } from "../../support/tools"

const today = "LOG/20261122.CSV"
const yesterday = "LOG/20261121.CSV"
/** Where the day continues when its file cannot. */
const further = "LOG/26112201.CSV"
const repair = "the file system is damaged: repair it on a PC, or save its files and card format"
const tools = hasTool("fsck.fat") && hasTool("mkfs.fat")

/** Changes bytes of one block of a card. */
function edit(store: MemoryStore, block: number, change: (view: DataView) => void): void {
    const data = Uint8Array.from(store.read(block))
    change(new DataView(data.buffer))
    store.write(block, data)
}

const cards: { title: string; kind: string; make: () => Promise<MemoryStore> }[] = [
    { title: "FAT16 card", kind: "FAT16", make: async () => await formattedStore(16) },
    { title: "FAT32 card", kind: "FAT32", make: async () => await formattedStore(600) },
    {
        title: "FAT16 card without room for a redo log",
        kind: "FAT16",
        make: async () => makeVolume(16, "-F16", "-s2", "-R1"),
    },
]

/** A used card with both days' logs and a foreign file between them. */
describe.each(tools ? cards : cards.slice(0, 2))("on a $title", ({ kind, make }) => {
    let start: MemoryStore
    let flash: MemoryFlash
    let volume: Volume
    let before: string
    let photo: string

    beforeAll(async () => {
        start = await make()
        const former = await CardLife.start(new SdCardChip(start), {
            startSeconds: morning - 86400,
        })
        await former.run(30)
        // Foreign clusters before, between and after those of the logs.
        await former.use(async mounted => {
            photo = "x".repeat(1021) + "\r\n"
            const file = await mounted.openForAppend("PHOTO.JPG", photo)
            for (let i = 0; i < 30; ++i) await file.append(textBytes(photo))
            await file.close()
            photo = photo.repeat(31)
        })
        const later = { startSeconds: morning - 400, flash: former.flash }
        const board = await CardLife.start(new SdCardChip(start), later)
        await board.run(200)
        await board.sync()
        flash = board.flash
        volume = await mountStore(start)
        expect(volume.kind).toBe(kind)
        before = (await textOn(start, today))!
        expect(before.length).toBeGreaterThan(2 * volume.clusterBytes)
    })

    function textBytes(text: string): Buffer {
        return DeviceBuffer.from(text) as unknown as Buffer
    }

    async function run(store: MemoryStore, seconds = 20): Promise<CardLife> {
        const board = await CardLife.start(new SdCardChip(store), { flash: flash })
        await board.run(seconds)
        await board.sync()
        return board
    }

    /** Writes a table entry into this many copies, the first ones. */
    function editTable(store: MemoryStore, cluster: number, value: number, copies = 2): void {
        const { table } = volume
        for (let copy = 0; copy < copies; ++copy)
            edit(store, table.blockOf(cluster) + copy * table.fatBlocks, view => {
                if (kind === "FAT32") view.setUint32((cluster & 127) * 4, value, true)
                else view.setUint16((cluster & 255) * 2, value, true)
            })
    }

    async function clustersOf(path: string): Promise<number[]> {
        const file = (await volume.open(path))!
        const clusters: number[] = []
        for (let at = 0; at < file.byteCount(); at += volume.clusterBytes) {
            const block = await file.blockOf(at)
            const { dataBlock, clusterBlocks } = volume.table
            clusters.push((block - dataBlock) / clusterBlocks + 2)
        }
        return clusters
    }

    async function expectUnharmed(store: MemoryStore): Promise<void> {
        expect((await textOn(store, today))!.startsWith(before)).toBe(true)
        expect(await textOn(store, yesterday)).toBe(await textOn(start, yesterday))
        expect((await textOn(store, "PHOTO.JPG")) === photo).toBe(true)
    }

    const damages: { title: string; damage: (view: DataView) => void }[] = [
        {
            title: "zeros",
            damage: view => new Uint8Array(view.buffer).fill(0),
        },
        {
            title: "ones",
            damage: view => new Uint8Array(view.buffer).fill(0xff),
        },
        {
            title: "zeros in its second half",
            damage: view => new Uint8Array(view.buffer).fill(0, 8),
        },
        {
            title: "garbage",
            damage: view => {
                const random = new Random(3)
                for (let i = 0; i < 512; ++i) view.setUint8(i, random.below(256))
            },
        },
    ]
    for (const { title, damage } of damages) {
        it(`uses the second table when the first has ${title}, and loses nothing`, async () => {
            const store = start.clone()
            edit(store, volume.table.fatBlock, damage)
            const board = await run(store, 120)
            expect(recordTimes(await textOn(store, today)).slice(-120)).toEqual(board.made)
            await expectUnharmed(store)
            if (!tools) return
            const check = checkVolume(store)
            expect(check.clean, check.text).toBe(true)
        })
    }

    it("uses the first table when the second has garbage", async () => {
        const store = start.clone()
        edit(store, volume.table.fatBlock + volume.table.fatBlocks, damages[3].damage)
        const board = await run(store, 120)
        expect(recordTimes(await textOn(store, today)).slice(-120)).toEqual(board.made)
        await expectUnharmed(store)
    })

    /** All but today's log is unchanged, and the new records are in a further file of the day. */
    async function expectFurther(store: MemoryStore, board: CardLife): Promise<void> {
        expect(board.logger.queued()).toBe(0)
        expect(await timesOn(store, further)).toEqual(board.made)
        expect(await textOn(store, yesterday)).toBe(await textOn(start, yesterday))
        expect((await textOn(store, "PHOTO.JPG")) === photo).toBe(true)
    }

    const chains: { title: string; value: (clusters: number[]) => number }[] = [
        { title: "is circular", value: clusters => clusters[0] },
        { title: "leaves the card", value: () => 0x0ffff0 & (kind === "FAT32" ? -1 : 0xffff) },
        { title: "ends before the recorded size", value: () => 0x0fffffff },
        { title: "leads to a free cluster", value: () => 0 },
    ]
    for (const { title, value } of chains) {
        it(`continues the day in a further file when its log's chain ${title}`, async () => {
            const store = start.clone()
            const clusters = await clustersOf(today)
            const link = value(clusters)
            editTable(store, clusters[1], kind === "FAT32" ? link : link & 0xffff)
            const board = await run(store)
            await expectFurther(store, board)
            expect(board.lines).toEqual([`logger: ${repair}`])
            // The damage stays for a person to repair. Until then the flag is up.
            expect(board.flags()).toBe("SD_CARD")
        })
    }

    const entries: { title: string; low: number; high?: number; size?: number }[] = [
        { title: "no first cluster", low: 0 },
        { title: "1 as its first cluster", low: 1 },
        { title: "a first cluster beyond the card", low: 0xfff0, high: 0x0fff },
    ]
    for (const { title, low, high } of entries) {
        it(`continues the day in a further file when its log's entry has ${title}`, async () => {
            const store = start.clone()
            const file = (await volume.open(today))!
            edit(store, file.entryBlock, view => {
                view.setUint16(file.entryAt + 20, high ?? 0, true)
                view.setUint16(file.entryAt + 26, low, true)
            })
            const board = await run(store)
            await expectFurther(store, board)
            expect(board.lines).toEqual([`logger: ${repair}`])
        })

        it(`says what to do and touches only its backup when LOG's entry has ${title}`, async () => {
            const store = start.clone()
            const slot = await entryOf(store, "LOG        ")
            edit(store, slot.block, view => {
                view.setUint16(slot.at + 20, high ?? 0, true)
                view.setUint16(slot.at + 26, low, true)
            })
            const damaged = store.clone()
            const board = await run(store)
            expect(board.lines).toEqual([`logger: ${repair}`])
            expect(board.flags()).toBe("SD_CARD")
            expect(board.logger.queued()).toBe(20)
            await expectSame(store, damaged)
        })
    }

    it("continues in a further file when today's log is larger than its chain", async () => {
        const store = start.clone()
        const file = (await volume.open(today))!
        const size = before.length + 3 * volume.clusterBytes
        edit(store, file.entryBlock, view => view.setUint32(file.entryAt + 28, size, true))
        await expectFurther(store, await run(store))
    })

    it("says what to do when LOG is a file, and logs once it is renamed", async () => {
        const store = await make()
        const made = await mountStore(store)
        await (await made.openForAppend("LOG", "a file of mine\r\n")).close()
        const board = await CardLife.start(new SdCardChip(store))
        await board.run(12)
        const said = "LOG on the card is not a directory: rename it"
        expect(board.lines).toEqual([`logger: ${said}`])
        expect(board.flags()).toBe("SD_CARD")
        expect(await textOn(store, "LOG")).toBe("a file of mine\r\n")
        const slot = await entryOf(store, "LOG        ")
        board.socket.pull()
        edit(store, slot.block, view => view.setUint8(slot.at + 3, 0x32))
        board.socket.insert(new SdCardChip(store))
        expect(await board.settle()).toBeLessThanOrEqual(5)
        await board.run(6)
        await board.sync()
        expect(board.flags()).toBe("none")
        expect(await timesOn(store, today)).toEqual(board.made)
        expect(await textOn(store, "LOG2")).toBe("a file of mine\r\n")
    })

    it("keeps the main log going when CELL is a file", async () => {
        const store = start.clone()
        const made = await mountStore(store)
        await (await made.openForAppend("CELL", "a file of mine\r\n")).close()
        const board = await CardLife.start(new SdCardChip(store), { flash: flash, cells: true })
        await board.run(20)
        await board.sync()
        expect(board.lines).toContain("logger: CELL on the card is not a directory: rename it")
        expect(recordTimes(await textOn(store, today)).slice(-20)).toEqual(board.made)
    })

    for (const [title, attributes] of [
        ["read-only", 0x21],
        ["hidden", 0x22],
        ["a directory", 0x10],
    ] as [string, number][]) {
        it(`continues in a further file when today's log is ${title}`, async () => {
            const store = start.clone()
            const file = (await volume.open(today))!
            edit(store, file.entryBlock, view => view.setUint8(file.entryAt + 11, attributes))
            await expectFurther(store, await run(store))
        })
    }

    /** Where a name's entry in the root directory is. */
    async function entryOf(store: MemoryStore, name: string) {
        const { table } = await mountStore(store)
        const root =
            kind === "FAT32"
                ? table.firstBlock(table.rootCluster)
                : table.dataBlock - table.rootBlocks
        for (let at = 0; at < 512; at += 32)
            if (Buffer.from(store.read(root).slice(at, at + 11)).toString() === name)
                return { block: root, at }
        throw new Error(`${name} is missing`)
    }

    /** The whole card is the same except for the two files of the board's backup. */
    async function expectSame(store: MemoryStore, as: MemoryStore): Promise<void> {
        const { table } = volume
        const after = await takeBackupOut(store)
        const before = await takeBackupOut(as)
        const backup = [...after.clusters, ...before.clusters]
        const ofBackup = (block: number) =>
            backup.includes(Math.floor((block - table.dataBlock) / table.clusterBlocks) + 2)
        const different = [...after.rest.written()].filter(
            block =>
                block >= table.fatBlock &&
                !ofBackup(block) &&
                Buffer.compare(after.rest.read(block), before.rest.read(block)) !== 0,
        )
        expect(different).toEqual([])
    }

    /** A card without the backup's entries and links, and the backup's clusters. */
    async function takeBackupOut(store: MemoryStore) {
        const rest = store.clone()
        const files = new ForeignFiles(rest)
        const clusters: number[] = []
        for (const name of ["BMSMINI BAK", "BMSMINI BA2"]) {
            // Mounting may change the card, so a copy is searched.
            const { block, at } = await entryOf(store.clone(), name)
            edit(rest, block, view => {
                clusters.push(view.getUint16(at + 26, true))
                expect(view.getUint32(at + 28, true)).toBeLessThanOrEqual(volume.clusterBytes)
                new Uint8Array(view.buffer).fill(0, at, at + 32)
            })
            files.setEntry(clusters.at(-1)!, 0)
        }
        return { rest, clusters }
    }
})
