import { Fault, FaultCode } from "../core/fault"
import { BlockDevice, Ticks } from "../core/seams"
import { Geometry } from "./geometry"
import { Info } from "./ondisk"
import { Sector } from "./sector"

const endOfChain = 0x0fffffff

/**
 * The file allocation table, FAT16 and FAT32 alike. Every change goes to both copies, first copy
 * first. A cluster is 2 … clusterCount + 1; 0 stands for "none".
 */
export class Table {
    private readonly sector: Sector
    private readonly perSector: number
    /** Where the search for a free cluster goes on. */
    private hint = 2
    /** Free clusters below `countedTo`; the count is complete when that is past the last. */
    private free = 0
    private countedTo = 2
    /** True while FSInfo on the card says that the free count is unknown. */
    private unknownStored = false

    constructor(
        device: BlockDevice,
        private readonly ticks: Ticks,
        private readonly geometry: Geometry,
        buffer: Buffer,
    ) {
        this.sector = new Sector(device, buffer)
        this.perSector = geometry.fat32 ? 128 : 256
    }

    /** Takes over the free count and the hint of FSInfo, as far as they can be true. */
    async readInfo(info: Sector): Promise<void> {
        const block = this.geometry.infoBlock
        if (block === 0) return
        await info.load(block)
        if (!isInfo(info.bytes)) {
            this.geometry.infoBlock = 0
            return
        }
        const free = info.bytes.getAt(Info.FreeCount, "u32")
        const next = info.bytes.getAt(Info.NextFree, "u32")
        if (free <= this.geometry.clusterCount) {
            this.free = free
            this.countedTo = this.geometry.clusterCount + 2
        } else {
            this.unknownStored = true
        }
        if (this.isCluster(next)) this.hint = next
    }

    /**
     * Writes FSInfo: what is known, or that the count is unknown, which has to be on the card before
     * the first change of the table.
     */
    async writeInfo(info: Sector, known: boolean): Promise<void> {
        const count = known ? this.freeClusters() : undefined
        if (this.geometry.infoBlock === 0 || (count === undefined && this.unknownStored)) return
        await info.load(this.geometry.infoBlock)
        info.bytes.setAt(Info.FreeCount, "u32", count === undefined ? 0xffffffff : count)
        info.bytes.setAt(Info.NextFree, "u32", this.hint)
        await info.store()
        this.unknownStored = count === undefined
    }

    /** Free clusters, undefined until they were counted. */
    freeClusters(): number | undefined {
        return this.countedTo < this.geometry.clusterCount + 2 ? undefined : this.free
    }

    /** Goes on counting the free clusters over so many sectors of the table. */
    async countFree(sectors: number): Promise<void> {
        const end = this.geometry.clusterCount + 2
        for (; sectors > 0 && this.countedTo < end; --sectors) {
            let cluster = this.countedTo
            await this.load(cluster)
            while (cluster < end && this.sameSector(cluster, this.countedTo)) {
                if (this.get(cluster) === 0) this.free++
                cluster++
            }
            this.countedTo = cluster
            if ((sectors & 15) === 0) await this.ticks.sleep(1)
        }
    }

    firstBlock(cluster: number): number {
        return this.geometry.dataBlock + (cluster - 2) * this.geometry.clusterBlocks
    }

    isCluster(value: number): boolean {
        return value >= 2 && value < this.geometry.clusterCount + 2
    }

    sameSector(a: number, b: number): boolean {
        return Math.floor(a / this.perSector) === Math.floor(b / this.perSector)
    }

    /** The raw entry: 0 free, a cluster, or anything else. */
    async entry(cluster: number): Promise<number> {
        await this.load(cluster)
        return this.get(cluster)
    }

    /**
     * The cluster after `cluster`, 0 at the chain's end. An entry that cannot be true is looked up
     * in the second copy and repaired from it. Throws Fault VolumeDamaged when both are wrong.
     * @param expected more has to follow, so that an end cannot be true
     */
    async next(cluster: number, expected: boolean): Promise<number> {
        if (!this.isCluster(cluster)) throw damaged(cluster)
        let value = await this.entry(cluster)
        if (!this.isLink(value, expected) && this.geometry.fatCount > 1) {
            const first = this.sector.block
            await this.sector.load(first + this.geometry.fatBlocks)
            value = this.get(cluster)
            if (this.isLink(value, expected)) {
                this.sector.block = first
                await this.sector.store()
            } else {
                await this.sector.load(first)
            }
        }
        if (!this.isLink(value, expected)) throw damaged(cluster)
        return this.isCluster(value) ? value : 0
    }

