import { Fault, FaultCode } from "../core/fault"
import { BlockDevice } from "../core/seams"
import { Attribute, blockBytes, Boot, Entry, firstStamp, Info, Mbr } from "./ondisk"

/** Cards from this size on (512 MiB) get FAT32, smaller ones FAT16. */
const fat32BlocksMin = 1048576
/** FAT32 cards from this size on (8 GiB) get clusters of 32 KiB, smaller ones of 4 KiB. */
const largeBlocksMin = 16777216

/**
 * Creates an empty FAT16 or FAT32 volume without a partition table, as most readers expect. The
 * boot sector is destroyed first and written last: an aborted format leaves an unformatted card.
 * @param label 11 upper-case characters, padded with spaces
 * @param progress called now and then with the percentage done
 * @param block a sector-sized work buffer
 */
export async function formatVolume(
    device: BlockDevice,
    label: string,
    progress?: (percent: number) => Promise<void>,
    block = Buffer.alloc(blockBytes),
): Promise<void> {
    const blocks = device.blockCount()
    const fat32 = blocks >= fat32BlocksMin
    let clusterBlocks = fat32 && blocks < largeBlocksMin ? 8 : 64
    // FAT16: the largest cluster up to 32 KiB that leaves enough clusters.
    while (!fat32 && clusterBlocks > 1 && blocks / clusterBlocks < 16384) clusterBlocks >>= 1
    const clusters = Math.floor(blocks / clusterBlocks)
    if (clusters < 4200)
        throw new Fault(FaultCode.VolumeUnsupported, "the card is too small: use another", 0)
    // Slightly more table than the data needs.
    const fatBlocks = Math.ceil((clusters + 2) / (fat32 ? 128 : 256))
    // The root directory is one cluster on FAT32 and 512 entries on FAT16.
    const rootBlocks = fat32 ? clusterBlocks : 32
    // The data area begins at a multiple of a cluster.
    const fixed = 2 * fatBlocks + rootBlocks
    const dataBlock = Math.ceil((fixed + 32) / clusterBlocks) * clusterBlocks
    const reserved = dataBlock - fixed
    block.fillAt(0, blockBytes, 0)
    await device.writeBlock(0, block)
    // In pieces, so that each is retried if one of its blocks is refused, and progress shows.
    const step = Math.min(Math.ceil(dataBlock / 10), 8192)
    for (let i = 1; i < dataBlock; i += step) {
        if (progress) await progress(Math.floor((i * 100) / dataBlock))
        await device.fillBlocks(i, Math.min(step, dataBlock - i), block)
    }
    block.blitAt(0, label, 0, 11)
    block[Entry.Attributes] = Attribute.Label
    block.setAt(Entry.WriteStamp, "u32", firstStamp)
    await device.writeBlock(dataBlock - rootBlocks, block)
    block.fillAt(0, 32, 0)
    // Media 0xf8, the clean mark, and on FAT32 the end of the root directory's chain.
    block.blitAt(0, fat32 ? hex`f8ffff0fffffff0fffffff0f` : hex`f8ffffff`, 0, 12)
    await device.writeBlock(reserved, block)
    await device.writeBlock(reserved + fatBlocks, block)
    block.fillAt(0, 12, 0)
    block.setAt(Mbr.Signature, "u16", 0xaa55)
    if (fat32) {
        block.setAt(Info.FreeCount, "u32", Math.floor((blocks - dataBlock) / clusterBlocks))
        await writeInfo(device, block)
    }
    putBoot(block, label, fat32)
    block[Boot.ClusterBlocks] = clusterBlocks
    block.setAt(Boot.ReservedBlocks, "u16", reserved)
    block.setAt(Boot.Blocks32, "u32", blocks)
    if (fat32) {
        block.setAt(Boot.FatBlocks32, "u32", fatBlocks)
        await device.writeBlock(6, block)
    } else block.setAt(Boot.FatBlocks16, "u16", fatBlocks)
    await device.writeBlock(0, block)
    if (progress) await progress(100)
}

async function writeInfo(device: BlockDevice, block: Buffer): Promise<void> {
    block.setAt(Info.Signature1, "u32", 0x41615252)
    block.setAt(Info.Signature2, "u32", 0x61417272)
    block[Info.NextFree] = 3
    await device.writeBlock(1, block)
    await device.writeBlock(7, block)
}

/**
 * A boot sector without the fields that depend on the size: jump, name, 512-byte blocks, two
 * tables, …
 */
function putBoot(block: Buffer, label: string, fat32: boolean): void {
    const start = fat32
        ? hex`eb5890 4d53444f53352e30 0002 00 0000 02 0000 0000 f8 0000 3f00 ff00 00000000 00000000
            00000000 0000 0000 02000000 0100 0600 000000000000000000000000
            800029 424d5331 0000000000000000000000 4641543332202020`
        : hex`eb3c90 4d53444f53352e30 0002 00 0000 02 0002 0000 f8 0000 3f00 ff00 00000000 00000000
            800029 424d5331 0000000000000000000000 4641543136202020`
    block.fillAt(0, Mbr.Signature, 0)
    block.blitAt(0, start, 0, start.length)
    block.blitAt(start.length - 19, label, 0, 11)
}
