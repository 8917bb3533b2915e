import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { SdCardChip } from "../../../sim/chips/sdcard"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife } from "../../support/cardlife"
import { recordTimes } from "../../support/cardstore"
import {
    behindMbr,
    checkVolume,
    copyAllOut,
    makeVolume,
    placeVolume,
    prepareVolume,
    runMtools,
} from "../../support/fatimage"
import { hasTool, requireTool } from "../../support/tools"

// Cards that people bring from cameras, phones, Macs and other computers. The board logs on them
// and leaves their files alone.

const today = "LOG/20261122.CSV"
const needed = ["fsck.fat", "mkfs.fat", "mcopy", "mmd", "mattrib", "mdir", "mlabel"]
const tools = needed.every(hasTool)

/** The content of a foreign file, different for each path. */
function content(path: string, bytes: number): string {
    let text = ""
    for (let i = 0; text.length < bytes; ++i) text += `${path} ${i}\n`
    return text.slice(0, bytes)
}

interface Tree {
    folders?: readonly string[]
    /** Paths and sizes. */
    files: readonly (readonly [string, number])[]
    /** Options of mattrib for each of these. */
    attributes?: readonly (readonly [string, string])[]
}

/** A volume made by mkfs.fat with this tree. */
function brought(mebibytes: number, options: string[], tree: Tree): MemoryStore {
    return prepareVolume(mebibytes, options, (image, folder) => {
        const mtools = (tool: string, ...rest: string[]) =>
            execFileSync(requireTool(tool), ["-i", image, ...rest], { stdio: "pipe" })
        for (const path of tree.folders ?? []) mtools("mmd", "::" + path)
        for (const [path, bytes] of tree.files) {
            const source = join(folder, "files", path)
            mkdirSync(dirname(source), { recursive: true })
            writeFileSync(source, content(path, bytes))
            mtools("mcopy", source, "::" + path)
        }
        for (const [flags, path] of tree.attributes ?? [])
            mtools("mattrib", ...flags.split(" "), "::" + path)
    })
}

/** What mdir lists, without the board's own files. */
function listing(store: MemoryStore): string[] {
    const text = runMtools(store, "mdir", "-/", "-a", "-f", "::")
    // The board's own folders and its backup change their times. With -f, mdir lists no free bytes.
    const ours =
        /^(20261122 CSV|BMSMINI  BA[K2]|LOG|CELL|EVT|\.|\.\.) |^ +\d+ files? |^Total|^$|^Directory/
    return text.split("\n").filter(line => !ours.test(line))
}

/** Logs on the card for a while and checks that the rest of it is unchanged. */
async function expectLogged(store: MemoryStore, tree: Tree): Promise<CardLife> {
    const before = listing(store)
    const board = await CardLife.start(new SdCardChip(store), { cells: true })
    await board.run(8)
    await board.sync()
    expect(board.reasons).toEqual([])
    const paths = tree.files.map(([path]) => path)
    const [log, ...files] = copyAllOut(store, [today, ...paths])
    expect(recordTimes(log)).toEqual(board.made)
    paths.forEach((path, i) =>
        expect(files[i] === content(path, tree.files[i][1]), path).toBe(true),
    )
    expect(listing(store)).toEqual(before)
    const check = checkVolume(store)
    expect(check.clean, check.text).toBe(true)
    return board
}

const camera: Tree = {
    folders: ["DCIM", "DCIM/100CANON", "DCIM/101CANON", "MISC", "PRIVATE", "PRIVATE/AVCHD"],
    files: [
        ["DCIM/100CANON/IMG_0001.JPG", 90_000],
        ["DCIM/100CANON/IMG_0002.JPG", 123_456],
        ["DCIM/101CANON/MVI_0003.MOV", 300_000],
        ["MISC/AUTPRINT.MRK", 77],
    ],
}

const phone: Tree = {
    folders: ["Android", "Android/data", "Android/data/com.example.app", "LOST.DIR", ".thumbnails"],
    files: [
        ["Android/data/com.example.app/cache of the day.db", 40_000],
        ["LOST.DIR/12345", 600],
        [".thumbnails/.nomedia", 0],
        ["WhatsApp Image 2026-11-21 at 10.31.07.jpeg", 70_000],
    ],
}

