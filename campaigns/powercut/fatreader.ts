import type { Disk } from "./disk"

// Reads FAT16 and FAT32 volumes by the book (Microsoft, FAT32 File System Specification 1.03), to
// judge the firmware's output: it shares nothing with src/fat.

/** The layout of a volume; blocks count from the start of the card. */
export interface VolumeShape {
    first: number
    fat32: boolean
    blocks: number
    reserved: number
    clusterBlocks: number
    fatCount: number
    fatBlocks: number
    fatStart: number
    rootStart: number
    rootEntries: number
    /** FAT32: the root directory's first cluster; FAT16: 0. */
    rootCluster: number
    dataStart: number
    /** Clusters are numbered 2 … clusterEnd - 1. */
    clusterEnd: number
    /** Blocks relative to the volume; 0 for none. */
    info: number
    backup: number
    label: string
}

export interface Slot {
    block: number
    at: number
    bytes: Uint8Array
}

/** A directory entry with the preceding slots of its long name. */
export interface Entry {
    path: string
    name: string
    slot: Slot
    longName: Slot[]
    attributes: number
    start: number
    size: number
    chain: number[]
    /** How the chain ends: at an end mark, or at a fault. */
    ends: ChainEnd
    /** The content of a directory. */
    directory: DirectoryContent | undefined
}

export type ChainEnd = "end" | "out of range" | "free" | "bad" | "cycle"

export interface DirectoryContent {
    /** The first two slots of a directory other than the root. */
    dots: Slot[]
    /** All following slots in order; undefined for unused ones. */
    slots: (Slot | undefined)[]
    entries: Entry[]
    /** A used slot after the end of the directory. */
    behindEnd: boolean
}

export interface ReadVolume {
    shape: VolumeShape
    root: DirectoryContent
    rootChain: number[]
    rootEnds: ChainEnd
    /** Every file and directory, in the order found. */
    entries: Entry[]
    table: Table
}

export const attributeLabel = 0x08
export const attributeDirectory = 0x10
export const attributeLongName = 0x0f

const zeros = new Uint8Array(512)

export function u16(bytes: Uint8Array, at: number): number {
    return bytes[at] | (bytes[at + 1] << 8)
}

export function u32(bytes: Uint8Array, at: number): number {
    return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0
}

export function latin1(bytes: Uint8Array): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")
}

/** The volume with its boot sector at `first`, or why there is none. */
export function readShape(disk: Disk, first = 0): VolumeShape | string {
    const boot = disk.peek(first) ?? zeros
    if (u16(boot, 11) !== 512) return "sectors are not of 512 bytes"
    const clusterBlocks = boot[13]
    const reserved = u16(boot, 14)
    const fatCount = boot[16]
    if (clusterBlocks === 0 || (clusterBlocks & (clusterBlocks - 1)) !== 0)
        return "the cluster size is not a power of two"
    if (reserved === 0) return "no reserved sector"
    if (fatCount !== 1 && fatCount !== 2) return `${fatCount} tables`
    const fatBlocks16 = u16(boot, 22)
    const fatBlocks = fatBlocks16 || u32(boot, 36)
    if (fatBlocks === 0) return "the table has no size"
    const fat32 = fatBlocks16 === 0
    const blocks = u16(boot, 19) || u32(boot, 32)
    if (first + (blocks & ~1) > disk.blockCount) return "the volume is larger than its card"
    const rootEntries = u16(boot, 17)
    if ((rootEntries & 15) !== 0) return "the root directory ends inside a sector"
    const fatStart = first + reserved
    const rootStart = fatStart + fatCount * fatBlocks
    const dataStart = rootStart + rootEntries / 16
    const clusters = Math.floor((first + blocks - dataStart) / clusterBlocks)
    if (!(clusters >= 1)) return "no data area"
    if (!fat32 && clusters < 4085) return "FAT12"
    if (!fat32 && clusters >= 65525) return "too many clusters for FAT16"
    if (fatBlocks * (fat32 ? 128 : 256) < clusters + 2) return "the table is too small"
    const rootCluster = fat32 ? u32(boot, 44) : 0
    if (fat32 ? rootCluster === 0 || rootEntries !== 0 : rootEntries === 0)
        return "no root directory"
    return {
        first,
        fat32,
        blocks,
        reserved,
        clusterBlocks,
        fatCount,
        fatBlocks,
        fatStart,
        rootStart,
        rootEntries,
        rootCluster,
        dataStart,
        clusterEnd: clusters + 2,
        info: fat32 ? u16(boot, 48) : 0,
        backup: fat32 ? u16(boot, 50) : 0,
        label: latin1(boot.subarray(fat32 ? 71 : 43, fat32 ? 82 : 54)),
    }
}

