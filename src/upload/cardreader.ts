import { Fault, FaultCode } from "../core/fault"

// What the upload needs of the card; the FAT volume and its storage offer more.

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
    /** Cuts off an unfinished last line; `accepts` judges lines behind the recorded size. */
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
    /** Counts mounts: files opened before are stale. */
    generation(): number
}

/** Reads this many bytes from an offset; fewer at the end of the file, 0 if there is no file. */
export type Reader = (offset: number, into: Buffer, bytes: number) => Promise<number>

/**
 * Call it while holding the card, which may have been replaced during the wait. Throws NotMounted;
 * a fault of the card itself would end the new card's mount.
 */
export function checkMount(storage: CardStorage, generation: number): void {
    if (storage.generation() !== generation)
        throw new Fault(FaultCode.NotMounted, "the card was changed during the upload")
}

/**
 * Reads one file of the card a few sectors at a time, so that the logger is never kept waiting.
 * @param generation the only mount it may be read from; any if undefined
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