const mac: Tree = {
    folders: [".Spotlight-V100", ".Spotlight-V100/Store-V2", ".fseventsd", ".Trashes", "LOG"],
    files: [
        [".Spotlight-V100/VolumeConfiguration.plist", 3000],
        [".Spotlight-V100/Store-V2/0.indexHead", 4096],
        [".fseventsd/fseventsd-uuid", 36],
        [".fseventsd/0000000000a1b2c3", 72],
        [".DS_Store", 6148],
        ["._.Trashes", 4096],
        // With the files that the Finder leaves beside each file it opened.
        ["LOG/20261121.CSV", 4000],
        ["LOG/._20261121.CSV", 4096],
        ["LOG/._20261122.CSV", 4096],
        ["LOG/.DS_Store", 6148],
    ],
    attributes: [
        ["+h", ".Spotlight-V100"],
        ["+h", ".fseventsd"],
        ["+h", ".Trashes"],
        ["+h", "._.Trashes"],
        ["+h", "LOG/._20261121.CSV"],
    ],
}

const windows: Tree = {
    folders: ["System Volume Information", "$RECYCLE.BIN"],
    files: [
        ["System Volume Information/IndexerVolumeGuid", 76],
        ["System Volume Information/WPSettings.dat", 12],
        ["$RECYCLE.BIN/desktop.ini", 129],
        ["readme.txt", 900],
        ["Notes of the plant (old).docx", 33_000],
    ],
    attributes: [
        ["+h +s", "System Volume Information"],
        ["+h +s", "$RECYCLE.BIN"],
        ["+h +s +r", "$RECYCLE.BIN/desktop.ini"],
    ],
}

describe.skipIf(!tools)("a card is logged on and keeps its files when it comes from", () => {
    it("a camera", async () => {
        await expectLogged(brought(300, ["-F32", "-s8", "-n", "EOS_DIGITAL"], camera), camera)
        await expectLogged(brought(64, ["-F16", "-s16", "-n", "CANON_DC"], camera), camera)
    })

    it("a phone", async () => {
        await expectLogged(brought(300, ["-F32", "-s8"], phone), phone)
    })

    it("a Mac, with its own files in every folder", async () => {
        await expectLogged(brought(300, ["-F32", "-s8", "-n", "NO NAME"], mac), mac)
    })

    it("a PC with Windows", async () => {
        await expectLogged(brought(300, ["-F32", "-s8"], windows), windows)
    })
})

/** Changes bytes of a block. */
function edit(store: MemoryStore, block: number, change: (view: DataView) => void): void {
    const bytes = Uint8Array.from(store.read(block))
    change(new DataView(bytes.buffer))
    store.write(block, bytes)
}

/** Where the tables and the root directory are. */
function layout(store: MemoryStore) {
    const boot = new DataView(Uint8Array.from(store.read(0)).buffer)
    const table = boot.getUint16(14, true)
    const fat32 = boot.getUint16(22, true) === 0
    const tableBlocks = fat32 ? boot.getUint32(36, true) : boot.getUint16(22, true)
    return { table, tableBlocks, fat32, root: table + boot.getUint8(16) * tableBlocks }
}

