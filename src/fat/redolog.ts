import { blockSum, crc16, swapped } from "../core/checksum"
import { BlockDevice } from "../core/seams"
import { blockBytes, entryBytes } from "./ondisk"
import { Sector } from "./sector"

/** Number of sector images in the log. */
const slots = 5
/**
 * Blocks named by the header: those of the images, and two of directory entries that are often
 * searched.
 */
export const logEntries = slots + 2
/** Blocks of the log: two headers, then the images. */
export const redoBlocks = 2 + slots
/** Given as `last` if a chain is to be released, not extended. */
export const releaseChain = 0xffffffff

/** The header; the second is a copy of the first. */
const enum Head {
    Magic = 0,
    /** The volume's: a log of the previous file system is not ours. */
    Serial = 4,
    /** The slot whose image must be stored again, plus 1; 0 for none. */
    Redo = 8,
    /** The cluster that `Cluster` is linked after, 0 for none, or `releaseChain`. */
    Last = 12,
    /** The cluster whose table entries must be updated; 0 for none. */
    Cluster = 16,
    /** Per slot the block of its image, 0 for none; then two more blocks. */
    Blocks = 20,
    /** Per slot the CRC-16 of its image. */
    Sums = 48,
    /** Table blocks, latest first, that change without an image; 0 for none. */
    Tables = 60,
    /** CRC-16 of everything before. */
    Checksum = 68,
}

const magic = 0x52534d42

/**
 * Makes changes to several sectors atomic: before the first of them is touched, its new contents
 * and the rest of the change are on the card, in reserved sectors that belong to no file. The
 * images also replace a directory's sector torn by a power cut. Does nothing if the volume has no
 * room for it.
 */
export class RedoLog {
    /** The first block, 0 if the volume has no room for a log. */
    block = 0
    private readonly header: Sector
    /** Both copies of the header were written since the mount. */
    private paired: boolean

    /** @param files open files, whose entries' images are kept */
    constructor(
        device: BlockDevice,
        buffer: Buffer,
        private readonly files: { entryBlock: number }[],
    ) {
        this.header = new Sector(device, buffer)
    }

    /**
     * Reads a valid header, or starts a log if the blocks are not used otherwise.
     * @param sector for checking images
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
            // A header that overtook its image is not valid yet, but the second one is.
            if (ours && (redo === 0 || (await this.loadImage(sector, redo - 1)))) return
        }
        header.blank(block)
        bytes.setAt(Head.Magic, "u32", magic)
        bytes.setAt(Head.Serial, "u32", serial)
    }

    /**
     * Call it before a change: keeps an image of the sector about to be stored, if any.
     * @param redo until `done` is called, the sector must be stored in any case, and the table then
     * changed according to `last` and `cluster`
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
            // An older image of the sector may be in a slot that must not be overwritten yet.
            for (let i = 0; i < slots; ++i)
                if (this.blockAt(i) === home) bytes.setAt(Head.Blocks + i * 4, "u32", 0)
            bytes.setAt(Head.Blocks + slot * 4, "u32", home)
            bytes.setAt(Head.Sums + slot * 2, "u16", swapped(blockSum(sector.bytes)))
        }
        bytes[Head.Redo] = redo ? slot + 1 : 0
        bytes.setAt(Head.Last, "u32", last)
        bytes.setAt(Head.Cluster, "u32", cluster)
        this.seal()
        // Two copies, so that the home sector cannot overtake both.
        await this.store(0)
        await this.store(1)
    }

    /** Call it after a change: nothing of it needs repeating. */
    async done(): Promise<void> {
        if (this.block === 0) return
        const bytes = this.header.bytes
        bytes[Head.Redo] = 0
        bytes.setAt(Head.Cluster, "u32", 0)
        this.seal()
        // The copy that counts is written last, so it cannot overtake the change.
        await this.store(1)
        await this.store(0)
    }

    /** The slot whose image must be stored again, -1 for none. */
    redoSlot(): number {
        return this.header.bytes[Head.Redo] - 1
    }

    /** The block that must be stored again, 0 for none. */
    redoBlock(): number {
        const slot = this.redoSlot()
        return slot < 0 ? 0 : this.blockAt(slot)
    }

    /** Writes the header to its other copy, before the next change can tear this one. */
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

    /** Stores a block's image again; false if there is no valid one. */
    async repair(sector: Sector, block: number): Promise<boolean> {
        for (let slot = 0; this.block !== 0 && slot < slots; ++slot) {
            if (this.blockAt(slot) !== block) continue
            if (!(await this.loadImage(sector, slot))) break
            await sector.store(block)
            // A write in between, so that the slot's next image cannot overtake the repair.
            await this.confirm()
            return true
        }
        return false
    }

    /**
     * True if a power cut turned this directory block, or half of it, into zeros or 0xff, and the
     * rest matches its image.
     * @param home receives the block
     * @param image receives the image, if the block is torn
     */
    async isTorn(slot: number, home: Sector, image: Sector): Promise<boolean> {
        await home.loadTorn(this.blockAt(slot))
        const bytes = home.bytes
        if (slot >= slots || (isWritten(bytes[0]) && isWritten(bytes[blockBytes / 2]))) return false
        if (!(await this.loadImage(image, slot))) return false
        let torn = false
        for (let at = 0; at < blockBytes; at += entryBytes) {
            if (bytes[at] === image.bytes[at]) continue
            // Another entry is there, or it is another directory.
            const half = bytes[at & (blockBytes / 2)]
            if (bytes[at] !== half || isWritten(half)) return false
            torn = true
        }
        return torn
    }

    /** A table block that may have been torn, 0 for none. */
    tableAt(index: number): number {
        return this.header.bytes.getAt(Head.Tables + index * 4, "u32")
    }

    /** Call it before a table block is changed without an image: a mount compares its copies. */
    async noteTable(block: number): Promise<void> {
        const latest = this.tableAt(0)
        if (latest === block || this.tableAt(1) === block) return
        const bytes = this.header.bytes
        bytes.setAt(Head.Tables, "u32", block)
        bytes.setAt(Head.Tables + 4, "u32", latest)
        await this.begin()
    }

    /** Notes the block of an entry that will be searched again. */
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

    /** False if the image is not the one that the header means. */
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

    /** A block named by the header, 0 for none. */
    blockAt(slot: number): number {
        return this.header.bytes.getAt(Head.Blocks + slot * 4, "u32")
    }

    /**
     * The slot with this block, else one that no open file needs. Directories' slots are taken
     * last, because they lead the next mount to files left by a power cut. Never the slot of an
     * unfinished change.
     */
    private slotFor(block: number): number {
        let free = 0
        // Block numbers rise in this order: none, FSInfo, the table, directories.
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

/** False for what a power cut leaves of a block that was erased for a write that never came. */
function isWritten(first: number): boolean {
    return first !== 0 && first !== 0xff
}
