import { Fault, FaultCode } from "../core/fault"
import { BlockDevice, Ticks } from "../core/seams"
import { Geometry } from "./geometry"
import { blockBytes, Info, infoSignatures } from "./ondisk"
import { RedoLog, releaseChain } from "./redolog"
import { Sector } from "./sector"

/** The end of a chain as we write it; others use any value from `chainEndMin` on. */
export const chainEnd = 0x0fffffff
export const chainEndMin = 0x0ffffff8
/** Fills a sector that was erased and not written since. */
const erased = 0xffffffff
const halfBytes = blockBytes / 2

/** Sectors between two rests. */
const sectorsAtOnce = 16
/** After this long a search for a free cluster makes its caller retry. */
const searchMs = 20000

/** A search for free clusters. */
interface Search {
    /** Where it continues, and how many clusters remain. */
    at: number
    left: number
    /** The first free cluster, and the number found. */
    first: number
    found: number
}

/**
 * The file allocation table, FAT16 or FAT32. Every change goes to both copies, first copy first.
 * Clusters are 2 … clusterEnd - 1; 0 stands for "none".
 */
export class Table extends Geometry {
    readonly sector: Sector
    /** Where the search for a free cluster starts. */
    private hint = 2
    /** Free clusters below `countedTo`; the count is complete once that is past the last. */
    private free = 0
    private countedTo = 2
    /** Free clusters found by the last failed search, if none was freed since. */
    private freeMost = 0x7fffffff
    /** The running or finished search: no cluster was taken or freed since it began. */
    private search: Search | undefined = undefined
    /** The number of clusters found by `countIn`, and the first of them. */
    private found = 0
    private first = 0
    /** True while FSInfo on the card marks the free count as unknown. */
    private unknownStored = false
    /**
     * Long work calls this now and then, with nothing half done: others use the volume meanwhile.
     * Afterwards sectors may hold other blocks, clusters may be taken, directories may have grown.
     */
    rest: () => Promise<void>

    /** @param info the sector shared with the directories, for FSInfo and comparisons */
    constructor(
        device: BlockDevice,
        private readonly ticks: Ticks,
        private readonly info: Sector,
        private readonly redoLog: RedoLog,
        buffer: Buffer,
    ) {
        super()
        this.sector = new Sector(device, buffer)
        this.rest = async () => await ticks.sleep(1)
    }

    /** Reads the geometry, and FSInfo's free count and hint if they are plausible. */
    async mount(device: BlockDevice): Promise<void> {
        const info = this.info
        await this.readGeometry(device, info)
        await this.redoLog.mount(this.logBlock, this.serial, info)
        if (this.infoBlock === 0) return
        await info.loadTorn(this.infoBlock)
        if (!this.isInfo() && !(await this.redoLog.repair(info, this.infoBlock))) {
            this.infoBlock = 0
            return
        }
        const free = info.bytes.getAt(Info.FreeCount, "u32")
        const next = info.bytes.getAt(Info.NextFree, "u32")
        if (this.isCluster(next)) this.hint = next
        this.unknownStored = free > this.clusterEnd - 2
        if (this.unknownStored) return
        this.free = free
        this.countedTo = this.clusterEnd
    }

    /**
     * Writes FSInfo: the known values, or that the count is unknown, which must be on the card
     * before the first change of the table.
     */
    async writeInfo(known: boolean): Promise<void> {
        const free = known ? this.freeClusters() : undefined
        if (this.infoBlock === 0 || (free === undefined && this.unknownStored)) return
        const info = this.info
        await info.load(this.infoBlock)
        info.bytes.setAt(Info.FreeCount, "u32", free === undefined ? 0xffffffff : free)
        // Past the last cluster the search starts over.
        info.bytes.setAt(Info.NextFree, "u32", this.isCluster(this.hint) ? this.hint : 2)
        await this.redoLog.begin(info)
        await info.store()
        this.unknownStored = free === undefined
    }

    /** Free clusters, undefined until counted. */
    freeClusters(): number | undefined {
        return this.countedTo < this.clusterEnd ? undefined : this.free
    }

