// What the upload needs of the card; the FAT volume and its storage offer it, and more.

export interface ListedFile {
    name: string
    sizeBytes: number
}

export interface OpenFile {
    read(offset: number, into: Buffer, length: number): Promise<number>
    append(data: Buffer): Promise<void>
    sync(): Promise<void>
    close(): any
}

export interface CardVolume {
    open(path: string): Promise<OpenFile | undefined>
    /** An unfinished last line is cut off; `accepts` is asked about lines behind the recorded size. */
    openForAppend(
        path: string,
        header: string,
        accepts: (line: string) => boolean,
    ): Promise<OpenFile>
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
    private file: OpenFile

    /** @param volume the mounted volume when the caller has it, else it is taken for each read */
    constructor(
        private readonly storage: CardStorage,
        private readonly path: string,
        private readonly volume?: CardVolume,
    ) {}

    /** @returns the bytes read, fewer at the end of the file, 0 when there is no such file. */
    async read(offset: number, into: Buffer): Promise<number> {
        const self = this
        const work = async (volume: CardVolume) => {
            if (self.file === undefined) self.file = await volume.open(self.path)
            return self.file === undefined ? 0 : await self.file.read(offset, into, into.length)
        }
        return this.volume === undefined
            ? await this.storage.use("upload", work)
            : await work(this.volume)
    }
}
