import { describe, expect, it } from "vitest"
import { hasTool } from "../../test/support/tools"
import { emptyCard, type CardName } from "./cards"
import type { Disk } from "./disk"
import { CardEditor } from "./editor"
import { checkVolume } from "./fatchecker"
import { firstBlock, readVolume, type Entry, type VolumeShape } from "./fatreader"
import { FsckPool } from "./fsck"

const tools = hasTool("fsck.fat") && hasTool("mkfs.fat")

/** A card with a few files, to be damaged. */
class Patient {
    constructor(
        readonly disk: Disk,
        readonly shape: VolumeShape,
    ) {}

    poke(block: number, at: number, ...bytes: number[]): void {
        const data = new Uint8Array(this.disk.read(block))
        data.set(bytes, at)
        this.disk.put(block, data)
    }

    poke32(block: number, at: number, value: number): void {
        this.poke(block, at, value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24)
    }

    entry(path: string): Entry {
        const found = readVolume(this.disk, this.shape).entries.find(one => one.path === path)
        if (found === undefined) throw new Error(`no ${path}`)
        return found
    }

    /** Changes an entry of the table, in one copy or in both. */
    link(cluster: number, value: number, copies = [0, 1]): void {
        const { shape } = this
        for (const copy of copies) {
            const table = shape.fatStart + copy * shape.fatBlocks
            if (shape.fat32) this.poke32(table + (cluster >> 7), (cluster & 127) * 4, value)
            else
                this.poke(
                    table + (cluster >> 8),
                    (cluster & 255) * 2,
                    value & 255,
                    (value >> 8) & 255,
                )
        }
    }

    /** Bytes of a file's or directory's own entry. */
    pokeEntry(path: string, at: number, ...bytes: number[]): void {
        const { slot } = this.entry(path)
        this.poke(slot.block, slot.at + at, ...bytes)
    }

    /** Bytes in the first sector of a directory. */
    pokeInside(path: string, at: number, ...bytes: number[]): void {
        this.poke(firstBlock(this.shape, this.entry(path).start), at, ...bytes)
    }
}

async function patient(card: CardName): Promise<Patient> {
    const { disk, shape } = await emptyCard(card)
    const copy = disk.over()
    const editor = new CardEditor(copy, shape)
    editor.addFile("LONG.TXT", "long ".repeat(900), { longName: "A file with a long name.txt" })
    editor.addDirectory("LOG")
    editor.addFile("LOG/A.CSV", "a\r\n".repeat(1000 * shape.clusterBlocks))
    editor.addFile("LOG/B.CSV", "b\r\n".repeat(1000 * shape.clusterBlocks))
    editor.addFile("LOG/EMPTY.CSV", "")
    editor.addFile("LOG/OTHER.TXT", "x", { longName: "another one.txt" })
    editor.addDeleted("LOG")
    editor.finish(true, 2)
    return new Patient(copy, shape)
}

interface Damage {
    title: string
    clean?: boolean
    only?: "FAT16" | "FAT32"
    hurt(card: Patient): void
}

