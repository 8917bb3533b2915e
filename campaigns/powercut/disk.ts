import type { BlockStore } from "../../sim/chips/sdcardstore"
import type { CardDevice } from "../../src/core/seams"

const zeros = new Uint8Array(512)

/**
 * Blocks in memory, in layers: a missing block is read from the layer below, and as zeros below the
 * last. A stored block is never changed, only replaced, so that two disks sharing it are equal
 * there.
 */
export class Disk implements BlockStore {
    private readonly own = new Map<number, Uint8Array>()

    constructor(
        readonly blockCount: number,
        private readonly below?: Disk,
    ) {}

    /** An empty layer over this disk, which must not be written while that layer is in use. */
    over(): Disk {
        return new Disk(this.blockCount, this)
    }

    read(block: number): Uint8Array {
        return this.peek(block) ?? zeros
    }

    /** The stored block; undefined if never written. */
    peek(block: number): Uint8Array | undefined {
        return this.own.get(block) ?? this.below?.peek(block)
    }

    write(block: number, data: Uint8Array): void {
        this.own.set(block, new Uint8Array(data))
    }

    /** Stores a block without copying it. */
    put(block: number, data: Uint8Array): void {
        this.own.set(block, data)
    }

    /** Numbers of this layer's blocks. */
    changed(): Iterable<number> {
        return this.own.keys()
    }

    /** Numbers of all blocks in the layers above `floor`, excluding it. */
    changedSince(floor: Disk | undefined): Set<number> {
        const numbers = new Set<number>()
        for (let disk: Disk | undefined = this; disk && disk !== floor; disk = disk.below)
            for (const block of disk.own.keys()) numbers.add(block)
        return numbers
    }

    /** The same content in one layer, without blocks of zeros. */
    withoutZeros(): Disk {
        const copy = new Disk(this.blockCount)
        for (const block of this.changedSince(undefined)) {
            const data = this.peek(block)!
            if (data.some(byte => byte !== 0)) copy.own.set(block, data)
        }
        return copy
    }

    /** The same content in one layer. */
    flat(): Disk {
        const copy = new Disk(this.blockCount)
        for (const block of this.changedSince(undefined)) copy.own.set(block, this.peek(block)!)
        return copy
    }

    /** The same content as one layer over `floor`, a disk below this one. */
    mergedOver(floor: Disk): Disk {
        const copy = new Disk(this.blockCount, floor)
        for (const block of this.changedSince(floor)) copy.own.set(block, this.peek(block)!)
        return copy
    }

    close(): void {}
}

/** A disk as the firmware's card, without a bus. */
export class DiskDevice implements CardDevice {
    constructor(
        private readonly disk: Disk,
        private readonly onWrite?: (block: number, data: Uint8Array) => void,
    ) {}

    blockCount(): number {
        return this.disk.blockCount
    }

    async readBlock(block: number, into: Buffer): Promise<void> {
        this.check(block)
        Uint8Array.prototype.set.call(into, this.disk.read(block))
    }

    async writeBlock(block: number, from: Buffer): Promise<void> {
        this.check(block)
        this.disk.write(block, from)
        this.onWrite?.(block, from)
    }

    async fillBlocks(block: number, count: number, from: Buffer): Promise<void> {
        for (let i = 0; i < count; ++i) await this.writeBlock(block + i, from)
    }

    async probe(): Promise<void> {}

    private check(block: number): void {
        if (!(block >= 0 && block < this.disk.blockCount))
            throw new Error(`block ${block} is not on the card`)
    }
}
