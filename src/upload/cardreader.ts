import { Fault, FaultCode } from "../core/fault"

// What the upload needs of the card; the FAT volume and its storage offer it, and more.

export interface ListedFile {
    name: string
    sizeBytes: number
}

export interface OpenFile {
    sizeBytes(): number
    read(offset: number, into: Buffer, length: number): Promise<number>
    append(data: Buffer): Promise<void>
    sync(): Promise<void>
    close(): any
}

export interface CardVolume {
    open(path: string): Promise<OpenFile | undefined>
    openForAppend(path: string, header: string): Promise<OpenFile>
    list(path: string, visit: (entry: ListedFile) => Promise<boolean>): Promise<void>
    sync(): Promise<void>
}

export interface CardStorage {
    /** Runs `work` alone on the mounted volume. */
    use<T>(owner: string, work: (volume: any) => Promise<T>): Promise<T>
    /** Counts the mounts: what was opened before is stale. */
    generation(): number
}

/** Reads one file of the card a few sectors at a time, so that the logger is never kept waiting. */
export class CardReader {
    private file: OpenFile = undefined
    private generation = 0

    constructor(
        private readonly storage: CardStorage,
        private readonly path: string,
    ) {}

    /** @returns the bytes read, fewer at the end of the file, 0 when there is no such file. */
    async read(offset: number, into: Buffer): Promise<number> {
        const self = this
        return await this.storage.use("upload", async volume => {
            return await self.readFrom(volume, offset, into)
        })
    }

    /** The same for who has the volume already. */
    async readFrom(volume: CardVolume, offset: number, into: Buffer): Promise<number> {
        const generation = this.storage.generation()
        if (this.file === undefined) {
            this.file = await volume.open(this.path)
            this.generation = generation
            if (this.file === undefined) return 0
        }
        if (generation !== this.generation)
            throw new Fault(FaultCode.StaleHandle, "the card was changed while it was read")
        return await this.file.read(offset, into, into.length)
    }
}