/** Summary of one block of a table. */
interface BlockContent {
    /** Used entries, and the bad ones among them. */
    used: number
    bad: number
    /** Positions of entries that lead nowhere: to 1, or out of the volume. */
    astray: number[]
}

/** Blocks never change, so each is examined only once. */
const blockContents = new WeakMap<Uint8Array, BlockContent>()

function blockContent(block: Uint8Array, shape: VolumeShape): BlockContent {
    const known = blockContents.get(block)
    if (known) return known
    const content: BlockContent = { used: 0, bad: 0, astray: [] }
    const bad = endMark(shape) - 1
    for (let i = 0; i < (shape.fat32 ? 128 : 256); ++i) {
        const link = shape.fat32 ? u32(block, i * 4) & 0x0fffffff : u16(block, i * 2)
        if (link === 0) continue
        content.used++
        if (link === bad) content.bad++
        if (link === 1 || (link >= shape.clusterEnd && link < bad)) content.astray.push(i)
    }
    blockContents.set(block, content)
    return content
}

/** Blocks already compared and found equal. */
const equalBlocks = new WeakMap<Uint8Array, Uint8Array>()

/** One copy of the file allocation table. */
export class Table {
    private readonly blocks: (Uint8Array | undefined)[] = []
    private readonly perBlock: number

    constructor(
        disk: Disk,
        private readonly shape: VolumeShape,
        copy: number,
    ) {
        this.perBlock = shape.fat32 ? 128 : 256
        const start = shape.fatStart + copy * shape.fatBlocks
        for (let i = 0; i * this.perBlock < shape.clusterEnd; ++i)
            this.blocks.push(disk.peek(start + i))
    }

    /** A raw entry, on FAT32 with the four reserved bits. */
    raw(cluster: number): number {
        const { perBlock, shape } = this
        const block = this.blocks[Math.floor(cluster / perBlock)]
        if (block === undefined) return 0
        const at = cluster % perBlock
        return shape.fat32 ? u32(block, at * 4) : u16(block, at * 2)
    }

    /** An entry without reserved bits. */
    link(cluster: number): number {
        return this.raw(cluster) & 0x0fffffff
    }

    /** The number of used clusters, of bad ones among them, and the entries that lead nowhere. */
    summary(): { used: number; bad: number; astray: number[] } {
        const { shape, perBlock } = this
        const sum = { used: 0, bad: 0, astray: [] as number[] }
        this.blocks.forEach((block, i) => {
            if (block === undefined) return
            const last = (i + 1) * perBlock > shape.clusterEnd
            // Entries 0 and 1, and those after the last cluster, are not clusters.
            const trimmed = i === 0 || last ? this.trimmed(block, i) : block
            const { used, bad, astray } = blockContent(trimmed, shape)
            sum.used += used
            sum.bad += bad
            for (const at of astray) sum.astray.push(i * perBlock + at)
        })
        return sum
    }

    /** The first cluster whose entry differs in the other copy; -1 for none. */
    differsFrom(other: Table): number {
        for (let i = 0; i < this.blocks.length; ++i) {
            const [one, two] = [this.blocks[i], other.blocks[i]]
            if (one === two || (one !== undefined && equalBlocks.get(one) === two)) continue
            if (one && two && Buffer.compare(one, two) === 0) {
                equalBlocks.set(one, two)
                continue
            }
            const end = Math.min(this.shape.clusterEnd, (i + 1) * this.perBlock)
            for (let cluster = i * this.perBlock; cluster < end; ++cluster)
                if (this.raw(cluster) !== other.raw(cluster)) return cluster
        }
        return -1
    }

    /** A block without entries that belong to no cluster. */
    private trimmed(block: Uint8Array, index: number): Uint8Array {
        const bytes = this.shape.fat32 ? 4 : 2
        const copy = new Uint8Array(block)
        if (index === 0) copy.fill(0, 0, 2 * bytes)
        const end = (this.shape.clusterEnd - index * this.perBlock) * bytes
        if (end < 512) copy.fill(0, end)
        return copy
    }
}

/** The lowest value that means "end"; the one below means "bad". */
function endMark(shape: VolumeShape): number {
    return shape.fat32 ? 0x0ffffff8 : 0xfff8
}

export function firstBlock(shape: VolumeShape, cluster: number): number {
    return shape.dataStart + (cluster - 2) * shape.clusterBlocks
}

/** Reads all reachable directories, using the first table. */
export function readVolume(disk: Disk, shape: VolumeShape): ReadVolume {
    return new Reader(disk, shape, new Table(disk, shape, 0)).volume()
}

/** The content of a file, as long as its size or its chain allows. */
export function readFile(disk: Disk, shape: VolumeShape, entry: Entry): string {
    let text = ""
    for (const cluster of entry.chain)
        for (let i = 0; i < shape.clusterBlocks && text.length < entry.size; ++i)
            text += latin1(disk.peek(firstBlock(shape, cluster) + i) ?? zeros)
    return text.slice(0, entry.size)
}

