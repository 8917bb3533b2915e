import { Fault, FaultCode } from "../core/fault"
import { BlockDevice, Ticks } from "../core/seams"
import { Geometry } from "./geometry"
import { blockBytes, Info, infoSignatures } from "./ondisk"
import { RedoLog, releaseChain } from "./redolog"
import { Sector } from "./sector"

/** The end of a chain, as we write it; from `chainEndMin` on others do. */
export const chainEnd = 0x0fffffff
export const chainEndMin = 0x0ffffff8
/** What fills a sector that was erased, and not written any more. */
const erased = 0xffffffff
const halfBytes = blockBytes / 2

/** Sectors after which others have their turn. */
const sectorsAtOnce = 16
/** Who looks for a free cluster is told to come again after so long. */
const searchMs = 20000

/** A search for free clusters. */
interface Search {
    /** Where it goes on, and how many clusters it has not looked at. */
    at: number
    left: number
    /** The first free cluster, and how many there are. */
    first: number
    found: number
}

/**
 * The file allocation table, FAT16 and FAT32 alike. Every change goes to both copies, first copy
 * first. A cluster is 2 … clusterEnd - 1; 0 stands for "none".
 */
export class Table extends Geometry {
    readonly sector: Sector
    /** Where the search for a free cluster goes on. */
    private hint = 2
    /** Free clusters below `countedTo`; the count is complete when that is past the last. */
    private free = 0
    private countedTo = 2
    /** Free clusters that the last search in vain found; nothing was freed since. */
    private freeMost = 0x7fffffff
    /** The search under way or done: nothing was taken or freed since it began. */
    private search: Search | undefined = undefined
    /** What `countIn` has found, and the first of these clusters. */
    private found = 0
    private first = 0
    /** True while FSInfo on the card says that the free count is unknown. */
    private unknownStored = false
    /**
     * To be called now and then by what may take long, where nothing is half done: others work with
     * the volume meanwhile. Sectors may be others then, clusters be taken, directories have grown.
     */
    rest: () => Promise<void>

    /** @param info the sector that is shared with the directories, for FSInfo and comparisons */
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

    /** Reads the geometry, and the free count and the hint of FSInfo as far as they can be true. */
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
     * Writes FSInfo: what is known, or that the count is unknown, which has to be on the card
     * before the first change of the table.
     */
    async writeInfo(known: boolean): Promise<void> {
        const free = known ? this.freeClusters() : undefined
        if (this.infoBlock === 0 || (free === undefined && this.unknownStored)) return
        const info = this.info
        await info.load(this.infoBlock)
        info.bytes.setAt(Info.FreeCount, "u32", free === undefined ? 0xffffffff : free)
        // Behind the last cluster the search begins again.
        info.bytes.setAt(Info.NextFree, "u32", this.isCluster(this.hint) ? this.hint : 2)
        await this.redoLog.begin(info)
        await info.store()
        this.unknownStored = free === undefined
    }

    /** Free clusters, undefined until they were counted. */
    freeClusters(): number | undefined {
        return this.countedTo < this.clusterEnd ? undefined : this.free
    }

    /** Goes on counting the free clusters over so many sectors of the table. */
    async countFree(sectors: number): Promise<void> {
        for (; sectors > 0 && this.countedTo < this.clusterEnd; --sectors) {
            this.countedTo = await this.countIn(this.countedTo, this.clusterEnd)
            this.free += this.found
            if (sectors % sectorsAtOnce === 1) await this.rest()
        }
    }

