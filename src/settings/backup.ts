import { crc16 } from "../core/checksum"
import { faultMessage } from "../core/fault"
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
    /** What was restored, or what is wrong with the card's copies. Undefined when all is well. */
    remark: string
    /** The generation that this flash has written or restored last, 0 for none. */
    private known = 0
    /** The generation of the card's newest copy when it was looked at last, 0 for none. */
    private last = 0

    /** @param keys the flash keys to copy: none of a secret */
    constructor(
        private readonly flash: Flash,
        private readonly shortId: string,
        private readonly keys: string[],
    ) {}

    /**
     * Writes the older of the two files anew. A flash that came up empty without its card does not
     * write over the copy on it: the next start takes that over.
     */
    async save(files: BackupFiles): Promise<void> {
        await this.newest(files)
        if (this.last !== 0 && this.known === 0) return
        // One ahead is the copy that a power cut has kept the flash from noting: it is made anew.
        if (this.last <= this.known + 1) this.last = this.known
        const generation = ++this.last
        const values: Buffer[] = []
        let length = headerBytes
        for (const key of this.keys) {
            const value = (await this.flash.read(key)) || hex``
            values.push(value)
            length += 2 + key.length + value.length
        }
        const content = Buffer.alloc(length + 2)
        content.blitAt(0, magic + this.shortId, 0, generationAt)
        content.setAt(generationAt, "u32", generation)
        length = headerBytes
        for (const key of this.keys) {
            const value = values.shift()
            content[length] = key.length
            content[length + 1] = value.length
            content.blitAt(length + 2, key, 0, key.length)
            content.blitAt(length + 2 + key.length, value, 0, value.length)
            length += 2 + key.length + value.length
        }
        content.setAt(length, "u16", crc16(0, content, 0, length))
        await files.write(fileName(generation), content)
        await this.note(content)
    }

    /**
     * To be called first. Puts the newest whole copy of this very board back into the flash, when that
     * is empty or has gone back to an older state by itself. Sets `remark`. @returns true when it did
     */
    async restore(files: BackupFiles): Promise<boolean> {
        const stored = await this.flash.read(generationKey)
        if (stored) this.known = stored.getAt(0, "u32")
        let content: Buffer = undefined
        try {
            content = await this.newest(files)
        } catch (thrown) {
            this.remark = faultMessage(thrown)
        }
        if (!content && this.known === 0)
            this.remark = "the flash was empty: " + (this.remark || "no backup on the card")
        if (!content || (this.known !== 0 && this.last <= this.known + 1)) return false
        let at = headerBytes
        while (at < content.length - 2) {
            const valueAt = at + 2 + content[at]
            const next = valueAt + content[at + 1]
            const key = content.slice(at + 2, valueAt).toString()
            if (next === valueAt) await this.flash.remove(key)
            else await this.flash.write(key, content.slice(valueAt, next))
            at = next
        }
        await this.note(content)
        this.remark = "the flash was empty or old: restored from the card; set the passwords again"
        return true
    }

    private async note(content: Buffer): Promise<void> {
        await this.flash.write(generationKey, content.slice(generationAt, headerBytes))
        this.known = this.last
    }

    /** The copy of the higher generation among those that are whole and this board's own. */
    private async newest(files: BackupFiles): Promise<Buffer | undefined> {
        let found: Buffer = undefined
        this.last = 0
        for (let i = 0; i < 2; ++i) {
            const name = fileName(i)
            const content = await files.read(name)
            if (!content) continue
            const generation = content.getAt(generationAt, "u32")
            if (!isWhole(content, magic + this.shortId))
                this.remark = name + " is damaged or of another board"
            else if (generation > this.last) {
                this.last = generation
                found = content
            }
        }
        return found
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
