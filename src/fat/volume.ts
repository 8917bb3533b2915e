import { Fault, FaultCode, faultCode } from "../core/fault"
import { historyName, logDirectories, logKey, logOf } from "../core/logname"
import { CardDevice, Ticks } from "../core/seams"
import { Directory, DirectoryEntry, encodeName, parseEntry, putEntry } from "./directory"
import { CardFile, Kind } from "./file"
import { Attribute, blockBytes, Entry, entryBytes, firstStamp, Slot } from "./ondisk"
import { recoverTail } from "./recovery"
import { logEntries, RedoLog, releaseChain } from "./redolog"
import { Sector } from "./sector"
import { chainEnd, Table } from "./table"

/** Files that can be open for appending at once. */
const appendFilesMax = 3
/** Directory entries between two rests. */
const visitsAtOnce = 32

/**
 * Free clusters reserved for the histories, without which no log could ever be deleted: one for
 * each, and one for the root directory.
 */
export const reserveClusters = 4

/** The root and the log directories. */
const directories = ["", ...logDirectories]

/** At most this many logs count as left by a power cut; only a few are ever open at once. */
const leftMax = 16

/**
 * A volume's buffers: table, directory, redo log, and a sector for each file open for appending.
 */
export function volumeBuffers(): Buffer[] {
    const buffers: Buffer[] = []
    for (let i = 0; i < 3 + appendFilesMax; ++i) buffers.push(Buffer.alloc(blockBytes))
    return buffers
}

/**
 * A mounted FAT16 or FAT32 volume. Paths are upper-case 8.3 with at most one directory
 * ("LOG/20261231.CSV"). Not reentrant: callers hold the storage. Throws what the device throws, and
 * Fault 0x04xx.
 */
export class Volume {
    /** "FAT16" or "FAT32". */
    kind: string
    clusterBytes: number
    /** No longer mounted: all handles are stale. */
    gone = false
    /** FAT date * 65536 + time for the next writes. */
    stamp = firstStamp
    /** Paths of the logs that were being written when the power or the card was lost. */
    readonly left: string[] = []

    /** For the modules of the volume itself. */
    readonly sector: Sector
    readonly table: Table
    readonly redoLog: RedoLog
    private readonly spare: Buffer[]
    private readonly appending: CardFile[] = []

    private constructor(
        readonly device: CardDevice,
        ticks: Ticks,
        buffers: Buffer[],
    ) {
        this.sector = new Sector(device, buffers[1])
        this.redoLog = new RedoLog(device, buffers[2], this.appending)
        this.table = new Table(device, ticks, this.sector, this.redoLog, buffers[0])
        this.spare = buffers.slice(3)
    }

    /**
     * Reads the layout, three to five sectors, and completes what a power cut interrupted. Throws
     * Fault VolumeUnformatted, VolumeUnsupported, VolumeDamaged.
     */
    static async mount(
        device: CardDevice,
        ticks: Ticks,
        buffers = volumeBuffers(),
    ): Promise<Volume> {
        const volume = new Volume(device, ticks, buffers)
        const table = volume.table
        await table.mount(device)
        volume.kind = table.fat32 ? "FAT32" : "FAT16"
        volume.clusterBytes = table.clusterBlocks * blockBytes
        try {
            if (volume.redoLog.block !== 0) await volume.finish()
            else await volume.adopt(table.rootCluster, false)
        } catch (thrown) {
            // A worn-out card can still be read.
            if (faultCode(thrown) !== FaultCode.CardWriteProtected) throw thrown
        }
        return volume
    }

    /** Undefined until the free clusters are counted, which `table.countFree` does step by step. */
    freeBytes(): number | undefined {
        const free = this.table.freeClusters()
        return free === undefined ? undefined : free * this.clusterBytes
    }

    /** Opens a file for reading; undefined if there is none. */
    async open(path: string): Promise<CardFile | undefined> {
        await this.flushFiles()
        const slot = await this.locate(path)
        if (slot === undefined) return undefined
        const entry = parseEntry(this.sector.bytes, slot.at)
        if (entry.isDirectory) throw new Fault(FaultCode.BadPath, `${path} is a directory`, 0)
        return new CardFile(this, entry, slot, undefined, 0)
    }

