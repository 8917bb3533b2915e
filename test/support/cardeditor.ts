import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { ForeignFiles } from "./foreignfiles"

const directoryBit = 0x10
const labelBit = 0x08

/** A directory entry: its place and its fields. */
interface Entry {
    path: string
    block: number
    at: number
    attributes: number
    cluster: number
    sizeBytes: number
}

/**
 * A card in a PC's reader: what people do there to the board's files. Uses none of the firmware's
 * code. Paths are upper-case 8.3 with at most one directory.
 */
export class CardEditor {
    private files: ForeignFiles

    constructor(private readonly store: MemoryStore) {
        this.files = new ForeignFiles(store)
    }

    /** All files, in the order of their directories. */
    paths(): string[] {
        return this.entries()
            .filter(({ attributes }) => (attributes & directoryBit) === 0)
            .map(({ path }) => path)
    }

    exists(path: string): boolean {
        return this.entries().some(entry => entry.path === path)
    }

    read(path: string): Buffer {
        const entry = this.find(path)
        const blocks = this.chain(entry.cluster).flatMap(cluster => this.blocksOf(cluster))
        const content = Buffer.concat(blocks.map(block => this.store.read(block)))
        return content.subarray(0, entry.sizeBytes)
    }

    /** Makes a file, or replaces its content, as an editor's "save" does. */
    write(path: string, content: string | Uint8Array, attributes = 0x20): void {
        if (this.exists(path)) this.remove(path)
        const bytes = Buffer.from(content as string)
        const slash = path.indexOf("/")
        if (slash >= 0 && !this.exists(path.slice(0, slash)))
            this.makeDirectory(path.slice(0, slash))
        const cluster = this.place(bytes)
        this.addEntry(path, attributes, cluster, bytes.length)
    }

    /** Opens a text, changes it, and saves it. */
    edit(path: string, change: (text: string) => string): void {
        this.write(path, Buffer.from(change(this.read(path).toString("latin1")), "latin1"))
    }

    /** Its entry leads to no cluster, which no person does. @returns what mends it */
    damage(path: string): () => void {
        const { block, at, cluster } = this.find(path)
        const point = (first: number): void => {
            const data = Uint8Array.from(this.store.read(block))
            new DataView(data.buffer).setUint16(at + 26, first, true)
            this.store.write(block, data)
        }
        point(1)
        return () => point(cluster)
    }

    remove(path: string): void {
        const entry = this.find(path)
        const chain = this.chain(entry.cluster)
        for (const cluster of chain) this.files.setEntry(cluster, 0)
        this.adjustFree(chain.length)
        this.drop(entry)
    }

    /** Renames a file, or moves it to another directory; replaces a file of the new name. */
    move(from: string, to: string): void {
        const entry = this.find(from)
        if (from === to) return
        if (this.exists(to)) this.remove(to)
        this.drop(entry)
        this.addEntry(to, entry.attributes, entry.cluster, entry.sizeBytes)
    }

    copy(from: string, to: string): void {
        this.write(to, this.read(from))
    }

    /** Leaves the usual litter of PCs: indexes, thumbnails, copies of nothing, a bin. */
    litter(): void {
        for (const name of ["SYSTEM~1", "FSEVEN~1", "TRASHE~1", "$RECYCLE.BIN", "FOUND.000"])
            if (!this.exists(name)) this.makeDirectory(name, name === "FOUND.000" ? 0x10 : 0x16)
        const text = "not a log\r\n"
        this.write("SYSTEM~1/INDEXE~1", text, 0x26)
        this.write("FOUND.000/FILE0000.CHK", text)
        this.write("_LOGSE~1.TXT", text, 0x22)
        this.write("DESKTOP.INI", text, 0x26)
        if (!this.exists("LOG")) return
        this.write("LOG/THUMBS.DB", text, 0x26)
        this.write("LOG/_20261~1.CSV", text, 0x22)
        this.write("LOG/COPY~1.CSV", text)
    }

    makeDirectory(name: string, attributes = directoryBit): void {
        const cluster = this.allocate(0)
        for (const block of this.blocksOf(cluster)) this.store.write(block, new Uint8Array(512))
        const dots = new Uint8Array(512)
        dots.set(entryBytes(".          ", directoryBit, cluster, 0), 0)
        dots.set(entryBytes("..         ", directoryBit, 0, 0), 32)
        this.store.write(this.blocksOf(cluster)[0], dots)
        this.addEntry(name, attributes, cluster, 0)
    }

    /** Writes the content to free clusters. @returns the first of them, 0 for empty content */
    private place(bytes: Buffer): number {
        const clusterBytes = this.files.layout.clusterBlocks * 512
        let first = 0
        let last = 0
        for (let at = 0; at < bytes.length; at += clusterBytes) {
            last = this.allocate(last)
            if (first === 0) first = last
            this.blocksOf(last).forEach((block, i) => {
                const sector = new Uint8Array(512)
                sector.set(
                    bytes.subarray(at + i * 512, Math.min(at + clusterBytes, at + i * 512 + 512)),
                )
                this.store.write(block, sector)
            })
        }
        return first
    }