const damages: Damage[] = [
    { title: "nothing", clean: true, hurt: () => {} },
    {
        title: "a boot sector of zeros",
        hurt: card => card.disk.put(card.shape.first, new Uint8Array(512)),
    },
    { title: "clusters of no size", hurt: card => card.poke(0, 13, 0) },
    { title: "three tables", hurt: card => card.poke(0, 16, 3) },
    { title: "a volume that is larger than its card", hurt: card => card.poke(0, 19, 0xff, 0xff) },
    {
        title: "tables that are too small",
        only: "FAT32",
        hurt: card => card.poke32(0, 36, 1),
    },
    {
        title: "a volume in use",
        hurt: card => card.poke(0, card.shape.fat32 ? 65 : 37, 1),
    },
    {
        title: "another label in the boot sector",
        hurt: card => card.poke(0, card.shape.fat32 ? 71 : 43, 65),
    },
    { title: "no label in the root directory", hurt: card => card.pokeEntry("BMSMINI", 0, 0xe5) },
    {
        title: "a boot sector unlike its backup",
        clean: true,
        only: "FAT32",
        hurt: card => card.poke(0, 67, 1),
    },
    { title: "no backup", only: "FAT32", hurt: card => card.poke(0, 50, 0, 0) },
    { title: "no boot signature", clean: true, hurt: card => card.poke(0, 510, 0) },
    {
        title: "FSInfo without its first signature",
        only: "FAT32",
        hurt: card => card.poke(1, 0, 0),
    },
    {
        title: "FSInfo without its second signature",
        only: "FAT32",
        hurt: card => card.poke(1, 484, 0),
    },
    {
        title: "FSInfo without its last signature",
        only: "FAT32",
        hurt: card => card.poke(1, 511, 0),
    },
    {
        title: "an unknown free count",
        clean: true,
        only: "FAT32",
        hurt: card => card.poke32(1, 488, 0xffffffff),
    },
    { title: "a free count that is wrong", only: "FAT32", hurt: card => card.poke32(1, 488, 77) },
    {
        title: "a next free cluster that is none",
        clean: true,
        only: "FAT32",
        hurt: card => card.poke32(1, 492, 0x00ffffff),
    },
    {
        title: "a first table that is gone",
        hurt: card => card.poke(card.shape.fatStart, 0, 0, 0, 0, 0),
    },
    {
        title: "a mark that the volume is in use",
        hurt: card => card.link(1, card.shape.fat32 ? 0x07ffffff : 0x7fff),
    },
    {
        title: "tables that differ in a free cluster",
        hurt: card => card.link(900, 0x0fffffff, [1]),
    },
    {
        title: "tables that differ in a chain",
        hurt: card => card.link(card.entry("LOG/A.CSV").chain[0], 0, [1]),
    },
    { title: "a lost cluster", hurt: card => card.link(900, 0x0fffffff) },
    {
        title: "a bad cluster",
        clean: true,
        only: "FAT16",
        hurt: card => card.link(900, 0xfff7),
    },
    { title: "a free cluster that leads to 1", hurt: card => card.link(900, 1) },
    {
        title: "a free cluster that leads out of the volume",
        hurt: card => card.link(900, card.shape.clusterEnd),
    },
    {
        title: "a chain that leads out of the volume",
        hurt: card => card.link(card.entry("LOG/A.CSV").chain[1], card.shape.clusterEnd + 5),
    },
    {
        title: "a chain with a free cluster",
        hurt: card => card.link(card.entry("LOG/A.CSV").chain[1], 0),
    },
    {
        title: "a chain with a bad cluster",
        hurt: card =>
            card.link(card.entry("LOG/A.CSV").chain[1], card.shape.fat32 ? 0x0ffffff7 : 0xfff7),
    },
    {
        title: "a chain that bites its tail",
        hurt: card => {
            const { chain } = card.entry("LOG/A.CSV")
            card.link(chain[chain.length - 1], chain[1])
        },
    },
    {
        title: "two chains that meet",
        hurt: card => card.link(card.entry("LOG/A.CSV").chain[2], card.entry("LOG/B.CSV").chain[3]),
    },
    {
        title: "a chain that is too short",
        hurt: card => card.link(card.entry("LOG/A.CSV").chain[2], 0x0fffffff),
    },
    { title: "a size beyond its chain", hurt: card => card.pokeEntry("LOG/A.CSV", 28, 0, 0, 1, 0) },
    {
        title: "a size short of its chain",
        hurt: card => card.pokeEntry("LOG/A.CSV", 28, 9, 0, 0, 0),
    },
    { title: "no size but a chain", hurt: card => card.pokeEntry("LOG/A.CSV", 28, 0, 0, 0, 0) },
    { title: "a size without a chain", hurt: card => card.pokeEntry("LOG/EMPTY.CSV", 28, 9) },
    { title: "a first cluster 1", hurt: card => card.pokeEntry("LOG/EMPTY.CSV", 26, 1) },
    {
        title: "a first cluster outside of the volume",
        hurt: card => card.pokeEntry("LOG/A.CSV", 26, 0xf0, 0xff),
    },
    {
        title: "a first cluster that is free",
        hurt: card => card.pokeEntry("LOG/A.CSV", 26, 0x84, 3),
    },
    { title: "a directory with a size", hurt: card => card.pokeEntry("LOG", 28, 1) },
    { title: "a directory without a cluster", hurt: card => card.pokeEntry("LOG", 26, 0, 0) },
    {
        title: "a directory in itself",
        hurt: card => {
            const { start } = card.entry("LOG")
            card.pokeEntry("LOG/EMPTY.CSV", 11, 0x10)
            card.pokeEntry("LOG/EMPTY.CSV", 26, start & 255, start >> 8)
        },
    },
    {
        title: "a directory whose sectors were never written",
        hurt: card => {
            card.pokeEntry("LOG/EMPTY.CSV", 11, 0x10)
            card.pokeEntry("LOG/EMPTY.CSV", 26, 0x84, 3)
            card.link(900, 0x0fffffff)
        },
    },
    { title: 'a directory without "."', hurt: card => card.pokeInside("LOG", 0, 0xe5) },
    { title: 'a "." that leads elsewhere', hurt: card => card.pokeInside("LOG", 26, 77) },
    { title: 'a directory without ".."', hurt: card => card.pokeInside("LOG", 32, 0) },
    { title: 'a ".." that leads elsewhere', hurt: card => card.pokeInside("LOG", 58, 77) },
    { title: 'a ".." that is no directory', hurt: card => card.pokeInside("LOG", 43, 0x20) },
    { title: "two files of one name", hurt: card => card.pokeEntry("LOG/B.CSV", 0, 65) },
    { title: "a name with a blank first", hurt: card => card.pokeEntry("LOG/B.CSV", 0, 0x20) },
    { title: "a name with a control character", hurt: card => card.pokeEntry("LOG/B.CSV", 3, 7) },
    { title: "a name with a star", hurt: card => card.pokeEntry("LOG/B.CSV", 3, 42) },
    {
        title: "a name that begins with 0x05",
        clean: true,
        hurt: card => card.pokeEntry("LOG/B.CSV", 0, 5),
    },
    {
        title: "a sector of 0xFF in a directory",
        hurt: card => card.pokeInside("LOG", 0, ...Array(512).fill(255)),
    },
    {
        title: "a long name whose file is gone",
        hurt: card => card.pokeEntry("LOG/OTHER.TXT", 0, 0xe5),
    },
    {
        title: "a long name of another file",
        clean: true,
        hurt: card => card.pokeEntry("LOG/OTHER.TXT", 0, 0x41),
    },
    {
        title: "a part of a long name out of order",
        clean: true,
        hurt: card => {
            const { block, at } = card.entry("LOG/OTHER.TXT").longName[0]
            card.poke(block, at, 3)
        },
    },
]

