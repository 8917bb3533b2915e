import type { BlockStore } from "./sdcardstore"

/** Faults of an emulated card, on demand; all are off at first. */
export class SdCardFaults {
    /** Pulled out: the line floats high forever. */
    absent = false
    /** Busy forever: the line is low while it is selected, and no command is taken. */
    busyForEver = false
    /** The next this many blocks read have one wrong bit, which their checksum reveals. */
    corruptReads = 0
    /** The next this many blocks read end in an error token instead of data. */
    failReads = 0
    /** The next this many blocks written are refused as damaged in transit. */
    refuseWrites = 0
    /** The next this many blocks written fail in flash: no data kept, reported in the status. */
    failWrites = 0
    /** The next this many commands are not answered. */
    ignoreCommands = 0
    /** Blocks that cannot be read, with a data error token each time, until rewritten. */
    readonly unreadable = new Set<number>()
    /** Blocks that cannot be written: programming fails each time, reported in the status. */
    readonly unwritable = new Set<number>()
    /** The next this many blocks read never come: no token, no error. */
    silentReads = 0
    /** Sectors still written before the power fails; undefined is no limit. */
    writesUntilPowerCut: number | undefined = undefined
    /** What happens to the write during which the power fails. */
    tornWrite: TornWrite = "dropped"
    /** If the power fails in a stream, its remaining announced blocks are erased. */
    erasesAhead = false
    /** No power: nothing is answered or kept until `powerUp()`. */
    powerless = false

    /** Whether this command is ignored. */
    takeIgnored(): boolean {
        return this.ignoreCommands > 0 && this.ignoreCommands-- > 0
    }

    /** Whether this block is never sent. */
    takeSilence(): boolean {
        return this.silentReads > 0 && this.silentReads-- > 0
    }

    /** Whether this written block is refused as damaged in transit. */
    takeRefusal(): boolean {
        return this.refuseWrites > 0 && this.refuseWrites-- > 0
    }

    /** The wrong bit of the block being sent; undefined for none. */
    takeWrongBit(): number | undefined {
        return this.corruptReads > 0 && this.corruptReads-- > 0 ? 803 : undefined
    }

    /** Whether the read of this block fails. */
    takeReadFailure(block: number): boolean {
        if (this.failReads === 0) return this.unreadable.has(block)
        this.failReads--
        return true
    }

    /** Whether the programming of this block fails. */
    takeWriteFailure(block: number): boolean {
        if (this.failWrites === 0) return this.unwritable.has(block)
        this.failWrites--
        return true
    }

    /** Stores a block; false if the power failed meanwhile. */
    keep(store: BlockStore, block: number, data: Uint8Array): boolean {
        if (this.writesUntilPowerCut === 0) {
            store.write(block, tornSector(this.tornWrite, store.read(block), data))
            this.powerless = true
            return false
        }
        if (this.writesUntilPowerCut !== undefined) this.writesUntilPowerCut--
        store.write(block, data)
        this.unreadable.delete(block)
        return true
    }
}

/**
 * dropped: old data stays; erased: 512 bytes of 0xff; half: the first half is new; zeroed: 512
 * zeros.
 */
export type TornWrite = "dropped" | "erased" | "half" | "zeroed"

/** The sector's contents after the power failed while `data` was written over `old`. */
function tornSector(kind: TornWrite, old: Uint8Array, data: Uint8Array): Uint8Array {
    const torn = Uint8Array.from(old)
    if (kind === "erased") torn.fill(0xff)
    else if (kind === "zeroed") torn.fill(0)
    else if (kind === "half") torn.set(data.subarray(0, 256))
    return torn
}