    /** Searches from the beginning each time, so that deleted clusters are reused. */
    private allocate(last: number): number {
        this.files = new ForeignFiles(this.store, 2)
        this.adjustFree(-1)
        return this.files.allocate(last)
    }

    private find(path: string): Entry {
        const found = this.entries().find(entry => entry.path === path)
        if (!found) throw new Error(`${path} is not on the card`)
        return found
    }

    private entries(): Entry[] {
        const root = this.directory("", this.rootBlocks())
        const below = root
            .filter(({ attributes }) => (attributes & directoryBit) !== 0)
            .flatMap(({ path, cluster }) =>
                this.directory(path + "/", this.directoryBlocks(cluster)),
            )
        return [...root, ...below]
    }

    private directory(parent: string, blocks: number[]): Entry[] {
        const found: Entry[] = []
        for (const block of blocks)
            for (let at = 0; at < 512; at += 32) {
                const bytes = Buffer.from(this.store.read(block).subarray(at, at + 32))
                if (bytes[0] === 0) return found
                if (bytes[0] === 0xe5 || bytes[0] === 0x2e || (bytes[11] & labelBit) !== 0) continue
                const extension = bytes.toString("latin1", 8, 11).trimEnd()
                const base = bytes.toString("latin1", 0, 8).trimEnd()
                found.push({
                    path: parent + base + (extension && "." + extension),
                    block,
                    at,
                    attributes: bytes[11],
                    cluster: bytes.readUInt16LE(20) * 65536 + bytes.readUInt16LE(26),
                    sizeBytes: bytes.readUInt32LE(28),
                })
            }
        return found
    }

    private addEntry(path: string, attributes: number, cluster: number, sizeBytes: number): void {
        const slash = path.indexOf("/")
        const [base, extension = ""] = path.slice(slash + 1).split(".")
        const name = base.padEnd(8) + extension.padEnd(3)
        const [block, at] = this.freeSlot(slash < 0 ? "" : path.slice(0, slash))
        const data = Uint8Array.from(this.store.read(block))
        data.set(entryBytes(name, attributes, cluster, sizeBytes), at)
        this.store.write(block, data)
    }

    private freeSlot(directory: string): [number, number] {
        const parent = directory === "" ? undefined : this.find(directory)
        const blocks = parent ? this.directoryBlocks(parent.cluster) : this.rootBlocks()
        for (const block of blocks)
            for (let at = 0; at < 512; at += 32) {
                const first = this.store.read(block)[at]
                if (first === 0 || first === 0xe5) return [block, at]
            }
        const start = parent?.cluster ?? this.files.layout.rootCluster
        if (start === 0) throw new Error("the root directory is full")
        const cluster = this.allocate(this.chain(start).at(-1)!)
        for (const block of this.blocksOf(cluster)) this.store.write(block, new Uint8Array(512))
        return [this.files.blockOf(cluster), 0]
    }

    private drop({ block, at }: Entry): void {
        const data = Uint8Array.from(this.store.read(block))
        data[at] = 0xe5
        this.store.write(block, data)
    }

    private chain(first: number): number[] {
        const { fat32, clusterEnd } = this.files.layout
        const chain: number[] = []
        const end = fat32 ? 0x0ffffff8 : 0xfff8
        for (let cluster = first; cluster !== 0 && cluster < end;) {
            if (cluster < 2 || cluster >= clusterEnd || chain.length > clusterEnd)
                throw new Error("a chain leads nowhere")
            chain.push(cluster)
            cluster = this.files.entry(cluster) & (fat32 ? 0x0fffffff : 0xffff)
        }
        return chain
    }

    private blocksOf(cluster: number): number[] {
        const first = this.files.blockOf(cluster)
        return Array.from({ length: this.files.layout.clusterBlocks }, (_, i) => first + i)
    }

    private directoryBlocks(cluster: number): number[] {
        return this.chain(cluster).flatMap(one => this.blocksOf(one))
    }

    private rootBlocks(): number[] {
        const { rootBlock, rootBlocks, rootCluster } = this.files.layout
        if (rootCluster !== 0) return this.directoryBlocks(rootCluster)
        return Array.from({ length: rootBlocks }, (_, i) => rootBlock + i)
    }

    /** FAT32 keeps the number of free clusters in its second sector, if known. */
    private adjustFree(clusters: number): void {
        if (!this.files.layout.fat32) return
        const info = Uint8Array.from(this.store.read(1))
        const view = new DataView(info.buffer)
        const free = view.getUint32(488, true)
        if (free !== 0xffffffff) view.setUint32(488, free + clusters, true)
        this.store.write(1, info)
    }
}

function entryBytes(name: string, attributes: number, cluster: number, sizeBytes: number) {
    const bytes = new Uint8Array(32)
    const view = new DataView(bytes.buffer)
    bytes.set(Buffer.from(name, "latin1"))
    bytes[11] = attributes
    // 2026-11-22 12:00:00
    for (const at of [14, 22]) view.setUint32(at, 0x5d766000, true)
    view.setUint16(20, cluster >>> 16, true)
    view.setUint16(26, cluster & 0xffff, true)
    view.setUint32(28, sizeBytes, true)
    return bytes
}
