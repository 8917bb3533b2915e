import {
    closeSync,
    copyFileSync,
    existsSync,
    fstatSync,
    ftruncateSync,
    openSync,
    readSync,
    renameSync,
    writeSync,
} from "node:fs"
import type { CardFiles, PartFile } from "./cardfiles"

/** A copy on this computer's disk. */
class DiskPart implements PartFile {
    constructor(private readonly file: number) {}

    get bytes(): number {
        return fstatSync(this.file).size
    }

    read(offset: number, bytes: number): Uint8Array {
        const data = new Uint8Array(bytes)
        readSync(this.file, data, 0, bytes, offset)
        return data
    }

    write(offset: number, data: Uint8Array): void {
        writeSync(this.file, data, 0, data.length, offset)
    }

    truncate(bytes: number): void {
        ftruncateSync(this.file, bytes)
    }
}

/**
 * Copies a file of the card to `target`. Continues an earlier run's `target`.part, or an older and
 * shorter `target`. Otherwise as `CardFiles.copy`.
 */
export async function copyToDisk(
    files: CardFiles,
    path: string,
    bytes: number,
    target: string,
    onProgress: (done: number) => void,
): Promise<number> {
    const part = target + ".part"
    if (!existsSync(part) && existsSync(target)) copyFileSync(target, part)
    const file = openSync(part, existsSync(part) ? "r+" : "w+")
    try {
        const there = await files.copy(path, bytes, new DiskPart(file), onProgress)
        renameSync(part, target)
        return there
    } finally {
        closeSync(file)
    }
}
