import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs"

/** Where an emulated card keeps its 512-byte blocks. */
export interface BlockStore {
    readonly blockCount: number
    read(block: number): Uint8Array
    write(block: number, data: Uint8Array): void
    close(): void
}

/** Blocks in memory; unwritten blocks read as zeros and cost nothing. */
export class MemoryStore implements BlockStore {
    private readonly blocks = new Map<number, Uint8Array>()

    constructor(readonly blockCount: number) {}

    /** A store with the contents of an image. */
    static of(image: Uint8Array): MemoryStore {
        const store = new MemoryStore(Math.floor(image.length / 512))
        for (let block = 0; block < store.blockCount; ++block) {
            const data = image.subarray(block * 512, block * 512 + 512)
            if (data.some(byte => byte !== 0)) store.write(block, data)
        }
        return store
    }

    read(block: number): Uint8Array {
        return this.blocks.get(block) ?? new Uint8Array(512)
    }

    write(block: number, data: Uint8Array): void {
        this.blocks.set(block, new Uint8Array(data))
    }

    /** A copy that later writes do not affect. */
    clone(): MemoryStore {
        const copy = new MemoryStore(this.blockCount)
        for (const [block, data] of this.blocks) copy.blocks.set(block, data)
        return copy
    }

    /** Numbers of the blocks written, in no particular order. */
    written(): IterableIterator<number> {
        return this.blocks.keys()
    }

    close(): void {}
}

/** Blocks in an image file; every write goes straight to it. */
export class FileStore implements BlockStore {
    readonly blockCount: number
    private readonly descriptor: number

    /** @param path an existing file; its size, rounded down to blocks, is the card's */
    constructor(path: string) {
        this.descriptor = openSync(path, "r+")
        this.blockCount = Math.floor(fstatSync(this.descriptor).size / 512)
    }

    read(block: number): Uint8Array {
        const data = new Uint8Array(512)
        readSync(this.descriptor, data, 0, 512, block * 512)
        return data
    }

    write(block: number, data: Uint8Array): void {
        writeSync(this.descriptor, data, 0, 512, block * 512)
    }

    close(): void {
        closeSync(this.descriptor)
    }
}
