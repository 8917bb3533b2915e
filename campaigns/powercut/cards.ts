import { formatVolume } from "../../src/fat/format"
import { behindMbr, makeVolume } from "../../test/support/fatimage"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { Disk, DiskDevice } from "./disk"
import { readShape, type VolumeShape } from "./fatreader"

/** An empty card. */
export interface Card {
    disk: Disk
    shape: VolumeShape
}

/** Block of the partition on cards that have one. */
const partitionStart = 63

interface CardKind {
    /** Needs mkfs.fat. */
    tools: boolean
    /** Torn or reordered writes are not covered by the promises: docs/reference/card.md. */
    inOrderOnly?: boolean
    make(): Disk | Promise<Disk>
}

function made(mebibytes: number, ...options: string[]): CardKind {
    const all = ["-n", "BMSMINI", "-i", "424d5331", ...options]
    return { tools: true, make: () => fromStore(makeVolume(mebibytes, ...all)) }
}

function formatted(blocks: number): CardKind {
    return {
        tools: false,
        make: async () => {
            const disk = new Disk(blocks)
            await formatVolume(new DiskDevice(disk), "BMSMINI    ")
            return disk
        },
    }
}

/** Cards by file system, cluster size and formatter. */
export const cardKinds = {
    "FAT32 512 B": made(3, "-F32", "-s1"),
    "FAT32 4 KiB": made(10, "-F32", "-s8"),
    "FAT32 32 KiB": made(40, "-F32", "-s64"),
    "FAT32 512 B, 80,000 clusters": made(40, "-F32", "-s1"),
    "FAT32 4 KiB, card format": formatted(1048576),
    "FAT32 512 B, one table": { ...made(3, "-F32", "-s1", "-f1"), inOrderOnly: true },
    "FAT32 512 B, partition": {
        tools: true,
        make: () => fromStore(behindMbr(makeVolume(3, "-F32", "-s1"), partitionStart, 0x0c), 8192),
    },
    "FAT16 512 B, card format": formatted(6144),
    "FAT16 1 KiB, card format": formatted(32768),
    "FAT16 2 KiB": { ...made(10, "-F16", "-s4"), inOrderOnly: true },
    "FAT16 2 KiB, 32 reserved": made(10, "-F16", "-s4", "-R32"),
    "FAT16 512 B": { ...made(3, "-F16", "-s1"), inOrderOnly: true },
} satisfies Record<string, CardKind>

export type CardName = keyof typeof cardKinds

export function cardKind(name: CardName): CardKind {
    return cardKinds[name]
}

const cache = new Map<CardName, Card>()

/** An empty card of that kind; its disk must not be written. */
export async function emptyCard(name: CardName): Promise<Card> {
    const known = cache.get(name)
    if (known) return known
    const disk = await cardKinds[name].make()
    const shape = readShape(disk, name.includes("partition") ? partitionStart : 0)
    if (typeof shape === "string") throw new Error(`${name}: ${shape}`)
    const card = { disk: disk.withoutZeros(), shape }
    cache.set(name, card)
    return card
}

function fromStore(store: MemoryStore, blocks = store.blockCount): Disk {
    const disk = new Disk(blocks)
    for (const block of store.written()) disk.write(block, store.read(block))
    return disk
}