    /** Continues counting free clusters, over this many table sectors. */
    async countFree(sectors: number): Promise<void> {
        for (; sectors > 0 && this.countedTo < this.clusterEnd; --sectors) {
            this.countedTo = await this.countIn(this.countedTo, this.clusterEnd)
            this.free += this.found
            if (sectors % sectorsAtOnce === 1) await this.rest()
        }
    }

    /**
     * Counts the free clusters from `cluster` on, before `end`, within one table sector; returns
     * where it stopped.
     */
    private async countIn(cluster: number, end: number): Promise<number> {
        await this.load(cluster, true)
        const bytes = this.sector.bytes
        const width = this.fat32 ? 4 : 2
        const start = (cluster >> this.entryShift) << this.entryShift
        let found = 0
        let first = 0
        end = Math.min((end - start) * width, blockBytes)
        // No unnecessary calls: a card has tens of thousands of sectors like this one.
        for (let at = (cluster - start) * width; at < end; at += width)
            if (
                width === 4
                    ? (bytes.getAt(at, "u32") & chainEnd) === 0
                    : bytes.getAt(at, "u16") === 0
            )
                if (++found === 1) first = at
        this.found = found
        this.first = start + first / width
        return start + end / width
    }

    firstBlock(cluster: number): number {
        return this.dataBlock + (cluster - 2) * this.clusterBlocks
    }

    isCluster(value: number): boolean {
        return value >= 2 && value < this.clusterEnd
    }

    /** True for a block of the first of two copies. */
    holds(block: number): boolean {
        return this.fatCount > 1 && block >= this.fatBlock && block < this.fatBlock + this.fatBlocks
    }

    /** The block with this entry in the table's first copy. */
    blockOf(cluster: number): number {
        return this.fatBlock + (cluster >> this.entryShift)
    }

    /** The entry: 0 if free, a cluster, an end from `chainEndMin` on, or nonsense. */
    async entry(cluster: number): Promise<number> {
        await this.load(cluster)
        return this.getEntry(cluster)
    }

    /** Changes an entry in both copies. */
    async markCluster(cluster: number, value: number): Promise<void> {
        await this.load(cluster)
        this.setEntry(cluster, value)
        await this.store()
    }

    /**
     * The cluster after `cluster`, 0 at the chain's end. An impossible entry is looked up in the
     * second copy and repaired from it. Throws Fault VolumeDamaged if both are wrong.
     * @param expected the chain must continue, so an end is impossible
     */
    async next(cluster: number, expected: boolean): Promise<number> {
        if (this.isCluster(cluster)) {
            let value = await this.entry(cluster)
            if (!this.fits(value, expected) && this.fatCount > 1) {
                const sector = this.sector
                const block = sector.block
                await sector.load(block + this.fatBlocks)
                value = this.getEntry(cluster)
                if (this.fits(value, expected)) await sector.store(block)
            }
            if (this.fits(value, expected)) return this.isCluster(value) ? value : 0
        }
        const text =
            "the file system is damaged: repair it on a PC, or save its files and card format"
        throw new Fault(FaultCode.VolumeDamaged, text, cluster)
    }

    /** Like `seekFree`, and prepares FSInfo for taking the cluster. */
    async findFree(spare = 0): Promise<number> {
        const cluster = await this.seekFree(spare)
        await this.writeInfo(false)
        return cluster
    }

