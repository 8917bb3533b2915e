import { Fault, FaultCode } from "../core/fault"

// What the upload needs of the card; the FAT volume and its storage offer it, and more.

export interface ListedFile {
    name: string
    sizeBytes: number
    isDirectory?: boolean
}

export interface OpenFile {
    read(offset: number, into: Buffer, length: number): Promise<number>
    append(data: Buffer): Promise<void>
    close(): any
}

export interface CardVolume {
    open(path: string): Promise<OpenFile | undefined>
    /**
     * An unfinished last line is cut off; `accepts` is asked about lines behind the recorded size.
     */
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

/**
 * Reads so many bytes from an offset; fewer at the end of the file, 0 when there is no such file.
 */
export type Reader = (offset: number, into: Buffer, bytes: number) => Promise<number>

/**
 * To be called with the card held: another one may have come while that was waited for. Throws
 * NotMounted; a fault of the card itself would end the mount of the new one.
 */
export function checkMount(storage: CardStorage, generation: number): void {
    if (storage.generation() !== generation)
        throw new Fault(FaultCode.NotMounted, "the card was changed during the upload")
}

/**
 * Reads one file of the card a few sectors at a time, so that the logger is never kept waiting.
 * @param generation the only mount that it may be read of; any unless told
 */
export function cardReader(storage: CardStorage, path: string, generation?: number): Reader {
    let file: OpenFile
    return async (offset, into, bytes) => {
        const work = async (volume: CardVolume) => {
            if (generation !== undefined) checkMount(storage, generation)
            if (!file) file = await volume.open(path)
            return file ? await file.read(offset, into, bytes) : 0
        }
        return await storage.use("upload", work)
    }
}
