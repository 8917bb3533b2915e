import type { BlockStore } from "./sdcardstore"

/** What an emulated card does wrong on demand; everything is off to begin with. */
export class SdCardFaults {
    /** Pulled out: the line floats high for ever. */
    absent = false
    /** Busy for ever: the line is low while it is selected, and no command is taken. */
    busyForEver = false
    /** The next so many data blocks read come with one wrong bit, which their checksum shows. */
    corruptReads = 0
    /** The next so many data blocks read end in an error token instead of data. */
    failReads = 0
    /** The next so many data blocks written are refused as damaged on the way. */
    refuseWrites = 0
    /** The next so many data blocks written fail in the flash: no data kept, told in the status. */
    failWrites = 0
    /** The next so many commands are not answered. */
    ignoreCommands = 0
    /**
     * Blocks that cannot be read, with a data error token each time, until they are written anew.
     */
    readonly unreadable = new Set<number>()
    /** Blocks that cannot be written: programming fails each time, told in the status. */
    readonly unwritable = new Set<number>()
    /** The next so many data blocks read never come: no token, no error. */
    silentReads = 0
    /** Sectors that may still be written before the power goes; undefined is without a limit. */
    writesUntilPowerCut: number | undefined = undefined
    /** What becomes of the write in which the power goes. */
    tornWrite: TornWrite = "dropped"
    /**
     * The blocks that a stream has been announced to write yet are erased when the power goes in
     * it.
     */
    erasesAhead = false
    /** The power is gone: nothing is answered or kept until `powerUp()`. */
    powerless = false

    /** Whether a command that has come is passed over. */
    takeIgnored(): boolean {
        return this.ignoreCommands > 0 && this.ignoreCommands-- > 0
    }

    /** Whether a block that is read never comes. */
    takeSilence(): boolean {
        return this.silentReads > 0 && this.silentReads-- > 0
    }

    /** Whether a block that was written is refused as damaged on its way. */
    takeRefusal(): boolean {
        return this.refuseWrites > 0 && this.refuseWrites-- > 0
    }

    /** The bit of a block that is sent now which is wrong, undefined for none. */
    takeWrongBit(): number | undefined {
        return this.corruptReads > 0 && this.corruptReads-- > 0 ? 803 : undefined
    }

    /** Whether the read of a block that is now due fails. */
    takeReadFailure(block: number): boolean {
        if (this.failReads === 0) return this.unreadable.has(block)
        this.failReads--
        return true
    }

    /** Whether the programming of a block that is now due fails. */
    takeWriteFailure(block: number): boolean {
        if (this.failWrites === 0) return this.unwritable.has(block)
        this.failWrites--
        return true
    }

    /** Puts a block into the store; false when the power went meanwhile. */
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

/** What a sector holds when the power went while `data` was written over `old`. */
function tornSector(kind: TornWrite, old: Uint8Array, data: Uint8Array): Uint8Array {
    const torn = Uint8Array.from(old)
    if (kind === "erased") torn.fill(0xff)
    else if (kind === "zeroed") torn.fill(0)
    else if (kind === "half") torn.set(data.subarray(0, 256))
    return torn
}
