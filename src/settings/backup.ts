import { crc16 } from "../core/checksum"
import { faultMessage } from "../core/fault"
import { Flash } from "../core/seams"
import { textOf } from "../core/text"

const magic = "BMSBAK1\n"
const idBytes = 4
const generationAt = magic.length + idBytes
const headerBytes = generationAt + 4
const bytesMax = 2560
/**
 * A copy is read and written in pieces, the largest entry and less: a heap may have room for them and
 * none for the whole.
 */
const pieceBytes = 216
/** Flash key of the generation that was written or restored last, u32. */
const generationKey = "backup"

/** Where copies are kept: the card. */
export interface BackupFiles {
    /** Fills the buffer with what a file has from `offset` on. @returns the file's length, -1 without one */
    read(name: string, offset: number, into: Buffer): Promise<number>
    /** Replaces the whole file by these pieces; durable on return. */
    write(name: string, pieces: Buffer[]): Promise<void>
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

    /** @param keyAt the flash keys to copy, from 0 on, "" behind the last: none of a secret */
    constructor(
        private readonly flash: Flash,
        private readonly shortId: string,
        private readonly keyAt: (index: number) => string,
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
        this.last += 1
        const pieces: Buffer[] = []
        const piece = Buffer.alloc(pieceBytes)
        piece.blitAt(0, magic + this.shortId, 0, generationAt)
        piece.setAt(generationAt, "u32", this.last)
        let at = headerBytes
        let crc = crc16(0, piece, 0, at)
        for (let i = 0; ; ++i) {
            const key = this.keyAt(i)
            if (!key) break
            const value = (await this.flash.read(key)) || hex``
            const bytes = 2 + key.length + value.length
            if (at + bytes > pieceBytes) {
                pieces.push(piece.slice(0, at))
                at = 0
            }
            piece[at] = key.length
            piece[at + 1] = value.length
            piece.blitAt(at + 2, key, 0, key.length)
            piece.blitAt(at + 2 + key.length, value, 0, value.length)
            crc = crc16(crc, piece, at, bytes)
            at += bytes
        }
        pieces.push(piece.slice(0, at), Buffer.from([crc & 255, crc >> 8]))
        await files.write(fileName(this.last), pieces)
        await this.note()
    }

    /**
     * To be called first. Puts the newest whole copy of this very board back into the flash, when that
     * is empty or has gone back to an older state by itself. Sets `remark`. @returns true when it did
     */
    async restore(files: BackupFiles): Promise<boolean> {
        const stored = await this.flash.read(generationKey)
        if (stored) this.known = stored.getAt(0, "u32")
        let end = 0
        try {
            end = await this.newest(files)
        } catch (thrown) {
            this.remark = faultMessage(thrown)
        }
        if (end === 0 && this.known === 0)
            this.remark = "the flash was empty: " + (this.remark || "no backup on the card")
        if (end === 0 || (this.known !== 0 && this.last <= this.known + 1)) return false
        const name = fileName(this.last)
        const piece = Buffer.alloc(pieceBytes)
        let at = headerBytes
        while (at < end) {
            await files.read(name, at, piece)
            const valueAt = 2 + piece[0]
            const next = valueAt + piece[1]
            const key = textOf(piece.slice(2, valueAt))
            if (next === valueAt) await this.flash.remove(key)
            else await this.flash.write(key, piece.slice(valueAt, next))
            at += next
        }
        await this.note()
        this.remark = "the flash was empty or old: restored from the card; set the passwords again"
        return true
    }

    private async note(): Promise<void> {
        const generation = Buffer.alloc(4)
        generation.setAt(0, "u32", this.last)
        await this.flash.write(generationKey, generation)
        this.known = this.last
    }

    /**
     * Looks for the copy of the higher generation, `last`, among those that are whole and this board's own.
     * @returns where its checksum is, 0 when there is none
     */
    private async newest(files: BackupFiles): Promise<number> {
        const piece = Buffer.alloc(pieceBytes)
        let found = 0
        this.last = 0
        for (let i = 0; i < 2; ++i) {
            const name = fileName(i)
            const end = (await files.read(name, 0, piece)) - 2
            if (end < -2) continue
            const generation = piece.getAt(generationAt, "u32")
            if (!(await this.isWhole(files, name, piece, end)))
                this.remark = name + " is damaged or of another board"
            else if (generation > this.last) {
                this.last = generation
                found = end
            }
        }
        return found
    }

    /** True for a copy of this board, of which `piece` has the beginning, that was written to its end. */
    private async isWhole(
        files: BackupFiles,
        name: string,
        piece: Buffer,
        end: number,
    ): Promise<boolean> {
        if (end < headerBytes || end > bytesMax) return false
        if (textOf(piece.slice(0, generationAt)) !== magic + this.shortId) return false
        let crc = 0
        for (let at = 0; at < end; at += pieceBytes) {
            await files.read(name, at, piece)
            crc = crc16(crc, piece, 0, Math.min(pieceBytes, end - at))
        }
        await files.read(name, end, piece)
        return piece.getAt(0, "u16") === crc
    }
}

function fileName(generation: number): string {
    return generation & 1 ? "BMSMINI.BAK" : "BMSMINI.BA2"
}
