import { Fault, FaultCode } from "../core/fault"
import { BlockDevice } from "../core/seams"
import { blockBytes, Boot, Mbr } from "./ondisk"
import { Sector } from "./sector"

/** Where the parts of a FAT16 or FAT32 volume lie; blocks count from the start of the card. */
export class Geometry {
    fat32 = false
    fatCount = 0
    fatBlocks = 0
    fatBlock = 0
    /** FSInfo, 0 for none. */
    infoBlock = 0
    clusterBlocks = 0
    clusterBytes = 0
    /** Clusters are numbered 2 … clusterCount + 1. */
    clusterCount = 0
    dataBlock = 0
    /** FAT16: blocks of the root directory before the data. FAT32: 0. */
    rootBlocks = 0
    /** FAT32: first cluster of the root directory. FAT16: 0. */
    rootCluster = 0

    /** Reads it from the volume on a card, or in the first FAT partition of its master boot record. */
    static async read(device: BlockDevice, sector: Sector): Promise<Geometry> {
        await sector.load(0)
        const boot = sector.bytes
        const geometry = new Geometry()
        if (geometry.parse(boot, 0, device.blockCount())) return geometry
        checkSystem(boot)
        if (boot.getAt(Mbr.Signature, "u16") === 0xaa55) {
            for (let i = 0; i < 4; ++i) {
                await sector.load(0)
                const at = Mbr.Partitions + i * Mbr.PartitionBytes
                const first = boot.getAt(at + Mbr.FirstBlock, "u32")
                if (boot[at + Mbr.Type] === 0 || first === 0 || first >= device.blockCount()) continue
                await sector.load(first)
                if (geometry.parse(boot, first, device.blockCount())) return geometry
                checkSystem(boot)
            }
        }
        const text = "no FAT file system on the card: format as FAT32 (card format)"
        throw new Fault(FaultCode.VolumeUnformatted, text, 0)
    }

    /** False when this is no FAT boot sector; a Fault when it is one that cannot be used. */
    private parse(boot: Buffer, first: number, deviceBlocks: number): boolean {
        const clusterBlocks = boot[Boot.ClusterBlocks]
        const reserved = boot.getAt(Boot.ReservedBlocks, "u16")
        const rootEntries = boot.getAt(Boot.RootEntries, "u16")
        this.fatCount = boot[Boot.FatCount]
        if (boot.getAt(Mbr.Signature, "u16") !== 0xaa55) return false
        if ((boot[0] !== 0xeb && boot[0] !== 0xe9) || reserved === 0) return false
        if (boot.getAt(Boot.BlockBytes, "u16") !== blockBytes) return false
        if (clusterBlocks === 0 || (clusterBlocks & (clusterBlocks - 1)) !== 0) return false
        if (this.fatCount === 0 || this.fatCount > 2) return false
        let blocks = boot.getAt(Boot.Blocks16, "u16")
        if (blocks === 0) blocks = boot.getAt(Boot.Blocks32, "u32")
        this.fatBlocks = boot.getAt(Boot.FatBlocks16, "u16")
        if (this.fatBlocks === 0) this.fatBlocks = boot.getAt(Boot.FatBlocks32, "u32")
        this.clusterBlocks = clusterBlocks
        this.clusterBytes = clusterBlocks * blockBytes
        this.fatBlock = first + reserved
        this.rootBlocks = (rootEntries + 15) >> 4
        this.dataBlock = this.fatBlock + this.fatCount * this.fatBlocks + this.rootBlocks
        this.clusterCount = Math.floor((first + blocks - this.dataBlock) / clusterBlocks)
        this.fat32 = rootEntries === 0
        if (this.fat32) {
            this.rootCluster = boot.getAt(Boot.RootCluster, "u32")
            const info = boot.getAt(Boot.InfoBlock, "u16")
            this.infoBlock = info > 0 && info < reserved ? first + info : 0
        }
        this.check(first + blocks > deviceBlocks)
        return true
    }

    private check(tooLarge: boolean): void {
        // Below 4085 clusters it is FAT12 [3.5]. Small FAT32 volumes exist, whatever the standard says.
        const count = this.clusterCount
        if (count < 1 || (!this.fat32 && (count < 4085 || count > 65524)))
            throw unsupported("FAT12 or an odd FAT")
        const entries = this.fatBlocks * (this.fat32 ? 128 : 256)
        if (tooLarge || entries < this.clusterCount + 2) {
            const text = "the file system is larger than its card: save its files, then card format"
            throw new Fault(FaultCode.VolumeDamaged, text, 0)
        }
    }
}

function unsupported(what: string): Fault {
    const text = `the card has ${what}: format as FAT32 (card format)`
    return new Fault(FaultCode.VolumeUnsupported, text, 0)
}

function checkSystem(boot: Buffer): void {
    const name = boot[Boot.SystemName] + boot[Boot.SystemName + 1] * 256
    if (name === 0x5845) throw unsupported("exFAT")
    if (name === 0x544e) throw unsupported("NTFS")
}
