import type { Disk } from "./disk"
import { nameChecksum } from "./fatchecker"
import { firstBlock, Table, type VolumeShape } from "./fatreader"

/** Directory entries as a PC makes them. */
export interface FileOptions {
    attributes?: number
    longName?: string
    /** The file's clusters, in order; by default the first free ones. */
    clusters?: number[]
    /** The size, if larger than the given content; the rest is zeros. */
    sizeBytes?: number
}

interface Directory {
    blocks: number[]
    cluster: number
    /** Slots used. */
    used: number
}

/** Adds files to an empty card, cluster by cluster, without the firmware. */
export class CardEditor {
    private readonly table: Uint32Array
    private readonly directories = new Map<string, Directory>()

    constructor(
        readonly disk: Disk,
        readonly shape: VolumeShape,
    ) {
        const table = new Table(disk, shape, 0)
        this.table = Uint32Array.from({ length: shape.clusterEnd }, (_, i) => table.raw(i))
        const blocks = Array.from({ length: shape.rootEntries / 16 }, (_, i) => shape.rootStart + i)
        const cluster = shape.rootCluster
        if (cluster !== 0) blocks.push(...this.blocksOf(cluster))
        // The label already exists.
        this.directories.set("", { blocks, cluster, used: this.labelSlots(blocks[0]) })
    }

    /** The first `count` free clusters from `from` on. */
    freeClusters(count: number, from = 2): number[] {
        const found: number[] = []
        for (let cluster = from; cluster < this.shape.clusterEnd && found.length < count; ++cluster)
            if (this.table[cluster] === 0) found.push(cluster)
        if (found.length < count) throw new Error(`no ${count} free clusters from ${from} on`)
        return found
    }

    addDirectory(name: string, cluster = this.freeClusters(1)[0]): void {
        this.link([cluster])
        const blocks = this.blocksOf(cluster)
        const dots = new Uint8Array(512)
        this.putEntry(dots, 0, ".          ", 0x10, cluster, 0)
        this.putEntry(dots, 32, "..         ", 0x10, 0, 0)
        this.disk.put(blocks[0], dots)
        for (const block of blocks.slice(1)) this.disk.put(block, new Uint8Array(512))
        this.addSlots("", shortName(name), 0x10, cluster, 0, undefined)
        this.directories.set(name, { blocks, cluster, used: 2 })
    }

    /** Adds a file; `path` is "NAME.EXT" or "DIR/NAME.EXT". */
    addFile(path: string, content: string, options: FileOptions = {}): void {
        const slash = path.indexOf("/")
        const size = options.sizeBytes ?? content.length
        const clusterBytes = this.shape.clusterBlocks * 512
        const count = Math.ceil(size / clusterBytes)
        const clusters = options.clusters ?? this.freeClusters(count)
        if (clusters.length !== count) throw new Error(`${path}: ${count} clusters`)
        this.link(clusters)
        const bytes = Buffer.from(content, "latin1")
        for (let at = 0; at < bytes.length; at += 512) {
            const cluster = clusters[Math.floor(at / clusterBytes)]
            const block = firstBlock(this.shape, cluster) + ((at % clusterBytes) >> 9)
            const data = new Uint8Array(512)
            data.set(bytes.subarray(at, at + 512))
            this.disk.put(block, data)
        }
        const directory = path.slice(0, Math.max(0, slash))
        const attributes = options.attributes ?? 0x20
        const name = shortName(path.slice(slash + 1))
        this.addSlots(directory, name, attributes, clusters[0] ?? 0, size, options.longName)
    }

    /** A deleted file's slot. */
    addDeleted(directory: string): void {
        this.addSlots(directory, "\xe5LD     TXT", 0x20, 0, 0, undefined)
    }

    /** A file that takes every free cluster except those to keep. */
    fill(path: string, keepFree: (cluster: number) => boolean): void {
        const clusters: number[] = []
        for (let cluster = 2; cluster < this.shape.clusterEnd; ++cluster)
            if (this.table[cluster] === 0 && !keepFree(cluster)) clusters.push(cluster)
        const sizeBytes = clusters.length * this.shape.clusterBlocks * 512
        this.addFile(path, "", { clusters, sizeBytes })
    }

    /** Unused slots in a directory's clusters. */
    slotsLeft(directory: string): number {
        const { blocks, used } = this.directories.get(directory)!
        return blocks.length * 16 - used
    }