    /**
     * Counts the free clusters from one on, before `end`, in one sector of the table; returns where
     * it ended.
     */
    private async countIn(cluster: number, end: number): Promise<number> {
        await this.load(cluster, true)
        const bytes = this.sector.bytes
        const width = this.fat32 ? 4 : 2
        const start = (cluster >> this.entryShift) << this.entryShift
        let found = 0
        let first = 0
        end = Math.min((end - start) * width, blockBytes)
        // No call that is not needed: a card has tens of thousands of sectors like this one.
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

    /** The block of the table's first copy that holds an entry. */
    blockOf(cluster: number): number {
        return this.fatBlock + (cluster >> this.entryShift)
    }

    /** The entry: 0 free, a cluster, from `chainEndMin` on an end, or nonsense. */
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
     * The cluster after `cluster`, 0 at the chain's end. An entry that cannot be true is looked up
     * in the second copy and repaired from it. Throws Fault VolumeDamaged when both are wrong.
     * @param expected more has to follow, so that an end cannot be true
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

    /** The same as `seekFree`, and FSInfo is ready for it to be taken. */
    async findFree(spare = 0): Promise<number> {
        const cluster = await this.seekFree(spare)
        await this.writeInfo(false)
        return cluster
    }

    /**
     * A free cluster, not yet taken: the first from the hint on. Throws Fault VolumeFull, and
     * VolumeSearching after a while; the next call goes on then.
     * @param spare so many more have to be free, for files that matter more
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
     * Hangs the free cluster `fresh` behind `last` (0: it begins a chain). The link is written
     * before the new end, so that a power cut between the two leaves something that the file leads
     * to.
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
     * Frees a chain from `cluster` on, a sector of the table at a time, until it leads to none.
     * FSInfo has to say already that the free count is unknown.
     */
    async release(cluster: number): Promise<void> {
        const { clusterEnd, countedTo, entryShift } = this
        this.search = undefined
        this.freeMost = 0x7fffffff
        while (this.isCluster(cluster)) {
            await this.load(cluster)
            const index = cluster >> entryShift
            // No call that is not needed: a log has hundreds of clusters.
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

    /** Frees what is behind the cluster `last` of a chain. */
    async truncate(last: number): Promise<void> {
        await this.writeInfo(false)
        await this.load(last)
        const next = this.getEntry(last)
        this.setEntry(last, chainEnd)
        await this.redoLog.begin(this.sector, true, releaseChain, next)
        await this.store()
        await this.release(next)
    }

    /**
     * Makes both copies of the sector with this entry the same, where a power cut came between the
     * two.
     */
    async settle(cluster: number): Promise<void> {
        await this.settleBlock(this.blockOf(cluster))
    }

    /** The same for a block of the first copy; others are passed over. */
    async settleBlock(block: number): Promise<void> {
        if (!this.holds(block)) return
        await this.load((block - this.fatBlock) << this.entryShift)
        const { sector, info } = this
        // Changes of the table go past what it holds.
        info.block = -1
        await info.loadTorn(block + this.fatBlocks)
        let at = 0
        while (at < blockBytes && sector.bytes.getAt(at, "u32") === info.bytes.getAt(at, "u32"))
            at += 4
        if (at >= blockBytes) return
        // What was torn has more faults; else the first copy is the newer one. Without a redo log
        // that can have faults of its own, and what it has freed stays free.
        const safe = this.redoLog.block !== 0
        let own = this.faults(sector.bytes, safe ? info.bytes : sector.bytes) - (safe ? 0 : 2)
        // Where one has zeros only, the other was not freed by it: that goes through the redo log.
        // A single entry may be the change itself.
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
        // Only the copy that is wrong is written: another power cut must not find both torn.
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
        // The count of FSInfo was wrong: it is counted anew.
        this.free = 0
        this.countedTo = 2
    }

    private async load(cluster: number, unchecked?: boolean): Promise<void> {
        const block = this.blockOf(cluster)
        try {
            await this.sector.load(block, unchecked)
        } catch (thrown) {
            // A first copy that cannot be read is made new from the second.
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
     * Entries of a sector that lead nowhere, and those that are free where the other copy leads on.
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
     * The entries in use in half a sector; 0 where one cannot be true, but for the two marks that a
     * table begins with.
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
        // The marks from 0xfff7 up are those of FAT32 without their upper half.
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

/** The word that fills half a sector, -1 for none. */
function filling(bytes: Buffer, from: number): number {
    const word = bytes.getAt(from, "u32")
    for (let at = from + 4; at < from + halfBytes; at += 4)
        if (bytes.getAt(at, "u32") !== word) return -1
    return word
}