describe.skipIf(!tools)("a volume is logged on", () => {
    const fat32 = (tree: Tree = windows) => brought(300, ["-F32", "-s8"], tree)
    const fat16 = (tree: Tree = windows) => brought(64, ["-F16", "-s8"], tree)

    it("with our folders hidden, system or read-only", async () => {
        for (const flags of ["+h", "+r", "+s", "+r +h +s"]) {
            const folders = ["LOG", "CELL", "EVT", "OTHER"]
            const attributes = folders.map(name => [flags, name] as const)
            const tree = { folders, files: [["LOG/20261120.CSV", 700]] as const, attributes }
            await expectLogged(brought(40, ["-F32", "-s1"], tree), tree)
        }
    })

    it("with lower-case names marked the Windows NT way", async () => {
        const tree: Tree = { folders: ["LOG", "CELL"], files: [["LOG/20261120.CSV", 700]] }
        const store = brought(64, ["-F16", "-s8"], tree)
        const { root } = layout(store)
        const marks: number[] = []
        edit(store, root, view => {
            for (let at = 0; at < 512 && view.getUint8(at) !== 0; at += 32) {
                // Bit 3: the base is lower-case, bit 4: the extension.
                view.setUint8(at + 12, 0x18)
                marks.push(at)
            }
        })
        expect(marks.length).toBe(2)
        await expectLogged(store, tree)
        for (const at of marks) expect(store.read(root)[at + 12]).toBe(0x18)
    })

    it("that was not unmounted, and its mark stays", async () => {
        for (const store of [fat32(), fat16()]) {
            const { table, tableBlocks, fat32 } = layout(store)
            // "Clean shutdown" is bit 27, or 15, of the second table entry. Windows NT has another
            // mark.
            const [at, bit] = fat32 ? [7, 0x08] : [3, 0x80]
            const places = [table, table + tableBlocks]
            const set = (dirty: boolean) => {
                for (const block of places)
                    edit(store, block, view => view.setUint8(at, view.getUint8(at) ^ bit))
                edit(store, 0, view => view.setUint8(fat32 ? 65 : 37, dirty ? 1 : 0))
            }
            set(true)
            const marks = () => [
                store.read(0)[fat32 ? 65 : 37],
                ...places.map(block => [...store.read(block).subarray(0, at + 1)]),
            ]
            const before = marks()
            const board = await CardLife.start(new SdCardChip(store))
            await board.run(8)
            await board.sync()
            expect(board.reasons).toEqual([])
            expect(marks()).toEqual(before)
            set(false)
            expect(recordTimes(copyAllOut(store, [today])[0])).toEqual(board.made)
            expect(checkVolume(store).clean).toBe(true)
        }
    })

    it("whose FSInfo has no signatures or wrong figures, or is missing", async () => {
        const changes: ((view: DataView) => void)[] = [
            view => view.setUint32(0, 0, true),
            view => view.setUint32(484, 0, true),
            // Free count and hint as other systems leave them: unknown, or too large.
            view => view.setUint32(488, 0xffffffff, true),
            view => view.setUint32(488, 0x0ffffff0, true),
            view => view.setUint32(492, 0xffffffff, true),
            view => view.setUint32(492, 0x0ffffff0, true),
        ]
        for (const [number, change] of changes.entries()) {
            const store = fat32()
            edit(store, 1, change)
            const before = Uint8Array.from(store.read(1))
            const board = await CardLife.start(new SdCardChip(store))
            await board.run(8)
            await board.sync()
            expect(board.reasons).toEqual([])
            expect(recordTimes(copyAllOut(store, [today])[0]), String(number)).toEqual(board.made)
            // A sector that is not an FSInfo must not be written.
            if (number < 2) expect(store.read(1)).toEqual(before)
        }
        for (const sector of [0, 0xffff]) {
            const store = fat32()
            edit(store, 0, view => view.setUint16(48, sector, true))
            const board = await CardLife.start(new SdCardChip(store))
            await board.run(8)
            await board.sync()
            expect(board.reasons).toEqual([])
            expect(recordTimes(copyAllOut(store, [today])[0])).toEqual(board.made)
        }
    })

    it("with one table", async () => {
        await expectLogged(brought(300, ["-F32", "-s8", "-f1"], camera), camera)
        await expectLogged(brought(64, ["-F16", "-s8", "-f1"], camera), camera)
    })

    it("of 61 GB, with clusters of 32 and of 64 KiB", async () => {
        for (const sectors of [64, 128]) {
            const options = ["-F32", `-s${sectors}`, "-n", "LARGE"]
            await expectLogged(brought(61_000, options, camera), camera)
        }
    })
})

function cutOut(card: MemoryStore, first: number, blocks: number): MemoryStore {
    const volume = new MemoryStore(blocks)
    for (const block of card.written())
        if (block >= first && block < first + blocks) volume.write(block - first, card.read(block))
    return volume
}

/** Logs on the volume at block `first` and checks that the rest of the card is unchanged. */
async function expectPartitionLogged(card: MemoryStore, volume: MemoryStore, first: number) {
    const last = first + volume.blockCount
    const outside = [...card.written()].filter(block => block < first || block >= last)
    const before = outside.map(block => Uint8Array.from(card.read(block)))
    const board = await CardLife.start(new SdCardChip(card))
    await board.run(8)
    await board.sync()
    expect(board.reasons).toEqual([])
    const after = cutOut(card, first, volume.blockCount)
    expect(recordTimes(copyAllOut(after, [today])[0])).toEqual(board.made)
    const check = checkVolume(after)
    expect(check.clean, check.text).toBe(true)
    const now = [...card.written()].filter(block => block < first || block >= last)
    expect(now).toEqual(outside)
    outside.forEach((block, i) => expect(card.read(block)).toEqual(before[i]))
}