    /** Updates FSInfo: the free count, or none, and the start of the search for a free cluster. */
    finish(knownCount: boolean, next: number): void {
        const { shape, disk } = this
        if (shape.info === 0) return
        let free = 0
        for (let cluster = 2; cluster < shape.clusterEnd; ++cluster)
            if (this.table[cluster] === 0) free++
        const info = new Uint8Array(disk.read(shape.first + shape.info))
        const view = new DataView(info.buffer)
        view.setUint32(488, knownCount ? free : 0xffffffff, true)
        view.setUint32(492, next, true)
        disk.put(shape.first + shape.info, info)
    }

    private blocksOf(cluster: number): number[] {
        const first = firstBlock(this.shape, cluster)
        return Array.from({ length: this.shape.clusterBlocks }, (_, i) => first + i)
    }

    private labelSlots(block: number): number {
        return this.disk.read(block)[0] === 0 ? 0 : 1
    }

    private link(clusters: number[]): void {
        const end = this.shape.fat32 ? 0x0fffffff : 0xffff
        clusters.forEach((cluster, i) => this.setEntry(cluster, clusters[i + 1] ?? end))
    }

    private setEntry(cluster: number, value: number): void {
        const { shape, disk } = this
        this.table[cluster] = value
        const perBlock = shape.fat32 ? 128 : 256
        for (let copy = 0; copy < shape.fatCount; ++copy) {
            const block = shape.fatStart + copy * shape.fatBlocks + Math.floor(cluster / perBlock)
            const data = new Uint8Array(disk.read(block))
            const view = new DataView(data.buffer)
            const at = cluster % perBlock
            if (shape.fat32) view.setUint32(at * 4, value, true)
            else view.setUint16(at * 2, value, true)
            disk.put(block, data)
        }
    }

    private addSlots(
        directory: string,
        name: string,
        attributes: number,
        cluster: number,
        size: number,
        longName: string | undefined,
    ): void {
        const place = this.directories.get(directory)
        if (place === undefined) throw new Error(`no directory ${directory}`)
        for (const part of longName === undefined ? [] : longNameSlots(longName, name))
            this.putSlot(place, part)
        const slot = new Uint8Array(32)
        this.putEntry(slot, 0, name, attributes, cluster, size)
        this.putSlot(place, slot)
    }

    private putSlot(place: Directory, slot: Uint8Array): void {
        if (place.used === place.blocks.length * 16) {
            if (place.cluster === 0) throw new Error("the root directory is full")
            const fresh = this.freeClusters(1)[0]
            this.link([fresh])
            this.setEntry(place.cluster, fresh)
            place.cluster = fresh
            place.blocks.push(...this.blocksOf(fresh))
            for (const block of this.blocksOf(fresh)) this.disk.put(block, new Uint8Array(512))
        }
        const block = place.blocks[place.used >> 4]
        const data = new Uint8Array(this.disk.read(block))
        data.set(slot, (place.used & 15) * 32)
        this.disk.put(block, data)
        place.used++
    }

    private putEntry(
        bytes: Uint8Array,
        at: number,
        name: string,
        attributes: number,
        cluster: number,
        size: number,
    ): void {
        const view = new DataView(bytes.buffer)
        for (let i = 0; i < 11; ++i) bytes[at + i] = name.charCodeAt(i)
        bytes[at + 11] = attributes
        // 2026-03-04 05:06:08
        for (const stamp of [14, 22]) view.setUint32(at + stamp, 0x5c6428c4, true)
        view.setUint16(at + 20, cluster >> 16, true)
        view.setUint16(at + 26, cluster & 0xffff, true)
        view.setUint32(at + 28, size, true)
    }
}

/** The 11 bytes of a name in an entry. */
function shortName(name: string): string {
    const dot = name.indexOf(".")
    const base = dot < 0 ? name : name.slice(0, dot)
    const extension = dot < 0 ? "" : name.slice(dot + 1)
    return base.padEnd(8) + extension.padEnd(3)
}

/** The slots of a long name, last part first, in the order before the short entry. */
function longNameSlots(longName: string, name: string): Uint8Array[] {
    const places = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30]
    const checksum = nameChecksum(Buffer.from(name, "latin1"))
    const count = Math.ceil(longName.length / 13)
    const slots: Uint8Array[] = []
    for (let number = count; number >= 1; --number) {
        const slot = new Uint8Array(32)
        const view = new DataView(slot.buffer)
        slot[0] = number | (number === count ? 0x40 : 0)
        slot[11] = 0x0f
        slot[13] = checksum
        places.forEach((at, i) => {
            const index = (number - 1) * 13 + i
            const code = index < longName.length ? longName.charCodeAt(index) : 0xffff
            view.setUint16(at, index === longName.length ? 0 : code, true)
        })
        slots.push(slot)
    }
    return slots
}