    /**
     * Opens a file for appending; creates it, its directory and its first line if missing. Takes in
     * whole lines behind the recorded size, in order, while `accepts` (if given) agrees. Callers
     * open a file once, and close it whatever fails.
     * @param header the first line of a log with its CR LF; "" for a file that is not opened after
     * every start, and whose changes the redo log must keep atomic
     */
    async openForAppend(
        path: string,
        header: string,
        accepts?: (line: string) => boolean,
    ): Promise<CardFile> {
        // "LOGSENT.TXT" and "EVTSENT.TXT", with prefixes of 3 letters, leave one cluster to
        // "CELLSENT.TXT", with 4.
        const history = path.indexOf(historyName)
        const spare = reserveClusters - Math.max(history, 0)
        const slot = await this.locate(path, spare)
        const bytes = this.sector.bytes
        checkOurs(path, bytes[slot.at + 11])
        const buffer = this.spare.pop()
        if (buffer === undefined)
            throw new Fault(FaultCode.StaleHandle, "too many files are open: close one", 0)
        const tail = new Sector(this.device, buffer)
        const entry = parseEntry(bytes, slot.at)
        let kind = spare << Kind.SpareShift
        const mark = 1 + logOf(path)
        if (header) kind |= Kind.Log | mark
        const file = new CardFile(this, entry, slot, tail, kind)
        this.appending.push(file)
        try {
            if (file.byteCount() !== 0) {
                await recoverTail(this, file, accepts)
                // Before any data lies behind its size, so that the next mount finds it.
                if (header && (entry.mark !== mark || !this.left.includes(path)))
                    await file.syncEntry(true)
            }
            if (file.byteCount() === 0) {
                await file.append(Buffer.from(header))
                await file.syncEntry()
            }
        } catch (thrown) {
            this.forget(file)
            throw thrown
        }
        return file
    }

    /** Visits the entries of a directory ("" is the root) until `visit` returns false. */
    async list(
        directory: string,
        visit: (entry: DirectoryEntry) => Promise<boolean>,
    ): Promise<void> {
        const root = new Directory(this, this.table.rootCluster)
        const cluster = await this.directoryCluster(root, directory)
        if (cluster !== undefined) await this.visitEntries(new Directory(this, cluster), visit)
    }

    /** Deletes a file; false if there is none. Refuses read-only, hidden and system files. */
    async remove(path: string): Promise<boolean> {
        const slot = await this.locate(path, -1, true)
        if (slot === undefined) return false
        // After the search, during which another fiber may store a known count. No other fiber
        // removes the file.
        await this.table.writeInfo(false)
        await this.table.rest()
        await this.table.writeInfo(false)
        await this.sector.load(slot.block)
        const bytes = this.sector.bytes
        const entry = parseEntry(bytes, slot.at)
        checkOurs(path, bytes[slot.at + 11])
        for (const file of this.appending)
            if (file.entryBlock === slot.block && file.entryAt === slot.at)
                throw new Fault(FaultCode.BadPath, `${path} is being written`, 0)
        bytes[slot.at] = Slot.Deleted
        // Includes the parts of a long name that are in the same sector.
        let at = slot.at - entryBytes
        while (at >= 0 && bytes[at + Entry.Attributes] === Attribute.LongName) {
            bytes[at] = Slot.Deleted
            at -= entryBytes
        }
        await this.redoLog.begin(this.sector, true, releaseChain, entry.firstCluster)
        await this.sector.store()
        await this.table.release(entry.firstCluster)
        return true
    }

    /** Updates the directory entries of all files. */
    async flushFiles(): Promise<void> {
        for (const file of this.appending) await file.syncEntry()
    }

    /** The same, and writes the free count: the card can then be pulled. */
    async sync(): Promise<void> {
        await this.flushFiles()
        await this.table.writeInfo(true)
    }

