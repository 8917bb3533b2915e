import type { MemoryStore } from "../../sim/chips/sdcardstore"

/** A volume's layout, from its boot sector (Microsoft FAT specification, section 3). */
interface Layout {
    fat32: boolean
    clusterBlocks: number
    tableBlock: number
    tableBlocks: number
    rootBlock: number
    rootBlocks: number
    rootCluster: number
    dataBlock: number
    clusterEnd: number
}

function layoutOf(store: MemoryStore): Layout {
    const boot = new DataView(Uint8Array.from(store.read(0)).buffer)
    const tableBlock = boot.getUint16(14, true)
    const fat32 = boot.getUint16(22, true) === 0
    const tableBlocks = fat32 ? boot.getUint32(36, true) : boot.getUint16(22, true)
    const rootBlock = tableBlock + 2 * tableBlocks
    const rootBlocks = boot.getUint16(17, true) / 16
    const dataBlock = rootBlock + rootBlocks
    const blocks = boot.getUint16(19, true) || boot.getUint32(32, true)
    const clusterBlocks = boot.getUint8(13)
    const clusterEnd = Math.floor((blocks - dataBlock) / clusterBlocks) + 2
    const rootCluster = fat32 ? boot.getUint32(44, true) : 0
    const places = { tableBlock, tableBlocks, rootBlock, rootBlocks, rootCluster, dataBlock }
    return { fat32, clusterBlocks, clusterEnd, ...places }
}

/** The checksum that ties a long name to its short one (section 6.6). */
function nameSum(name: string): number {
    let sum = 0
    for (const code of Buffer.from(name)) sum = (((sum & 1) << 7) + (sum >> 1) + code) & 0xff
    return sum
}

/** The slots of a long name, last part first, as they precede its short entry. */
function longNameSlots(longName: string, shortName: string): Uint8Array {
    const parts = Math.ceil(longName.length / 13)
    const slots = new Uint8Array(parts * 32)
    const view = new DataView(slots.buffer)
    for (let part = 0; part < parts; ++part) {
        const at = (parts - 1 - part) * 32
        slots[at] = (part + 1) | (part === parts - 1 ? 0x40 : 0)
        slots[at + 11] = 0x0f
        slots[at + 13] = nameSum(shortName)
        for (let i = 0; i < 13; ++i) {
            const index = part * 13 + i
            const code = index < longName.length ? longName.charCodeAt(index) : 0xffff
            const offset = i < 5 ? 1 + i * 2 : i < 11 ? 14 + (i - 5) * 2 : 28 + (i - 11) * 2
            view.setUint16(at + offset, index === longName.length ? 0 : code, true)
        }
    }
    return slots
}

/** Puts files on a volume as another system would, with none of the firmware's code. */
export class ForeignFiles {
    readonly layout: Layout
    private nextCluster: number

    /** @param firstCluster where the search for free clusters begins */
    constructor(
        private readonly store: MemoryStore,
        firstCluster = 3,
    ) {
        this.layout = layoutOf(store)
        this.nextCluster = firstCluster
    }

    entry(cluster: number): number {
        const [block, at] = this.entryPlace(cluster)
        const data = this.store.read(block)
        const view = new DataView(data.buffer, data.byteOffset)
        return this.layout.fat32 ? view.getUint32(at, true) : view.getUint16(at, true)
    }

    /** Takes a free cluster and appends it to `last` (0: begins a chain). */
    allocate(last: number): number {
        while (this.entry(this.nextCluster) !== 0) this.nextCluster++
        const cluster = this.nextCluster++
        if (cluster >= this.layout.clusterEnd) throw new Error("the volume is full")
        this.setEntry(cluster, this.layout.fat32 ? 0x0fffffff : 0xffff)
        if (last !== 0) this.setEntry(last, cluster)
        return cluster
    }

    /** Adds a file of one cluster that holds `text`, with a long name if given. */
    addFile(directory: ForeignDirectory, shortName: string, text: string, longName = ""): void {
        const cluster = this.allocate(0)
        const data = new Uint8Array(512)
        data.set(Buffer.from(text))
        this.store.write(this.blockOf(cluster), data)
        if (longName !== "") directory.add(longNameSlots(longName, shortName))
        this.addEntry(directory, shortName, cluster, text.length)
    }

    /** Adds a file with this text; its entry records `recorded` bytes. */
    addText(
        directory: ForeignDirectory,
        shortName: string,
        text: string,
        recorded = text.length,
    ): void {
        const { clusterBlocks } = this.layout
        const blocks = Math.ceil(text.length / 512)
        const first = this.allocate(0)
        for (let cluster = first, i = 0; i < blocks; ++i) {
            if (i > 0 && i % clusterBlocks === 0) cluster = this.allocate(cluster)
            const data = new Uint8Array(512)
            data.set(Buffer.from(text.slice(i * 512, i * 512 + 512)))
            this.store.write(this.blockOf(cluster) + (i % clusterBlocks), data)
        }
        this.addEntry(directory, shortName, first, recorded)
    }

