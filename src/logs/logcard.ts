// What the logs need of the card; the FAT volume and its storage offer more.

export interface LogFile {
    read(offset: number, into: Buffer, length: number): Promise<number>
    /** Durable on return. */
    append(data: Buffer): Promise<void>
    /** Updates the size on the card; `careful`: nothing else could tell it. */
    syncEntry(careful?: boolean): Promise<void>
    /** Also releases its memory, whatever fails. */
    close(): Promise<void>
}

export interface LogEntry {
    name: string
    sizeBytes: number
}

export interface LogVolume {
    /** Paths of the logs whose records may continue behind their recorded sizes. */
    left: string[]
    /** FAT date * 65536 + time for the next writes. */
    stamp: number
    open(path: string): Promise<LogFile | undefined>
    /**
     * `header` is the first line of a new file; `accepts` judges lines behind the recorded size.
     */
    openForAppend(
        path: string,
        header: string,
        accepts?: (line: string) => boolean,
    ): Promise<LogFile>
    list(directory: string, visit: (entry: LogEntry) => Promise<boolean>): Promise<void>
    remove(path: string): Promise<boolean>
}

export interface LogStorage {
    /** Runs `work` alone on the mounted volume; throws why there is none. */
    use<T>(owner: string, work: (volume: any) => Promise<T>): Promise<T>
    /** Counts mounts. */
    generation(): number
}