    /** Takes back a file's buffer. */
    forget(file: CardFile): void {
        const files = this.appending
        const at = files.indexOf(file)
        if (at < 0) return
        // The order of the files does not matter.
        files[at] = files[files.length - 1]
        files.pop()
        this.spare.push(file.tail.bytes)
    }

    /** Completes a change of several sectors that a power cut interrupted. */
    private async finish(): Promise<void> {
        const { redoLog, table, sector } = this
        for (let i = 0; i < 2; ++i) await table.settleBlock(redoLog.tableAt(i))
        let torn = 0
        // Before the block numbers make way for others.
        for (let i = 0; i < logEntries; ++i) {
            if (redoLog.blockAt(i) < table.dataBlock - table.rootBlocks) continue
            let bytes = table.sector.bytes
            if (await redoLog.isTorn(i, table.sector, sector)) {
                torn |= 1 << i
                bytes = sector.bytes
            }
            for (let at = 0; at < blockBytes; at += entryBytes)
                if (bytes[at + Entry.Mark] !== 0) this.noteLeft(parseEntry(bytes, at))
        }
        const home = redoLog.redoBlock()
        const cluster = redoLog.cluster()
        const last = redoLog.last()
        const ofTable = table.holds(home)
        const changed = home === 0 || ofTable ? 0 : 1 << redoLog.redoSlot()
        let begun = true
        // The table first, since it leads to the directories.
        if (home !== 0 || cluster !== 0) {
            await redoLog.confirm()
            if (ofTable) {
                // In the table's own sector, which may hold the block's old contents.
                begun = await redoLog.repair(table.sector, home)
                if (begun) await table.sector.store(home + table.fatBlocks)
            } else if (cluster !== 0 && last !== releaseChain) {
                if (last !== 0) await table.settle(last)
                await table.settle(cluster)
            }
        }
        const restored = await this.restore(torn | changed)
        if (home === 0 && cluster === 0) return
        // An invalid image was itself interrupted, so nothing was changed yet.
        if (begun && (restored & changed) === changed) {
            if (last === releaseChain) {
                await table.release(cluster)
                return
            }
            if (cluster !== 0) await table.extend(last, cluster)
        }
        await redoLog.done()
    }

    /**
     * Restores the images in these slots of the redo log, if the block still belongs to one of our
     * directories: a PC may have given it to another file.
     * @returns the restored slots, as bits like `slots`
     */
    private async restore(slots: number): Promise<number> {
        let restored = 0
        for (const name of directories) {
            if (restored === slots) break
            let cluster = this.table.rootCluster
            const directory = new Directory(this, cluster)
            if (name) {
                if (!(await directory.find(encodeName(name)))) continue
                cluster = parseEntry(this.sector.bytes, directory.at).firstCluster
                if (!this.table.isCluster(cluster)) continue
            }
            restored |= await new Directory(this, cluster).restore(slots)
        }
        return restored
    }

    /**
     * Notes a log that was being written.
     * @returns true
     */
    private noteLeft(entry: DirectoryEntry): boolean {
        const folder = logDirectories[entry.mark - 1]
        // The mark may be a PC's creation time: not every file with one is ours.
        if (folder && this.left.length < leftMax && logKey(Buffer.from(entry.name), 0) >= 0)
            this.left.push(folder + "/" + entry.name)
        return true
    }

    /** Visits the entries until `visit` returns false. */
    private async visitEntries(
        slot: Directory,
        visit: (entry: DirectoryEntry) => Promise<boolean>,
    ): Promise<void> {
        let visited = 0
        while (await slot.next()) {
            const bytes = this.sector.bytes
            const first = bytes[slot.at]
            if (first === Slot.End) return
            const hidden = first === Slot.Deleted || first === 0x2e
            if (hidden || (bytes[slot.at + 11] & Attribute.Label) !== 0) continue
            if (!(await visit(parseEntry(bytes, slot.at)))) return
            if (++visited % visitsAtOnce === 0) await this.table.rest()
        }
    }

