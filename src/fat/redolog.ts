import { blockSum, crc16, swapped } from "../core/checksum"
import { BlockDevice } from "../core/seams"
import { blockBytes, entryBytes } from "./ondisk"
import { Sector } from "./sector"

/** Images of sectors that the log keeps. */
const slots = 5
/**
 * Blocks that the header names: those of the images, and two of directory entries that are often
 * looked for.
 */
export const logEntries = slots + 2
/** Blocks of the log: two headers, then the images. */
export const redoBlocks = 2 + slots
/** Stands for "last" when a chain is to be released, not extended. */
export const releaseChain = 0xffffffff

/** The header; the second is a copy of the first. */
const enum Head {
    Magic = 0,
    /** Of the volume: a log of the file system before is not ours. */
    Serial = 4,
    /** The slot whose image has to be stored again, plus 1; 0 for none. */
    Redo = 8,
    /** The cluster that `Cluster` hangs behind, 0 for none, or `releaseChain`. */
    Last = 12,
    /** The cluster whose table entries have to be brought up to date; 0 for none. */
    Cluster = 16,
    /** For each slot the block that its image belongs to, 0 for none; then two more blocks. */
    Blocks = 20,
    /** For each slot the CRC-16 of its image. */
    Sums = 48,
    /** Blocks of the table, the latest first, that change without an image; 0 for none. */
    Tables = 60,
    /** CRC-16 of everything before. */
    Checksum = 68,
}

const magic = 0x52534d42

/**
 * Makes changes of several sectors whole: before the first of them is touched, its new contents and
 * what has to follow are on the card, in reserved sectors that belong to no file. The images
 * also replace a directory's sector that was torn by a power cut. Without a block of its own it
 * does nothing.
 */
export class RedoLog {
    /** The first block, 0 when the volume has no room for a log. */
    block = 0
    private readonly header: Sector
    /** Both copies of the header were written since the mount. */
    private paired: boolean

    /** @param files whose entries' images are kept */
    constructor(
        device: BlockDevice,
        buffer: Buffer,
        private readonly files: { entryBlock: number }[],
    ) {
        this.header = new Sector(device, buffer)
    }

    /**
     * Reads a header that is whole, or begins a log if nobody else uses the blocks.
     * @param sector to look at images with
     */
    async mount(block: number, serial: number, sector: Sector): Promise<void> {
        const header = this.header
        const bytes = header.bytes
        for (let copy = block === 0 ? 2 : 0; copy < 2; ++copy) {
            await header.loadTorn(block + copy)
            const mark = bytes.getAt(Head.Magic, "u32")
            if (copy === 0) {
                if (mark !== magic && mark !== 0 && mark !== 0xffffffff) return
                this.block = block
            }
            const ours = this.whole() && bytes.getAt(Head.Serial, "u32") === serial
            const redo = bytes[Head.Redo]
            // A header that overtook its image is not valid yet: the second one is.
            if (ours && (redo === 0 || (await this.loadImage(sector, redo - 1)))) return
        }
        header.blank(block)
        bytes.setAt(Head.Magic, "u32", magic)
        bytes.setAt(Head.Serial, "u32", serial)
    }

    /**
     * To be called before a change: keeps an image of the sector that is about to be stored, if
     * any.
     * @param redo the sector has to be stored whatever happens, and the table changed after it as
     * `last` and `cluster` say, until `done` is called
     */
    async begin(sector?: Sector, redo = false, last = 0, cluster = 0): Promise<void> {
        if (this.block === 0) return
        // The copy that the mount did not read may be torn, and this change could tear the other.
        if (!this.paired) await this.confirm()
        const bytes = this.header.bytes
        let slot = -1
        if (sector) {
            const home = sector.block
            slot = this.slotFor(home)
            await sector.store(this.block + 2 + slot)
            sector.block = home
            // An older image of the sector may be in a slot that must not be written over yet.
            for (let i = 0; i < slots; ++i)
                if (this.blockAt(i) === home) bytes.setAt(Head.Blocks + i * 4, "u32", 0)
            bytes.setAt(Head.Blocks + slot * 4, "u32", home)
            bytes.setAt(Head.Sums + slot * 2, "u16", swapped(blockSum(sector.bytes)))
        }
        bytes[Head.Redo] = redo ? slot + 1 : 0
        bytes.setAt(Head.Last, "u32", last)
        bytes.setAt(Head.Cluster, "u32", cluster)
        this.seal()
        // Two copies, so that no home sector can overtake them both.
        await this.store(0)
        await this.store(1)
    }

    /** To be called after a change: nothing of it has to be done again. */
    async done(): Promise<void> {
        if (this.block === 0) return
        const bytes = this.header.bytes
        bytes[Head.Redo] = 0
        bytes.setAt(Head.Cluster, "u32", 0)
        this.seal()
        // The copy that counts comes last: what was changed cannot be overtaken by it.
        await this.store(1)
        await this.store(0)
    }

