import { Fault, FaultCode } from "../core/fault"
import { blockBytes, Entry, firstStamp } from "./ondisk"
import { Directory, DirectoryEntry, putCluster } from "./directory"
import { Sector } from "./sector"
import { Volume } from "./volume"

/** The kind of a file, and the state of its entry. */
export const enum Kind {
    /** The entry's mark, 0 for none: see Entry.Mark. */
    Mark = 3,
    /** The number of clusters that it must leave free. */
    SpareShift = 2,
    Spare = 7,
    /** It is a log: opened, and its end repaired, after every start. */
    Log = 32,
    /** The redo log has taken an image of the entry's sector since the file was opened. */
    Imaged = 64,
}

/** Clusters of a chain between two rests; no single read or write goes this far. */
const stepsAtOnce = 256

/**
 * A file on the card, for reading anywhere and appending at its end. Valid until its volume is
 * unmounted (then Fault StaleHandle); use it only while holding the storage.
 */
export class CardFile {
    // At most twelve members: the next size up would be among the heap's largest blocks.
    /** Clusters in the chain, and the last of them; -1 once closed. */
    clusters = 0
    lastCluster = 0
    /** The directory entry differs from `byteCount()`. */
    unsynced = false
    /** The position of the directory entry. */
    readonly entryBlock: number
    readonly entryAt: number
    private firstCluster: number
    private size: number
    private readCluster = 0
    private readIndex = 0

    /**
     * @param tail the sector being filled, undefined for a read-only file
     * @param kind see Kind
     */
    constructor(
        private readonly volume: Volume,
        entry: DirectoryEntry,
        slot: Directory,
        readonly tail: Sector | undefined,
        private kind: number,
    ) {
        this.firstCluster = entry.firstCluster
        this.size = entry.sizeBytes
        this.entryBlock = slot.block
        this.entryAt = slot.at
    }

    byteCount(): number {
        return this.size
    }

    /**
     * Copies up to `length` bytes from `offset` into `into` and returns their count; 0 at the end.
     * Sequential reads are cheap.
     */
    async read(offset: number, into: Buffer, length: number): Promise<number> {
        this.check()
        const volume = this.volume
        if (length > into.length) length = into.length
        if (length > this.size - offset) length = this.size - offset
        let done = 0
        while (done < length) {
            const block = await this.blockOf(offset + done)
            await volume.sector.load(block, true)
            const at = (offset + done) & 511
            let count = blockBytes - at
            if (count > length - done) count = length - done
            into.blitAt(done, volume.sector.bytes, at, count)
            done += count
        }
        return done
    }

    /**
     * Writes at the end; the data is on the card on return. A new cluster is written before it is
     * linked. Throws VolumeFull with nothing written.
     */
    async append(data: Buffer): Promise<void> {
        this.check()
        const { table, clusterBytes } = this.volume
        let done = 0
        while (done < data.length) {
            const room = this.clusters * clusterBytes - this.size
            let part = data.length - done
            let fresh = 0
            if (part > room) {
                fresh = await table.findFree((this.kind >> Kind.SpareShift) & Kind.Spare)
                if (part > room + clusterBytes) part = room + clusterBytes
            }
            await this.put(data, done, part, fresh)
            done += part
            this.size += part
            if (fresh === 0) {
                this.unsynced = true
                continue
            }
            const last = this.lastCluster
            if (last === 0) this.firstCluster = fresh
            const { redoLog } = this.volume
            const sameSector = table.blockOf(last) === table.blockOf(fresh)
            if (last !== 0 && (redoLog.block === 0 || (this.kind >= Kind.Log && sameSector))) {
                await redoLog.noteTable(table.blockOf(last))
                await table.extend(last, fresh)
                await this.writeEntry()
            } else {
                // The entry names the cluster before the table links it; a mount completes that.
                await this.writeEntry(last, fresh)
                await table.extend(last, fresh)
                await redoLog.done()
            }
            this.lastCluster = fresh
            this.clusters++
        }
    }

    /**
     * Updates the directory entry.
     * @param careful survives the loss of this very write, for when nothing else tells the file's
     * end
     */
    async syncEntry(careful = false): Promise<void> {
        this.check()
        if (this.unsynced || careful) await this.writeEntry(0, 0, careful)
    }

    /**
     * Updates the directory entry, clearing a log's mark, and returns the append buffer even if
     * that fails. Never fails on a file of a card that is gone.
     */
    async close(): Promise<void> {
        const { volume } = this
        try {
            if (!volume.gone && (this.kind >= Kind.Log || this.unsynced)) {
                this.kind &= ~Kind.Mark
                await this.syncEntry(true)
            }
        } finally {
            this.clusters = -1
            volume.forget(this)
        }
    }