    /**
     * Finds a free cluster from the hint on, without taking it. Throws Fault VolumeFull, and
     * VolumeSearching after a while; the next call then continues.
     * @param spare this many more must be free, for files that matter more
     */
    async seekFree(spare: number): Promise<number> {
        const { clusterEnd, ticks } = this
        const untilMs = ticks.nowMs() + searchMs
        for (let sectors = 1; spare < this.freeMost; ++sectors) {
            if (this.search === undefined)
                this.search = { at: this.hint, left: clusterEnd - 2, first: 0, found: 0 }
            const search = this.search
            if (search.found > spare) {
                const { first } = search
                this.hint = first
                // A recovery takes clusters without a search.
                if ((await this.entry(first)) === 0) return first
                this.search = undefined
                continue
            }
            if (search.left === 0) {
                this.free = this.freeMost = search.found
                this.countedTo = clusterEnd
                break
            }
            if (search.at >= clusterEnd) search.at = 2
            const from = search.at
            search.at = await this.countIn(from, Math.min(clusterEnd, from + search.left))
            search.left -= search.at - from
            if (search.found === 0) {
                search.first = this.first
                if (this.found === 0) this.hint = search.at
            }
            search.found += this.found
            if (sectors % sectorsAtOnce !== 0) continue
            if (ticks.nowMs() > untilMs)
                throw new Fault(
                    FaultCode.VolumeSearching,
                    "looking for free space on the card: this may take minutes",
                    search.left,
                )
            await this.rest()
        }
        throw new Fault(FaultCode.VolumeFull, "the SD card is full: delete files or use another", 0)
    }

    /**
     * Links the free cluster `fresh` after `last` (0: it begins a chain). The link is written
     * before the new end, so that after a power cut between the two the file still leads to the
     * cluster.
     */
    async extend(last: number, fresh: number): Promise<void> {
        if (last !== 0) {
            await this.load(last)
            this.setEntry(last, fresh)
            if (this.blockOf(last) !== this.blockOf(fresh)) await this.store()
        }
        await this.markCluster(fresh, chainEnd)
        this.hint = fresh + 1
        this.adjustFree(fresh, -1)
    }

    /**
     * Frees a chain from `cluster` on, one table sector at a time. FSInfo must already mark the
     * free count as unknown.
     */
    async release(cluster: number): Promise<void> {
        const { clusterEnd, countedTo, entryShift } = this
        this.search = undefined
        this.freeMost = 0x7fffffff
        while (this.isCluster(cluster)) {
            await this.load(cluster)
            const index = cluster >> entryShift
            // No unnecessary calls: a log has hundreds of clusters.
            while (cluster > 1 && cluster < clusterEnd && cluster >> entryShift === index) {
                const next = this.getEntry(cluster)
                if (next !== 0 && cluster < countedTo) this.free++
                this.setEntry(cluster, 0)
                cluster = next
            }
            if (!this.isCluster(cluster)) cluster = 0
            await this.redoLog.begin(this.sector, true, releaseChain, cluster)
            await this.store()
        }
        await this.redoLog.done()
    }

    /** Frees a chain's clusters after `last`. */
    async truncate(last: number): Promise<void> {
        await this.writeInfo(false)
        await this.load(last)
        const next = this.getEntry(last)
        this.setEntry(last, chainEnd)
        await this.redoLog.begin(this.sector, true, releaseChain, next)
        await this.store()
        await this.release(next)
    }

    /** Makes both copies of this entry's sector equal, after a power cut between the two writes. */
    async settle(cluster: number): Promise<void> {
        await this.settleBlock(this.blockOf(cluster))
    }

    /** The same for a block of the first copy; ignores others. */
    async settleBlock(block: number): Promise<void> {
        if (!this.holds(block)) return
        await this.load((block - this.fatBlock) << this.entryShift)
        const { sector, info } = this
        // Table changes bypass this sector, so it may be stale.
        info.block = -1
        await info.loadTorn(block + this.fatBlocks)
        let at = 0
        while (at < blockBytes && sector.bytes.getAt(at, "u32") === info.bytes.getAt(at, "u32"))
            at += 4
        if (at >= blockBytes) return
        // A torn copy has more faults; otherwise the first copy is newer. Without a redo log the
        // first can have faults of its own, and clusters that it freed stay free.
        const safe = this.redoLog.block !== 0
        let own = this.faults(sector.bytes, safe ? info.bytes : sector.bytes) - (safe ? 0 : 2)
        // A half of only zeros is torn, not freed, if the other copy has entries there: freeing
        // goes through the redo log. A single entry may be the change itself.
        for (let half = 0; half < 2; ++half) {
            const from = half * halfBytes
            if (safe && filling(sector.bytes, from) === 0 && this.used(info.bytes, half) > 0)
                own = blockBytes
            else if (
                own < blockBytes &&
                filling(info.bytes, from) === 0 &&
                filling(sector.bytes, halfBytes - from) !== erased &&
                this.used(sector.bytes, half) > 1
            )
                own = -blockBytes
        }
        // Writes only the wrong copy: another power cut must not find both torn.
        if (this.faults(info.bytes, info.bytes) < own) {
            sector.bytes.blitAt(0, info.bytes, 0, blockBytes)
            await sector.store()
        } else {
            await sector.store(block + this.fatBlocks)
            sector.block = block
        }
    }