    /** The slot whose image has to be stored again, -1 for none. */
    redoSlot(): number {
        return this.header.bytes[Head.Redo] - 1
    }

    /** The block that has to be stored again, 0 for none. */
    redoBlock(): number {
        const slot = this.redoSlot()
        return slot < 0 ? 0 : this.blockAt(slot)
    }

    /**
     * Writes the header to the copy that it is not in yet, before the next change can tear this
     * one.
     */
    async confirm(): Promise<void> {
        this.seal()
        await this.store(this.header.block === this.block ? 1 : 0)
        this.paired = true
    }

    last(): number {
        return this.header.bytes.getAt(Head.Last, "u32")
    }

    cluster(): number {
        return this.header.bytes.getAt(Head.Cluster, "u32")
    }

    /** Stores the image of a block again; false when there is none that is whole. */
    async repair(sector: Sector, block: number): Promise<boolean> {
        for (let slot = 0; this.block !== 0 && slot < slots; ++slot) {
            if (this.blockAt(slot) !== block) continue
            if (!(await this.loadImage(sector, slot))) break
            await sector.store(block)
            // Between the two, so that the next image in the slot cannot overtake it.
            await this.confirm()
            return true
        }
        return false
    }

    /**
     * Whether a power cut made zeros or 0xff of the named block of a directory, or of a half of it;
     * the rest has the entries of its image.
     * @param home gets what the block holds @param image is for its image, and has it if the block
     * is torn
     */
    async isTorn(slot: number, home: Sector, image: Sector): Promise<boolean> {
        await home.loadTorn(this.blockAt(slot))
        const bytes = home.bytes
        if (slot >= slots || (isWritten(bytes[0]) && isWritten(bytes[blockBytes / 2]))) return false
        if (!(await this.loadImage(image, slot))) return false
        let torn = false
        for (let at = 0; at < blockBytes; at += entryBytes) {
            if (bytes[at] === image.bytes[at]) continue
            // Another entry is there, or the directory is another one.
            const half = bytes[at & (blockBytes / 2)]
            if (bytes[at] !== half || isWritten(half)) return false
            torn = true
        }
        return torn
    }

    /** A block of the table that may have been torn, 0 for none. */
    tableAt(index: number): number {
        return this.header.bytes.getAt(Head.Tables + index * 4, "u32")
    }

    /**
     * To be called before a block of the table is changed without an image: a mount compares its
     * copies.
     */
    async noteTable(block: number): Promise<void> {
        const latest = this.tableAt(0)
        if (latest === block || this.tableAt(1) === block) return
        const bytes = this.header.bytes
        bytes.setAt(Head.Tables, "u32", block)
        bytes.setAt(Head.Tables + 4, "u32", latest)
        await this.begin()
    }

    /** Notes the block of an entry that will be looked for again. */
    remember(block: number): void {
        const bytes = this.header.bytes
        const latest = this.blockAt(slots)
        if (latest === block || this.blockAt(slots + 1) === block) return
        bytes.setAt(Head.Blocks + slots * 4, "u32", block)
        bytes.setAt(Head.Blocks + slots * 4 + 4, "u32", latest)
    }

    private seal(): void {
        const bytes = this.header.bytes
        bytes.setAt(Head.Checksum, "u16", crc16(0, bytes, 0, Head.Checksum))
    }

    private async store(copy: number): Promise<void> {
        await this.header.store(this.block + copy)
    }

    /** False when the image is not the one that the header means. */
    private async loadImage(sector: Sector, slot: number): Promise<boolean> {
        await sector.loadTorn(this.block + 2 + slot)
        const sum = swapped(blockSum(sector.bytes))
        return sum === this.header.bytes.getAt(Head.Sums + slot * 2, "u16")
    }

    private whole(): boolean {
        const bytes = this.header.bytes
        const sum = crc16(0, bytes, 0, Head.Checksum)
        return bytes.getAt(Head.Magic, "u32") === magic && bytes.getAt(Head.Checksum, "u16") === sum
    }

    /** A block that the header names, 0 for none. */
    blockAt(slot: number): number {
        return this.header.bytes.getAt(Head.Blocks + slot * 4, "u32")
    }

    /**
     * The slot with that block, else one that no open file needs: a directory's last, since by it
     * the next mount finds files that a power cut has left. Never the one of an unfinished change.
     */
    private slotFor(block: number): number {
        let free = 0
        // Nothing, FSInfo, the table and directories follow each other in their numbers.
        let least = 0xffffffff
        for (let slot = 0; slot < slots; ++slot) {
            if (slot + 1 === this.header.bytes[Head.Redo]) continue
            const held = this.blockAt(slot)
            if (held === block) return slot
            if (held >= least || this.isOpen(held)) continue
            least = held
            free = slot
        }
        return free
    }

    private isOpen(block: number): boolean {
        for (const file of this.files) if (file.entryBlock === block) return true
        return false
    }
}

/** Not what a power cut leaves where a block was erased for a write that did not come. */
function isWritten(first: number): boolean {
    return first !== 0 && first !== 0xff
}
