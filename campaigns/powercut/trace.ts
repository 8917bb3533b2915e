import type { BlockStore } from "../../sim/chips/sdcardstore"
import type { Disk } from "./disk"

/** The flash's content by key; never changed, only replaced. */
export type FlashImage = Readonly<Record<string, Uint8Array>>

/** Start or end of a firmware operation, as seen by code that relies on it. */
export type Event =
    /** The wall clock, before the records of that second are made. */
    | { kind: "time"; seconds: number }
    | { kind: "flash"; flash: FlashImage }
    /** A text file is opened for appending, and created with that header if missing. */
    | { kind: "open"; path: string; header: string }
    | { kind: "append"; path: string; offset: number; text: string }
    | { kind: "appended"; path: string }
    | { kind: "remove"; path: string }
    | { kind: "removed"; path: string; done: boolean }
    /** A file is replaced as a whole. */
    | { kind: "replace"; path: string; text: string }
    | { kind: "replaced"; path: string }
    | { kind: "format" }
    | { kind: "formatted" }

/** A sector of a file. */
export interface FileSector {
    path: string
    sector: number
}

export interface SectorWrite {
    block: number
    old: Uint8Array | undefined
    data: Uint8Array
    /** The text sector written here; undefined for anything else. */
    text: FileSector | undefined
}

/** The trace of a run: each sector write, and each event with the number of writes before it. */
export class Trace implements BlockStore {
    readonly writes: SectorWrite[] = []
    readonly events: { at: number; event: Event }[] = []
    readonly blockCount: number
    /** The text being written. */
    private current: { path: string; offset: number; bytes: Uint8Array } | undefined

    /** @param dataStart the first block of the clusters */
    constructor(
        private readonly disk: Disk,
        private readonly dataStart: number,
    ) {
        this.blockCount = disk.blockCount
    }

    add(event: Event): void {
        this.events.push({ at: this.writes.length, event })
        if (event.kind === "append") this.writing(event.path, event.offset, event.text)
        else if (event.kind === "open") this.writing(event.path, 0, event.header)
        else if (event.kind === "replace") this.writing(event.path, 0, event.text)
    }

    read(block: number): Uint8Array {
        return this.disk.read(block)
    }

    write(block: number, data: Uint8Array): void {
        const copy = new Uint8Array(data)
        const text = this.sectorOf(block, copy)
        this.writes.push({ block, old: this.disk.peek(block), data: copy, text })
        this.disk.put(block, copy)
    }

    close(): void {}

    private writing(path: string, offset: number, text: string): void {
        this.current = { path, offset, bytes: Buffer.from(text, "latin1") }
    }

    /** A data-area write that has the piece of the current text at its place in a file's sector. */
    private sectorOf(block: number, data: Uint8Array): FileSector | undefined {
        if (this.current === undefined || block < this.dataStart) return undefined
        const { path, offset, bytes } = this.current
        const end = offset + bytes.length
        for (let sector = offset >> 9; sector * 512 < end; ++sector) {
            const from = Math.max(offset, sector * 512)
            const to = Math.min(end, sector * 512 + 512)
            const piece = bytes.subarray(from - offset, to - offset)
            const there = data.subarray(from - sector * 512, to - sector * 512)
            if (Buffer.compare(piece, there) === 0) return { path, sector }
        }
        return undefined
    }
}