    /**
     * Sets the size, also in the directory entry unless it is 0, which an entry with a cluster must
     * not have.
     */
    async resize(size: number): Promise<void> {
        this.size = size
        this.unsynced = true
        if (size !== 0) await this.writeEntry()
    }

    /**
     * Follows the chain to the cluster with the last byte, or to the second to last of the chain.
     */
    async seekEnd(): Promise<void> {
        const { table, clusterBytes } = this.volume
        await this.blockOf(this.size - 1)
        await table.settle(this.readCluster)
        let next = await table.entry(this.readCluster)
        // An entry restored from its image is older than the chain, which mostly rises.
        while (next > this.readCluster && table.isCluster(next)) {
            const after = await table.entry(next)
            if (!table.isCluster(after)) break
            this.readCluster = next
            this.readIndex++
            this.size = (this.readIndex + 1) * clusterBytes
            next = after
        }
        this.clusters = this.readIndex + 1
        this.lastCluster = this.readCluster
    }

    /** The block of the byte at `offset`, within the chain. */
    async blockOf(offset: number): Promise<number> {
        const volume = this.volume
        const table = volume.table
        const index = Math.floor(offset / volume.clusterBytes)
        if (this.readCluster === 0 || index < this.readIndex) {
            this.readCluster = this.firstCluster
            this.readIndex = 0
        }
        if (!table.isCluster(this.readCluster)) await table.next(0, true)
        let seen = 0
        for (let steps = 1; this.readIndex < index; ++steps) {
            this.readCluster = await table.next(this.readCluster, true)
            this.readIndex++
            // A cyclic chain comes back to `seen`.
            if (this.readCluster === seen) await table.next(0, true)
            if ((steps & (steps - 1)) === 0) seen = this.readCluster
            if (steps % stepsAtOnce === 0) await table.rest()
        }
        const within = offset - index * volume.clusterBytes
        return table.firstBlock(this.readCluster) + (within >> 9)
    }

    /**
     * Writes the directory entry: size, first cluster, time of the last write.
     * @param fresh a cluster about to be linked after `last`
     * @param careful through the redo log, as for everything except a log's size
     */
    async writeEntry(last = 0, fresh = 0, careful = false): Promise<void> {
        const { redoLog, sector, stamp } = this.volume
        const at = this.entryAt
        await sector.load(this.entryBlock)
        putCluster(sector.bytes, at, this.firstCluster)
        sector.bytes.setAt(at + Entry.Size, "u32", this.size)
        // The time has been unknown since the mount: the last write's time stays.
        if (stamp !== firstStamp) sector.bytes.setAt(at + Entry.WriteStamp, "u32", stamp)
        sector.bytes[at + Entry.Mark] = this.kind & Kind.Mark
        const isLog = this.kind >= Kind.Log
        const redo = careful || fresh !== 0 || !isLog
        if (redo || this.kind < Kind.Imaged) await redoLog.begin(sector, redo, last, fresh)
        if (isLog) this.kind |= Kind.Imaged
        await sector.store()
        if (redo && fresh === 0) await redoLog.done()
        this.unsynced = false
    }

    /**
     * Writes the sectors; the rest of the last one becomes zeros, which end the search for lines.
     */
    private async put(data: Buffer, from: number, count: number, fresh: number): Promise<void> {
        const { volume, tail } = this
        const { table, sector, clusterBytes } = volume
        const end = from + count
        let cluster = this.lastCluster
        let offset = this.size - (this.clusters - 1) * clusterBytes
        while (from < end) {
            if (offset >= clusterBytes) {
                offset -= clusterBytes
                cluster = fresh
            }
            const block = table.firstBlock(cluster) + (offset >> 9)
            const at = offset & 511
            if (at === 0) tail.blank(block)
            else await tail.load(block)
            let length = blockBytes - at
            if (length > end - from) length = end - from
            tail.bytes.blitAt(at, data, from, length)
            tail.bytes.fillAt(at + length, blockBytes - at - length, 0)
            if (sector.block === block) sector.block = -1
            await tail.store()
            offset += length
            from += length
        }
    }

    private check(): void {
        if (this.clusters < 0 || this.volume.gone)
            throw new Fault(
                FaultCode.StaleHandle,
                "the SD card was changed: open the file again",
                0,
            )
    }
}