/** The last walk that met a cluster. */
let seen = new Int32Array(0)
let walks = 0

function nextWalk(clusterEnd: number): number {
    if (seen.length < clusterEnd) seen = new Int32Array(clusterEnd)
    return ++walks
}

class Reader {
    private readonly entries: Entry[] = []
    /** Directories being read: one that contains itself is not followed. */
    private readonly open = new Set<number>()

    constructor(
        private readonly disk: Disk,
        private readonly shape: VolumeShape,
        private readonly table: Table,
    ) {}

    volume(): ReadVolume {
        const { shape, table, entries } = this
        const root =
            shape.rootCluster === 0
                ? { chain: [], ends: "end" as const }
                : this.chain(shape.rootCluster)
        const blocks: number[] = []
        for (let i = 0; i < shape.rootEntries / 16; ++i) blocks.push(shape.rootStart + i)
        if (shape.rootCluster !== 0) blocks.push(...this.blocksOf(root.chain))
        this.open.add(shape.rootCluster)
        const content = this.directory("", blocks, false)
        return { shape, root: content, rootChain: root.chain, rootEnds: root.ends, entries, table }
    }

    private chain(start: number): { chain: number[]; ends: ChainEnd } {
        const { shape, table } = this
        const walk = nextWalk(shape.clusterEnd)
        const chain: number[] = []
        const end = endMark(shape)
        for (let cluster = start; ;) {
            if (!(cluster >= 2 && cluster < shape.clusterEnd))
                return { chain, ends: "out of range" }
            if (seen[cluster] === walk) return { chain, ends: "cycle" }
            seen[cluster] = walk
            const next = table.link(cluster)
            if (next === 0) return { chain, ends: "free" }
            if (next === end - 1) return { chain, ends: "bad" }
            chain.push(cluster)
            if (next >= end) return { chain, ends: "end" }
            cluster = next
        }
    }

    private blocksOf(chain: number[]): number[] {
        const blocks: number[] = []
        for (const cluster of chain)
            for (let i = 0; i < this.shape.clusterBlocks; ++i)
                blocks.push(firstBlock(this.shape, cluster) + i)
        return blocks
    }

    private directory(path: string, blocks: number[], dotted: boolean): DirectoryContent {
        const content: DirectoryContent = { dots: [], slots: [], entries: [], behindEnd: false }
        let ended = false
        let longName: Slot[] = []
        for (const block of blocks) {
            const dots = dotted && content.dots.length < 2
            const bytes = this.disk.peek(block) ?? (dots ? zeros : undefined)
            // A sector of zeros has no entry, and ends the directory.
            if (bytes === undefined) {
                ended = true
                content.slots.push(undefined)
                longName = []
            }
            for (let at = 0; bytes !== undefined && at < 512; at += 32) {
                const slot = { block, at, bytes: bytes.subarray(at, at + 32) }
                if (dotted && content.dots.length < 2) {
                    content.dots.push(slot)
                    continue
                }
                const first = bytes[at]
                if (first === 0) ended = true
                if (first === 0 || first === 0xe5) {
                    longName = []
                    if (content.slots.at(-1) !== undefined) content.slots.push(undefined)
                    continue
                }
                content.behindEnd ||= ended
                content.slots.push(slot)
                if (bytes[at + 11] === attributeLongName) longName.push(slot)
                else {
                    content.entries.push(this.entry(path, slot, longName))
                    longName = []
                }
            }
        }
        for (const entry of content.entries) this.descend(entry)
        return content
    }

    private entry(path: string, slot: Slot, longName: Slot[]): Entry {
        const { bytes } = slot
        const base = latin1(bytes.subarray(0, 8)).trimEnd()
        const extension = latin1(bytes.subarray(8, 11)).trimEnd()
        const name = extension === "" ? base : `${base}.${extension}`
        const high = this.shape.fat32 ? u16(bytes, 20) : 0
        const start = ((high << 16) | u16(bytes, 26)) >>> 0
        const { chain, ends } =
            start === 0 ? { chain: [], ends: "end" as const } : this.chain(start)
        const entry: Entry = {
            path: path + name,
            name,
            slot,
            longName,
            attributes: bytes[11],
            start,
            size: u32(bytes, 28),
            chain,
            ends,
            directory: undefined,
        }
        this.entries.push(entry)
        return entry
    }

    private descend(entry: Entry): void {
        if ((entry.attributes & (attributeDirectory | attributeLabel)) !== attributeDirectory)
            return
        if (entry.chain.length === 0 || this.open.has(entry.start)) return
        this.open.add(entry.start)
        entry.directory = this.directory(entry.path + "/", this.blocksOf(entry.chain), true)
    }
}
