import { FaultCode, faultCode } from "../core/fault"
import { BlockDevice } from "../core/seams"

/** One block held in memory, written through. */
export class Sector {
    /** The block in `bytes`, -1 for none. */
    block = -1
    /** Its checksum was not checked. */
    private unchecked: boolean

    constructor(
        private readonly device: BlockDevice,
        readonly bytes: Buffer,
    ) {}

    /**
     * Reads the block unless it is held.
     * @param unchecked a wrong bit in it does no lasting harm
     */
    async load(block: number, unchecked?: boolean): Promise<void> {
        if (this.block === block && (unchecked || !this.unchecked)) return
        this.block = -1
        await this.device.readBlock(block, this.bytes, unchecked)
        this.block = block
        this.unchecked = unchecked
    }

    /** The same for a block that may be torn: an unreadable one becomes 512 times 0xff. */
    async loadTorn(block: number, unchecked?: boolean): Promise<void> {
        try {
            await this.load(block, unchecked)
        } catch (thrown) {
            if (faultCode(thrown) !== FaultCode.CardCrc) throw thrown
            this.bytes.fillAt(0, this.bytes.length, 0xff)
        }
    }

    /** Starts a block of zeros that will be stored, not read. */
    blank(block: number): void {
        this.bytes.fillAt(0, this.bytes.length, 0)
        this.block = block
    }

    /** Writes zeros to `count` blocks; the first is then held. */
    async zero(block: number, count: number): Promise<void> {
        this.blank(-1)
        await this.device.fillBlocks(block, count, this.bytes)
        this.block = block
    }

    /** Writes the contents to a block, which is then the one held. */
    async store(block = this.block): Promise<void> {
        this.block = -1
        await this.device.writeBlock(block, this.bytes)
        this.block = block
    }
}
