import { Fault, FaultCode } from "../core/fault"
import { BlockDevice } from "../core/seams"
import { blockBytes, Boot, Guid, Mbr } from "./ondisk"
import { redoBlocks } from "./redolog"
import { Sector } from "./sector"

/** Layout of a FAT16 or FAT32 volume; blocks count from the start of the card. */
export class Geometry {
    fat32: boolean
    fatCount: number
    fatBlocks: number
    fatBlock: number
    /** A sector of the table has 2^entryShift entries. */
    entryShift: number
    /** FSInfo, 0 for none. */
    infoBlock: number
    clusterBlocks: number
    /** Clusters are numbered 2 … clusterEnd - 1. */
    clusterEnd: number
    dataBlock: number
    /** FAT16: blocks of the root directory before the data. FAT32: 0. */
    rootBlocks: number
    /** FAT32: first cluster of the root directory. FAT16: 0. */
    rootCluster: number
    /** The volume's serial number. */
    serial: number
    /** The last reserved blocks, for the redo log; 0 if there are too few. */
    logBlock: number

    /**
     * Reads the layout from the first FAT partition of the master boot record, from the first data
     * partition of a GUID partition table, or from the volume on a card without partitions. Throws
     * Fault VolumeUnformatted, VolumeUnsupported, VolumeDamaged.
     */
    async readGeometry(device: BlockDevice, sector: Sector): Promise<void> {
        const boot = sector.bytes
        const blocks = device.blockCount()
        let failure: any
        for (let i = 0; i < 5; ++i) {
            await sector.load(0)
            let first = 0
            // Partitions take precedence over a boot sector left in sector 0, which PCs ignore.
            if (i < 4) {
                const at = Mbr.Partitions + i * Mbr.PartitionBytes
                first = boot.getAt(at + Mbr.FirstBlock, "u32")
                const odd = (boot[at] & 0x7f) | (boot.getAt(Mbr.Signature, "u16") ^ 0xaa55)
                if (odd !== 0 || first === 0 || first >= blocks) continue
                await sector.load(first)
                if (boot.getAt(0, "u32") === Guid.Signature) {
                    const entries = boot.getAt(Guid.Entries, "u32")
                    if (entries < blocks) await sector.load(entries)
                    for (let at = blockBytes - Guid.EntryBytes; at >= 0; at -= Guid.EntryBytes)
                        if (boot.getAt(at, "u32") === Guid.BasicData)
                            first = boot.getAt(at + Guid.FirstBlock, "u32")
                    if (first < blocks) await sector.load(first)
                }
            } else if (failure !== undefined) break
            try {
                if (this.parse(boot, first, blocks)) return
            } catch (thrown) {
                // A later partition may be usable.
                failure = thrown
            }
        }
        const text = "no FAT file system on the card: format as FAT32 (card format)"
        throw failure || new Fault(FaultCode.VolumeUnformatted, text, 0)
    }

    /** False if this is no FAT boot sector; throws a Fault if it is an unusable one. */
    private parse(boot: Buffer, first: number, deviceBlocks: number): boolean {
        const name = boot.getAt(Boot.SystemName, "u16")
        if (name === 0x5845) throw unsupported("exFAT")
        if (name === 0x544e) throw unsupported("NTFS")
        const clusterBlocks = boot[Boot.ClusterBlocks]
        const reserved = boot.getAt(Boot.ReservedBlocks, "u16")
        const fatCount = boot[Boot.FatCount]
        const odd =
            (boot.getAt(Mbr.Signature, "u16") ^ 0xaa55) |
            (boot.getAt(Boot.BlockBytes, "u16") ^ blockBytes) |
            (clusterBlocks & (clusterBlocks - 1))
        if (odd !== 0 || clusterBlocks * reserved * fatCount === 0 || fatCount > 2) return false
        this.fatCount = fatCount
        this.infoBlock = 0
        this.rootCluster = 0
        const blocks =
            first + (boot.getAt(Boot.Blocks16, "u16") || boot.getAt(Boot.Blocks32, "u32"))
        let fatBlocks = boot.getAt(Boot.FatBlocks16, "u16")
        this.fat32 = fatBlocks === 0
        this.entryShift = 8
        if (this.fat32) {
            this.entryShift = 7
            fatBlocks = boot.getAt(Boot.FatBlocks32, "u32")
            this.rootCluster = boot.getAt(Boot.RootCluster, "u32")
            const info = boot.getAt(Boot.InfoBlock, "u16")
            if (info < reserved) this.infoBlock = first + info
        }
        this.serial = boot.getAt(Boot.Serial16 + (this.fat32 ? Boot.SerialShift32 : 0), "u32")
        // Boot code takes up to 13 reserved sectors.
        this.logBlock = reserved < 13 + redoBlocks ? 0 : first + reserved - redoBlocks
        this.clusterBlocks = clusterBlocks
        this.fatBlock = first + reserved
        this.rootBlocks = (boot.getAt(Boot.RootEntries, "u16") + 15) >> 4
        this.fatBlocks = fatBlocks
        this.dataBlock = this.fatBlock + fatCount * fatBlocks + this.rootBlocks
        let active = 0
        if (this.fat32 && (boot[Boot.Flags32] & 0x80) !== 0) {
            // Without mirroring only one copy counts, the other is outdated [3.3].
            active = boot[Boot.Flags32] & 0x0f
            this.fatCount = 1
            this.fatBlock += active * fatBlocks
        }
        const count = Math.floor((blocks - this.dataBlock) / clusterBlocks)
        this.clusterEnd = count + 2
        // Below 4085 clusters it is FAT12 [3.5]. Small FAT32 volumes exist, despite the standard.
        if ((!this.fat32 && count < 4085) || active >= fatCount)
            throw unsupported("FAT12 or an odd FAT")
        if (blocks > deviceBlocks || fatBlocks << this.entryShift < this.clusterEnd) {
            const text = "the file system is larger than its card: save its files, then card format"
            throw new Fault(FaultCode.VolumeDamaged, text, 0)
        }
        return true
    }
}

function unsupported(what: string): Fault {
    const text = `the card has ${what}: format as FAT32 (card format)`
    return new Fault(FaultCode.VolumeUnsupported, text, 0)
}