    /** A free cluster, not yet taken: the first from the hint on. Throws Fault VolumeFull. */
    async findFree(): Promise<number> {
        const count = this.geometry.clusterCount
        let cluster = this.hint
        for (let looked = 0; looked < count && this.freeClusters() !== 0; ++looked) {
            if (cluster >= count + 2) cluster = 2
            if ((await this.entry(cluster)) === 0) {
                this.hint = cluster
                return cluster
            }
            cluster++
            if ((looked & 1023) === 1023) await this.ticks.sleep(1)
        }
        this.free = 0
        this.countedTo = count + 2
        throw new Fault(FaultCode.VolumeFull, "the SD card is full: delete files or use another", 0)
    }

    /**
     * Hangs the free cluster `fresh` behind `last` (0: it begins a chain). The link is written before
     * the new end, so that a power cut between the two leaves something that the file leads to.
     */
    async extend(last: number, fresh: number): Promise<void> {
        if (last !== 0) {
            await this.load(last)
            this.set(last, fresh)
            if (!this.sameSector(last, fresh)) await this.store()
        }
        await this.load(fresh)
        this.set(fresh, endOfChain)
        await this.store()
        this.hint = fresh + 1
        this.adjustFree(fresh, -1)
    }

    /** Makes `last` the end of its chain; what followed is left alone. */
    async terminate(last: number): Promise<void> {
        await this.load(last)
        this.set(last, endOfChain)
        await this.store()
    }

    /** Frees a chain from `cluster` on, at most `count` clusters, a table sector at a time. */
    async release(cluster: number, count: number): Promise<void> {
        while (this.isCluster(cluster) && count > 0) {
            await this.load(cluster)
            let next = cluster
            while (this.isCluster(next) && this.sameSector(next, cluster) && count > 0) {
                const following = this.get(next)
                this.set(next, 0)
                if (following !== 0) this.adjustFree(next, 1)
                next = following
                count--
            }
            await this.store()
            cluster = next
        }
    }

    /** Writes the sector with this entry to both copies again, so that they are equal. */
    async settle(cluster: number): Promise<void> {
        await this.load(cluster)
        await this.store()
    }

    /** True when both copies hold the same in the sector with this entry. */
    async settled(cluster: number, other: Sector): Promise<boolean> {
        if (this.geometry.fatCount < 2) return true
        await this.load(cluster)
        await other.load(this.sector.block + this.geometry.fatBlocks)
        for (let at = 0; at < 512; at += 4)
            if (this.sector.bytes.getAt(at, "u32") !== other.bytes.getAt(at, "u32")) return false
        return true
    }

    private adjustFree(cluster: number, by: number): void {
        if (cluster < this.countedTo) this.free += by
    }

    private isLink(value: number, expected: boolean): boolean {
        return this.isCluster(value) || (!expected && value >= 0x0ffffff8)
    }

    private async load(cluster: number): Promise<void> {
        const block = this.geometry.fatBlock + Math.floor(cluster / this.perSector)
        if (this.sector.block === block) return
        try {
            await this.sector.load(block)
        } catch (thrown) {
            // A first copy that cannot be read is made new from the second.
            if (this.geometry.fatCount < 2) throw thrown
            await this.sector.load(block + this.geometry.fatBlocks)
            this.sector.block = block
            await this.sector.store()
        }
    }

    private async store(): Promise<void> {
        const first = this.sector.block
        await this.sector.store()
        if (this.geometry.fatCount > 1) await this.sector.store(first + this.geometry.fatBlocks)
    }

    private get(cluster: number): number {
        const index = cluster % this.perSector
        if (this.geometry.fat32) return this.sector.bytes.getAt(index * 4, "u32") & endOfChain
        const value = this.sector.bytes.getAt(index * 2, "u16")
        // The marks from 0xfff7 up are those of FAT32 without their upper half.
        return value < 0xfff7 ? value : value + 0x0fff0000
    }

    private set(cluster: number, value: number): void {
        const index = cluster % this.perSector
        const bytes = this.sector.bytes
        if (this.geometry.fat32) {
            // The four uppermost bits are not ours.
            const upper = bytes[index * 4 + 3] & 0xf0
            bytes.setAt(index * 4, "u32", value)
            bytes[index * 4 + 3] = bytes[index * 4 + 3] | upper
        } else {
            bytes.setAt(index * 2, "u16", value & 0xffff)
        }
    }
}

function isInfo(bytes: Buffer): boolean {
    return (
        bytes.getAt(Info.Signature1, "u32") === 0x41615252 &&
        bytes.getAt(Info.Signature2, "u32") === 0x61417272
    )
}

function damaged(cluster: number): Fault {
    const text = "the file system is damaged: repair it on a PC, or save its files and card format"
    return new Fault(FaultCode.VolumeDamaged, text, cluster)
}