describe("our checker of FAT volumes", () => {
    it.skipIf(!tools)("finds each kind of damage, and fsck.fat sees it the same way", async () => {
        const fsck = new FsckPool()
        const disagreements: string[] = []
        for (const card of ["FAT32 512 B", "FAT16 512 B", "FAT32 4 KiB"] as const)
            for (const { title, clean, only, hurt } of damages) {
                if (only !== undefined && !card.startsWith(only)) continue
                const damaged = await patient(card)
                hurt(damaged)
                const { errors } = checkVolume(damaged.disk)
                if ((errors.length === 0) !== (clean === true))
                    disagreements.push(`${card}, ${title}: our checker says ${errors}`)
                await fsck.check(damaged.disk, 0, (isClean, text) => {
                    if (isClean !== (clean === true))
                        disagreements.push(`${card}, ${title}: fsck.fat says ${text}`)
                })
            }
        await fsck.finish()
        expect(disagreements).toEqual([])
    })

    it("says what is wrong with which file", async () => {
        const card = await patient("FAT16 512 B, card format")
        card.link(card.entry("LOG/A.CSV").chain[2], card.entry("LOG/B.CSV").chain[3])
        const { errors } = checkVolume(card.disk)
        expect(errors.join("\n")).toContain("LOG/B.CSV: cluster")
        expect(errors.join("\n")).toContain("belong to no file")
    })

    it("reads names, sizes and contents as they were written", async () => {
        const { disk, shape } = await patient("FAT16 512 B, card format")
        const { volume, errors, remarks } = checkVolume(disk)
        expect([errors, remarks]).toEqual([[], []])
        expect(volume!.entries.map(entry => `${entry.path} ${entry.size}`)).toEqual([
            "BMSMINI 0",
            "LONG.TXT 4500",
            "LOG 0",
            "LOG/A.CSV 3000",
            "LOG/B.CSV 3000",
            "LOG/EMPTY.CSV 0",
            "LOG/OTHER.TXT 1",
        ])
        expect(shape.clusterBlocks).toBe(1)
    })
})