describe.skipIf(!tools)("a card as the SD Association's formatter leaves it", () => {
    // Capacity, partition and cluster from the table in File System Specification 3.00, annex C.
    const layouts = [
        {
            title: "2 GB: FAT16",
            mebibytes: 1900,
            first: 249,
            type: 0x06,
            options: ["-F16", "-s64"],
        },
        { title: "8 GB", mebibytes: 7600, first: 8192, type: 0x0b, options: ["-F32", "-s64"] },
        { title: "32 GB", mebibytes: 30_000, first: 8192, type: 0x0c, options: ["-F32", "-s64"] },
        {
            title: "64 GB, as other tools format it",
            mebibytes: 60_000,
            first: 16384,
            type: 0x0c,
            options: ["-F32", "-s128"],
        },
    ]
    for (const { title, mebibytes, first, type, options } of layouts)
        it(title, async () => {
            const volume = brought(mebibytes, [...options, "-h", String(first)], camera)
            // A small card reports its capacity in steps of one or two mebibytes.
            const blocks = Math.ceil((volume.blockCount + first) / 8192) * 8192
            const card = behindMbr(volume, first, type, blocks)
            await expectPartitionLogged(card, volume, first)
        })
})

const efiSystem = "28732ac11ff8d211ba4b00a0c93ec93b"
const basicData = "a2a0d0ebe5b9334487c068b6b72699c7"

/**
 * A card with a GUID partition table: protective record, header, entries (UEFI 2.10, section 5.3).
 */
function guidCard(mebibytes: number, entriesAt: number, parts: [string, number, MemoryStore][]) {
    const card = new MemoryStore(mebibytes * 2048)
    edit(card, 0, view => {
        view.setUint8(446 + 4, 0xee)
        view.setUint32(446 + 8, 1, true)
        view.setUint32(446 + 12, card.blockCount - 1, true)
        view.setUint16(510, 0xaa55, true)
    })
    const header = new Uint8Array(512)
    header.set(Buffer.from("EFI PART"))
    const view = new DataView(header.buffer)
    view.setUint32(8, 0x10000, true)
    view.setUint32(12, 92, true)
    view.setUint32(24, 1, true)
    view.setUint32(72, entriesAt, true)
    view.setUint32(80, 128, true)
    view.setUint32(84, 128, true)
    card.write(1, header)
    parts.forEach(([type, first, volume], number) => {
        edit(card, entriesAt, entries => {
            Buffer.from(type, "hex").forEach((byte, i) => entries.setUint8(number * 128 + i, byte))
            entries.setUint32(number * 128 + 32, first, true)
            entries.setUint32(number * 128 + 40, first + volume.blockCount - 1, true)
        })
        placeVolume(card, volume, first)
    })
    return card
}

describe.skipIf(!tools)("a card with a GUID partition table", () => {
    it("is logged on in its first data partition, not in the EFI system partition", async () => {
        const system = makeVolume(40, "-F32", "-s1", "-n", "EFI")
        const volume = brought(300, ["-F32", "-s8"], mac)
        const first = 2048 + system.blockCount
        for (const entriesAt of [2, 34])
            await expectPartitionLogged(
                guidCard(500, entriesAt, [
                    [efiSystem, 2048, system],
                    [basicData, first, volume],
                ]),
                volume,
                first,
            )
    })

    it("says what to do and is not touched without a data partition within the card", async () => {
        const system = makeVolume(40, "-F32", "-s1", "-n", "EFI")
        const beyond = guidCard(100, 2, [[basicData, 2048, new MemoryStore(0)]])
        edit(beyond, 2, view => view.setUint32(32, 0x7fffffff, true))
        const far = guidCard(100, 2, [])
        edit(far, 1, view => view.setUint32(72, 0x7fffffff, true))
        for (const card of [guidCard(100, 2, [[efiSystem, 2048, system]]), beyond, far]) {
            const before = card.clone()
            const board = await CardLife.start(new SdCardChip(card))
            await board.run(6)
            expect(board.storage.lastError).toContain("no FAT file system on the card")
            expect([...card.written()]).toEqual([...before.written()])
        }
    })
})
