import { Fault, FaultCode } from "../core/fault"
import { textOf } from "../core/text"
import { Attribute, blockBytes, Entry, entryBytes, Slot } from "./ondisk"
import { logEntries, RedoLog } from "./redolog"
import { Sector } from "./sector"
import { Table } from "./table"
import { Volume } from "./volume"

/** Clusters of a directory that are compared with known blocks. */
const knownClustersMax = 256
/** The most sectors that a directory can have [6]. */
const sectorsMax = 4096
/**
 * Sectors between two rests; the interpreter ends a fiber that runs much longer without a pause.
 */
const sectorsAtOnce = 12

/** A directory's data on a file or subdirectory. */
export interface DirectoryEntry {
    /** "20261122.CSV" */
    name: string
    sizeBytes: number
    isDirectory: boolean
    firstCluster: number
    /** See Entry.Mark. */
    mark: number
}

/** Walks the slots of one directory; the shared sector holds the current one. */
export class Directory {
    /** The current slot: its block and the offset in it. */
    block = 0
    at = blockBytes
    private cluster: number
    private blocksLeft: number
    private sectors = 0
    /** Sectors are searched without their checksums. */
    private unchecked: boolean
    /** The first unused slot passed by the last failed search. */
    private unused: { block: number; at: number; cluster: number; blocksLeft: number } | undefined

    private readonly table: Table
    private readonly sector: Sector
    private readonly redoLog: RedoLog

    /** @param cluster the directory's first cluster, 0 for FAT16's root directory */
    constructor(volume: Volume, cluster: number) {
        this.table = volume.table
        this.sector = volume.sector
        this.redoLog = volume.redoLog
        this.enter(cluster)
    }

    /**
     * Moves to the next slot and loads its sector; false after the last. The table may rest
     * meanwhile.
     */
    async next(): Promise<boolean> {
        this.at += entryBytes
        if (this.at >= blockBytes) {
            if (this.blocksLeft === 0) {
                const next = this.cluster === 0 ? 0 : await this.table.next(this.cluster, false)
                if (next === 0) return false
                this.enter(next)
            }
            this.at = 0
            this.block++
            this.blocksLeft--
            this.sectors++
            // A cyclic chain has no end.
            if (this.sectors > sectorsMax)
                throw new Fault(
                    FaultCode.VolumeDamaged,
                    "a directory has no end: repair it on a PC",
                    0,
                )
            if (this.sectors % sectorsAtOnce === 0) await this.table.rest()
        }
        if (this.at > 0 && this.sector.block === this.block) return true
        await this.sector.loadTorn(this.block, this.unchecked)
        if (!this.isTorn()) return true
        // The wire may have damaged it.
        await this.sector.loadTorn(this.block)
        if (this.isTorn() && !(await this.redoLog.repair(this.sector, this.block)))
            await this.sector.load(this.block)
        return true
    }

    /** No entry has these attributes: a power cut tore the sector. */
    private isTorn(): boolean {
        const { bytes } = this.sector
        const last = blockBytes - entryBytes
        return ((bytes[Entry.Attributes] | bytes[last + Entry.Attributes]) & 0xc0) !== 0
    }

    /**
     * Moves to the entry with this name (11 bytes); false if there is none.
     * @param sure the caller may create it: false is then reliable, and leaves the first unused
     * slot current
     */
    async find(name: Buffer, sure?: boolean): Promise<boolean> {
        const start = this.cluster
        let cluster = start
        // Saves searching a large directory for entries whose blocks are known.
        for (let clusters = 1; clusters <= knownClustersMax; ++clusters) {
            this.enter(cluster)
            const before = this.block
            const blocks = this.blocksLeft
            for (let i = 0; i < logEntries; ++i) {
                const offset = this.redoLog.blockAt(i) - before - 1
                if (offset < 0 || offset >= blocks) continue
                this.block = before + offset
                if (await this.search(name, 1)) return true
            }
            if (cluster !== 0) cluster = await this.table.entry(cluster)
            if (!this.table.isCluster(cluster)) break
            if (clusters % sectorsAtOnce === 0) await this.table.rest()
        }
        this.enter(start)
        this.unchecked = !sure
        this.unused = undefined
        const found = await this.search(name, sectorsMax + 1)
        this.unchecked = false
        if (sure) {
            const { unused } = this
            if (found || !unused) return found
            this.cluster = unused.cluster
            this.blocksLeft = unused.blocksLeft
            this.block = unused.block
            this.at = unused.at
            return false
        }
        if (!found) return false
        // Checks it again in place, with its checksum.
        this.block--
        this.blocksLeft++
        return await this.search(name, 1)
    }

    /**
     * Moves to the next unused slot unless the current one is unused; grows the directory if
     * necessary and possible. Throws Fault DirectoryFull for FAT16's root directory, and
     * VolumeFull.
     * @param spare this many clusters must then stay free
     */
    async seekUnused(spare = 0): Promise<void> {
        const { table, redoLog, sector } = this
        if (this.at < blockBytes) await sector.load(this.block)
        for (;;) {
            for (; this.at < blockBytes; this.at += entryBytes) {
                const first = sector.bytes[this.at]
                if (first === Slot.End || first === Slot.Deleted) return
            }
            if (await this.next()) continue
            if (this.cluster === 0) {
                const text = "the card's root directory is full: delete files there"
                throw new Fault(FaultCode.DirectoryFull, text, 0)
            }
            const fresh = await table.findFree(spare)
            // During a rest of the table another fiber may have grown it.
            if (await this.next()) continue
            await sector.zero(table.firstBlock(fresh), table.clusterBlocks)
            await redoLog.begin(undefined, true, this.cluster, fresh)
            await table.extend(this.cluster, fresh)
            await redoLog.done()
        }
    }