    private adjustFree(cluster: number, by: number): void {
        this.search = undefined
        if (cluster < this.countedTo) this.free += by
        if (this.free >= 0) return
        // FSInfo's count was wrong: count again.
        this.free = 0
        this.countedTo = 2
    }

    private async load(cluster: number, unchecked?: boolean): Promise<void> {
        const block = this.blockOf(cluster)
        try {
            await this.sector.load(block, unchecked)
        } catch (thrown) {
            // Restores an unreadable first copy from the second.
            if (this.fatCount === 1) throw thrown
            await this.sector.load(block + this.fatBlocks)
            await this.sector.store(block)
        }
    }

    private fits(value: number, expected: boolean): boolean {
        return this.isCluster(value) || (!expected && value >= chainEndMin)
    }

    private async store(): Promise<void> {
        const sector = this.sector
        const block = sector.block
        await sector.store()
        if (this.fatCount === 1) return
        await sector.store(block + this.fatBlocks)
        sector.block = block
    }

    /**
     * Counts a sector's entries that lead nowhere, and those that are free where the other copy
     * continues.
     */
    private faults(bytes: Buffer, other: Buffer): number {
        let faults = 0
        for (let i = 0; i >> this.entryShift === 0; ++i) {
            const value = this.getEntry(i, bytes)
            if (value !== 0 ? !this.isCluster(value) : this.isCluster(this.getEntry(i, other)))
                faults++
        }
        return faults
    }

    /**
     * Counts the used entries in half a sector; 0 if one is impossible, except the two marks at the
     * start of the table.
     */
    private used(bytes: Buffer, half: number): number {
        const word = filling(bytes, half * halfBytes)
        if (word === 0 || word === erased) return 0
        const count = 1 << (this.entryShift - 1)
        let used = 0
        for (let i = half * count; i < (half + 1) * count; ++i) {
            const value = this.getEntry(i, bytes)
            if (value === 0) continue
            if (i > 1 && !this.fits(value, false)) return 0
            used++
        }
        return used
    }

    private isInfo(): boolean {
        const bytes = this.info.bytes
        const signatures = bytes.getAt(Info.Signature1, "u32") ^ bytes.getAt(Info.Signature2, "u32")
        return signatures === infoSignatures
    }

    private getEntry(cluster: number, bytes = this.sector.bytes): number {
        if (this.fat32) return bytes.getAt((cluster & 127) * 4, "u32") & chainEnd
        const value = bytes.getAt((cluster & 255) * 2, "u16")
        // The marks from 0xfff7 up are FAT32's without their upper half.
        return value < 0xfff7 ? value : value + 0x0fff0000
    }

    private setEntry(cluster: number, value: number): void {
        const bytes = this.sector.bytes
        if (this.fat32) {
            // Bits 28–30 are not ours; bit 31, reserved like them, is left zero.
            const at = (cluster & 127) * 4
            bytes.setAt(at, "u32", value | ((bytes[at + 3] << 24) & 0x70000000))
        } else {
            bytes.setAt((cluster & 255) * 2, "u16", value & 0xffff)
        }
    }
}

/** The word that fills half a sector, -1 if there is none. */
function filling(bytes: Buffer, from: number): number {
    const word = bytes.getAt(from, "u32")
    for (let at = from + 4; at < from + halfBytes; at += 4)
        if (bytes.getAt(at, "u32") !== word) return -1
    return word
}