    /**
     * Without a redo log a power cut can leave an entry whose cluster the table does not know yet:
     * takes it before other files do. Our entries are in the root, with the logs' directories, and
     * in these.
     */
    private async adopt(directory: number, logs: boolean): Promise<void> {
        const self = this
        const table = this.table
        await this.visitEntries(new Directory(this, directory), async entry => {
            const cluster = entry.firstCluster
            if (!table.isCluster(cluster)) return true
            if ((await table.entry(cluster)) === 0) {
                try {
                    // The first copy may be the wrong one.
                    await table.next(cluster, false)
                } catch (thrown) {
                    await table.markCluster(cluster, chainEnd)
                }
            }
            if (logs) return self.noteLeft(entry)
            if (entry.isDirectory && logDirectories.includes(entry.name))
                await self.adopt(cluster, true)
            return true
        })
    }

    /** The first cluster of a directory, undefined if there is none. */
    private async directoryCluster(
        slot: Directory,
        name: string,
        sure?: boolean,
    ): Promise<number | undefined> {
        if (name === "") return this.table.rootCluster
        if (!(await slot.find(encodeName(name), sure))) return undefined
        this.redoLog.remember(slot.block)
        const entry = parseEntry(this.sector.bytes, slot.at)
        if (!entry.isDirectory)
            throw new Fault(
                FaultCode.BadPath,
                `${name} on the card is not a directory: rename it`,
                0,
            )
        if (!this.table.isCluster(entry.firstCluster)) await this.table.next(0, true)
        return entry.firstCluster
    }

    /**
     * Moves to the entry of a path and loads its sector; undefined if there is none.
     * @param spare creates an empty file, and its directory, if missing, leaving this many clusters
     * free
     * @param sure the absence must be beyond doubt
     */
    private async locate(
        path: string,
        spare = -1,
        sure = spare >= 0,
    ): Promise<Directory | undefined> {
        const slash = path.indexOf("/")
        const parent = path.slice(0, slash < 0 ? 0 : slash)
        const name = encodeName(path.slice(slash + 1))
        let slot = new Directory(this, this.table.rootCluster)
        let cluster = await this.directoryCluster(slot, parent, sure)
        if (cluster !== undefined) {
            slot = new Directory(this, cluster)
            if (await slot.find(name, sure)) return slot
        }
        if (spare < 0) return undefined
        if (cluster === undefined) {
            cluster = await this.makeDirectory(slot, encodeName(parent), spare)
            slot = new Directory(this, cluster)
        }
        await slot.seekUnused(spare)
        await slot.write(name, Attribute.Archive, 0, this.stamp)
        return slot
    }

    /** Contents first, then the entry that leads to them, then the table. */
    private async makeDirectory(slot: Directory, name: Buffer, spare: number): Promise<number> {
        const { table } = this
        let cluster = 0
        // During a rest of the table another fiber may have taken either.
        while (cluster === 0 || (await table.entry(cluster)) !== 0) {
            cluster = await table.findFree(spare)
            await slot.seekUnused(spare)
        }
        await this.sector.zero(table.firstBlock(cluster), table.clusterBlocks)
        const bytes = this.sector.bytes
        const dots = Buffer.from("..         ")
        // The parent's entry is 0 for the root directory, also on FAT32 [6.5].
        putEntry(bytes, entryBytes, dots, Attribute.Directory, 0, this.stamp)
        dots[1] = 0x20
        putEntry(bytes, 0, dots, Attribute.Directory, cluster, this.stamp)
        await this.sector.store()
        await slot.write(name, Attribute.Directory, cluster, this.stamp)
        this.redoLog.remember(slot.block)
        // The directory is complete, and empty.
        await table.rest()
        return cluster
    }
}

function checkOurs(path: string, attributes: number): void {
    const foreign = Attribute.ReadOnly | Attribute.Hidden | Attribute.System | Attribute.Directory
    if ((attributes & foreign) !== 0)
        throw new Fault(FaultCode.BadPath, `${path} is read-only or not our file`, 0)
}