    /** Adds a file of zeros that takes this many clusters. */
    fill(directory: ForeignDirectory, shortName: string, clusters: number): void {
        const taken: number[] = []
        for (let cluster = this.nextCluster; taken.length < Math.max(1, clusters); cluster++) {
            if (cluster >= this.layout.clusterEnd) throw new Error("the volume is full")
            if (this.entry(cluster) === 0) taken.push(cluster)
        }
        this.nextCluster = taken.at(-1)! + 1
        const end = this.layout.fat32 ? 0x0fffffff : 0xffff
        this.setEntries(taken.map((cluster, i) => [cluster, taken[i + 1] ?? end]))
        this.addEntry(directory, shortName, taken[0], clusters * this.layout.clusterBlocks * 512)
    }

    /** Marks all clusters as taken, except the last `count`. */
    takeAllBut(count: number): void {
        const { fat32, tableBlock, tableBlocks, clusterEnd } = this.layout
        const width = fat32 ? 4 : 2
        const end = clusterEnd - count
        for (let block = 0; block < tableBlocks; ++block) {
            const data = Uint8Array.from(this.store.read(tableBlock + block))
            const view = new DataView(data.buffer)
            for (let at = 0; at < 512; at += width) {
                if ((block * 512 + at) / width >= end) break
                if (fat32 && view.getUint32(at, true) === 0) view.setUint32(at, 0x0fffffff, true)
                if (!fat32 && view.getUint16(at, true) === 0) view.setUint16(at, 0xffff, true)
            }
            for (const first of [tableBlock, tableBlock + tableBlocks])
                this.store.write(first + block, data)
        }
    }

    /** Counts the free clusters. */
    free(): number {
        let count = 0
        for (let cluster = 2; cluster < this.layout.clusterEnd; ++cluster)
            if (this.entry(cluster) === 0) count++
        return count
    }

    private addEntry(
        directory: ForeignDirectory,
        shortName: string,
        cluster: number,
        bytes: number,
    ): void {
        const entry = new Uint8Array(32)
        entry.set(Buffer.from(shortName))
        entry[11] = 0x20
        const view = new DataView(entry.buffer)
        view.setUint32(22, 0x5d760000, true)
        view.setUint16(20, cluster >>> 16, true)
        view.setUint16(26, cluster & 0xffff, true)
        view.setUint32(28, bytes, true)
        directory.add(entry)
    }

    blockOf(cluster: number): number {
        return this.layout.dataBlock + (cluster - 2) * this.layout.clusterBlocks
    }

    /** The root directory, or the one that begins at a cluster. */
    directory(cluster = this.layout.rootCluster): ForeignDirectory {
        return new ForeignDirectory(this.store, this, cluster)
    }

    private entryPlace(cluster: number): [number, number] {
        const { fat32, tableBlock } = this.layout
        const at = cluster * (fat32 ? 4 : 2)
        return [tableBlock + (at >> 9), at & 511]
    }

    setEntry(cluster: number, value: number): void {
        this.setEntries([[cluster, value]])
    }

    /** Writes both tables, each of their blocks once. */
    private setEntries(entries: readonly [cluster: number, value: number][]): void {
        const { fat32, tableBlocks } = this.layout
        for (const copy of [0, tableBlocks]) {
            const blocks = new Map<number, DataView>()
            for (const [cluster, value] of entries) {
                const [first, at] = this.entryPlace(cluster)
                const block = first + copy
                const data =
                    blocks.get(block) ?? new DataView(new Uint8Array(this.store.read(block)).buffer)
                blocks.set(block, data)
                if (fat32) data.setUint32(at, value, true)
                else data.setUint16(at, value, true)
            }
            for (const [block, data] of blocks) this.store.write(block, new Uint8Array(data.buffer))
        }
    }
}

/** A directory that entries are appended to. */
class ForeignDirectory {
    private block: number
    private blocksLeft: number
    private at = 0

    constructor(
        private readonly store: MemoryStore,
        private readonly files: ForeignFiles,
        private cluster: number,
    ) {
        const { rootBlock, rootBlocks, clusterBlocks } = files.layout
        this.block = cluster === 0 ? rootBlock : files.blockOf(cluster)
        this.blocksLeft = cluster === 0 ? rootBlocks : clusterBlocks
        while (this.store.read(this.block)[this.at] !== 0) this.advance()
    }

    /** Adds slots of 32 bytes. Throws when FAT16's root directory is full. */
    add(slots: Uint8Array): void {
        for (let from = 0; from < slots.length; from += 32) {
            const data = Uint8Array.from(this.store.read(this.block))
            data.set(slots.subarray(from, from + 32), this.at)
            this.store.write(this.block, data)
            this.advance()
        }
    }

    /** Slots left until the directory must grow. */
    room(): number {
        return this.blocksLeft * 16 - this.at / 32
    }

    private advance(): void {
        this.at += 32
        if (this.at < 512) return
        this.at = 0
        this.block++
        if (--this.blocksLeft > 0 || this.cluster === 0) return
        this.cluster = this.files.allocate(this.cluster)
        this.block = this.files.blockOf(this.cluster)
        this.blocksLeft = this.files.layout.clusterBlocks
    }
}
