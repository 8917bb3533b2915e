import { crc16 } from "../core/checksum"
import { Flash } from "../core/seams"

const magic = "BMSBAK1\n"
const idBytes = 4
const generationAt = magic.length + idBytes
const headerBytes = generationAt + 4
const bytesMax = 2560
/** Flash key of the generation that was written or restored last, u32. */
const generationKey = "backup"

/** Where copies are kept: the card. */
export interface BackupFiles {
    /** The whole file, undefined when there is none. */
    read(name: string): Promise<Buffer | undefined>
    /** Replaces the whole file; durable on return. */
    write(name: string, content: Buffer): Promise<void>
}

/**
 * A copy of flash values on the card, in two files that take turns, so that a half-written one never
 * leaves the board without. Bytes: docs/SPEC-settings.md.
 */
export class Backup {
    /** @param keys the flash keys to copy: none of a secret */
    constructor(
        private readonly flash: Flash,
        private readonly shortId: string,
        private readonly keys: string[],
    ) {}

    /** True when this flash has neither written nor restored a backup yet. */
    async missing(): Promise<boolean> {
        return !(await this.flash.read(generationKey))
    }

    /** Writes the older of the two files anew. */
    async save(files: BackupFiles): Promise<void> {
        const stored = await this.flash.read(generationKey)
        const generation = stored ? stored.getAt(0, "u32") + 1 : 1
        const content = Buffer.alloc(bytesMax)
        content.blitAt(0, magic + this.shortId, 0, generationAt)
        content.setAt(generationAt, "u32", generation)
        let length = headerBytes
        for (const key of this.keys) {
            const value = await this.flash.read(key)
            if (!value) continue
            content[length] = key.length
            content[length + 1] = value.length
            content.blitAt(length + 2, key, 0, key.length)
            content.blitAt(length + 2 + key.length, value, 0, value.length)
            length += 2 + key.length + value.length
        }
        content.setAt(length, "u16", crc16(0, content, 0, length))
        await files.write(fileName(generation), content.slice(0, length + 2))
        await this.flash.write(generationKey, content.slice(generationAt, headerBytes))
    }

    /**
     * Puts the newest whole copy of this very board back into the flash.
     * @returns how many values were restored, 0 when there is no copy
     */
    async restore(files: BackupFiles): Promise<number> {
        let content: Buffer = undefined
        for (let i = 0; i < 2; ++i) {
            const other = await files.read(fileName(i))
            if (!other || !isWhole(other, magic + this.shortId)) continue
            if (!content || other.getAt(generationAt, "u32") > content.getAt(generationAt, "u32"))
                content = other
        }
        if (!content) return 0
        let count = 0
        let at = headerBytes
        while (at < content.length - 2) {
            const valueAt = at + 2 + content[at]
            const next = valueAt + content[at + 1]
            const key = content.slice(at + 2, valueAt).toString()
            await this.flash.write(key, content.slice(valueAt, next))
            at = next
            ++count
        }
        await this.flash.write(generationKey, content.slice(generationAt, headerBytes))
        return count
    }
}

/** True for a copy that begins with `head` and was written to its end. */
function isWhole(content: Buffer, head: string): boolean {
    const end = content.length - 2
    if (end < headerBytes || end > bytesMax) return false
    if (content.slice(0, generationAt).toString() !== head) return false
    return content.getAt(end, "u16") === crc16(0, content, 0, end)
}

function fileName(generation: number): string {
    return generation & 1 ? "BMSMINI.BAK" : "BMSMINI.BA2"
}