    /** Writes a new entry into the slot, and allocates its cluster, if any. */
    async write(name: Buffer, attributes: number, cluster: number, stamp: number): Promise<void> {
        const { redoLog, sector } = this
        await sector.load(this.block)
        putEntry(sector.bytes, this.at, name, attributes, cluster, stamp)
        await redoLog.begin(sector, true, 0, cluster)
        await sector.store()
        if (cluster !== 0) await this.table.extend(0, cluster)
        await redoLog.done()
    }

    /**
     * Restores its sectors from their images in these slots of the redo log.
     * @returns the slots that were restored
     */
    async restore(slots: number): Promise<number> {
        const { redoLog, sector, table } = this
        let restored = 0
        let previousEnd = 0
        for (let clusters = 1; clusters <= knownClustersMax; ++clusters) {
            const first = this.block + 1
            const end = first + this.blocksLeft
            for (let i = 0; slots >> i !== 0; ++i) {
                const block = redoLog.blockAt(i)
                if (((slots >> i) & 1) === 0 || block < first || block >= end) continue
                // Sectors after the last entry do not count.
                const before = (block > first ? block : previousEnd) - 1
                if (before >= 0) await sector.loadTorn(before)
                if (before >= 0 && sector.bytes[blockBytes - entryBytes] === Slot.End) continue
                if (await redoLog.repair(sector, block)) restored |= 1 << i
            }
            previousEnd = end
            const next = this.cluster === 0 ? 0 : await table.entry(this.cluster)
            if (!table.isCluster(next)) break
            this.enter(next)
            if (clusters % sectorsAtOnce === 0) await table.rest()
        }
        return restored
    }

    /** Searches the next `count` sectors for a name. */
    private async search(name: Buffer, count: number): Promise<boolean> {
        const bytes = this.sector.bytes
        const first = name.getAt(0, "u32")
        const second = name.getAt(4, "u32")
        const third = name.getAt(7, "u32")
        this.at = blockBytes
        this.sectors = 0
        while (count-- > 0 && (await this.next())) {
            // Scans the sector's slots without calls: there may be thousands.
            for (let at = 0; at < blockBytes; at += entryBytes) {
                const word = bytes.getAt(at, "u32")
                if (
                    word === first &&
                    bytes.getAt(at + 4, "u32") === second &&
                    bytes.getAt(at + 7, "u32") === third &&
                    (bytes[at + Entry.Attributes] & Attribute.Label) === 0
                ) {
                    this.at = at
                    return true
                }
                const unused = word & 0xff
                if (unused !== Slot.End && unused !== Slot.Deleted) continue
                const { block, cluster, blocksLeft } = this
                if (!this.unused) this.unused = { block, at, cluster, blocksLeft }
                if (unused === Slot.End) return false
            }
            this.at = blockBytes
        }
        return false
    }

    private enter(cluster: number): void {
        const table = this.table
        this.cluster = cluster
        this.blocksLeft = cluster === 0 ? table.rootBlocks : table.clusterBlocks
        this.block =
            (cluster === 0 ? table.dataBlock - table.rootBlocks : table.firstBlock(cluster)) - 1
    }
}

/** Fills in the entry of an empty file or a directory. */
export function putEntry(
    bytes: Buffer,
    at: number,
    name: Buffer,
    attributes: number,
    cluster: number,
    stamp: number,
): void {
    bytes.fillAt(at, entryBytes, 0)
    bytes.blitAt(at, name, 0, 11)
    bytes[at + Entry.Attributes] = attributes
    bytes.setAt(at + Entry.CreateStamp, "u32", stamp)
    putCluster(bytes, at, cluster)
    bytes.setAt(at + Entry.WriteStamp, "u32", stamp)
}

export function putCluster(bytes: Buffer, at: number, cluster: number): void {
    bytes.setAt(at + Entry.ClusterHigh, "u16", cluster >> 16)
    bytes.setAt(at + Entry.ClusterLow, "u16", cluster & 0xffff)
}

/** Part of a name without its trailing spaces. */
function nameText(bytes: Buffer, at: number, length: number): string {
    while (length > 0 && bytes[at + length - 1] === 0x20) --length
    return textOf(bytes.slice(at, at + length))
}

export function parseEntry(bytes: Buffer, at: number): DirectoryEntry {
    const name = nameText(bytes, at, 8)
    const extension = nameText(bytes, at + 8, 3)
    return {
        name: extension === "" ? name : name + "." + extension,
        sizeBytes: bytes.getAt(at + Entry.Size, "u32"),
        isDirectory: (bytes[at + Entry.Attributes] & Attribute.Directory) !== 0,
        firstCluster:
            ((bytes.getAt(at + Entry.ClusterHigh, "u16") & 0x0fff) << 16) |
            bytes.getAt(at + Entry.ClusterLow, "u16"),
        mark: bytes[at + Entry.Mark],
    }
}

/** "LOGSENT.TXT", in any case, as the 11 bytes of a directory entry. Throws Fault BadPath. */
export function encodeName(name: string): Buffer {
    const bytes = Buffer.from("           ")
    const upper = name.toUpperCase()
    let at = 0
    let end = 8
    for (let i = 0; i < upper.length; ++i) {
        const code = upper.charCodeAt(i)
        if (code === 46 && end === 8) {
            at = 8
            end = 11
        } else if (at < end && code > 32 && code < 127) {
            bytes[at++] = code
        } else {
            throw new Fault(FaultCode.BadPath, `"${name}" is not a name like LOG/20261231.CSV`, 0)
        }
    }
    return bytes
}
