import { crc16 } from "../core/checksum"
import { faultMessage } from "../core/fault"
import { Flash, Hashing } from "../core/seams"
import { textOf } from "../core/text"
import { renewStore } from "./renewal"

const dayMs = 24 * 3600000
const magic = "BMSBAK1\n"
const generationAt = 12
const headerBytes = 16
/**
 * The generation's place and the beginning of the first entry, whose 32 bytes prove that this very
 * flash made the copy of that generation.
 */
const sealHead = "....\x04 seal"
const sealAt = 22
const sealEnd = 54
const bytesMax = 2560
/**
 * Copies are read and written in pieces of at most the largest entry: the heap may have room for
 * these, but not for the whole.
 */
const pieceBytes = 216
/**
 * Flash key of the last generation written or restored, u32, and 12 bytes of a secret for the
 * seals.
 */
const generationKey = "backup"
const noteBytes = 16
/**
 * Flash keys of server, gateway and network: an address from a card must not receive a stored
 * password.
 */
const addressKeys = "sk,sn,so"

/** Where copies are kept: the card. */
export interface BackupFiles {
    /**
     * Fills the buffer from a file, starting at `offset`.
     * @returns the file's length, -1 if there is no file
     */
    read(name: string, offset: number, into: Buffer): Promise<number>
    /** Replaces the whole file by these pieces; durable on return. */
    write(name: string, pieces: Buffer[]): Promise<void>
}

/**
 * A copy of flash values on the card, in two alternating files, so that a half-written one never
 * leaves the board without. Whoever had the card may have written the copy:
 * docs/reference/settings.md tells what is trusted, and lists the bytes.
 */
export class Backup {
    /** What was restored, or what is wrong with the card's copies. Undefined if all is well. */
    remark: string
    /** The last generation that this flash has written or restored, 0 for none. */
    private known = 0
    /** The generation of the card's newest copy when last checked, 0 for none. */
    private last = 0
    /** The flash came up without any user settings. */
    private empty = true
    /** A password may be stored. */
    private guarded: boolean
    /** The note under `generationKey`, stored or to be stored. */
    private noted: Buffer

    /**
     * Changes since the start, counting all earlier ones as one, and how many of them the card's
     * copy has.
     */
    private changes = 1
    private copied = 0
    private copiedMs = 0
    /** The store was checked, or renewed, since the start. */
    private renewed = false

    /** @param keyAt the flash keys to copy, from 0, "" past the last: none of a secret */
    constructor(
        private readonly flash: Flash,
        private readonly shortId: string,
        private readonly keyAt: (index: number) => string,
        private readonly hashing: Hashing,
    ) {
        this.noted = hashing.random(noteBytes)
    }

    /** A value in the copy has changed. */
    changed(): void {
        ++this.changes
    }

    /**
     * The task's job: makes a copy at the first run after a change, and once a day.
     * @param mounted only a mounted card is written to
     */
    async keep(files: BackupFiles, nowMs: number, mounted: boolean): Promise<void> {
        if (!this.renewed) await renewStore(this.flash)
        this.renewed = true
        if (!mounted) return
        if (this.copied === this.changes && nowMs - this.copiedMs < dayMs) return
        const changes = this.changes
        await this.save(files)
        this.copied = changes
        this.copiedMs = nowMs
    }

    /**
     * Rewrites the older of the two files. A flash that came up empty without its card does not
     * overwrite the copy on it: the next start restores that.
     */
    async save(files: BackupFiles): Promise<void> {
        // Keeps a remark on a restoration; the copies are judged afresh.
        if (!this.empty && this.guarded === undefined) this.remark = undefined
        await this.newest(files)
        if (this.last !== 0 && this.empty) return
        this.last = Math.max(this.last, this.known) + 1
        const pieces: Buffer[] = []
        const piece = Buffer.alloc(pieceBytes)
        piece.blitAt(0, magic + this.shortId + sealHead, 0, sealAt)
        piece.setAt(generationAt, "u32", this.last)
        piece.blitAt(sealAt, this.seal(piece), 0, 32)
        let at = sealEnd
        let crc = crc16(0, piece, 0, at)
        for (let i = 0; ; ++i) {
            const key = this.keyAt(i)
            if (!key) break
            const value = (await this.flash.read(key)) || hex``
            const keyBytes = 2 + key.length
            const bytes = keyBytes + value.length
            if (at + bytes > pieceBytes) {
                pieces.push(piece.slice(0, at))
                at = 0
            }
            piece[at] = key.length
            piece[at + 1] = value.length
            piece.blitAt(at + 2, key, 0, key.length)
            piece.blitAt(at + keyBytes, value, 0, value.length)
            crc = crc16(crc, piece, at, bytes)
            at += bytes
        }
        pieces.push(piece.slice(0, at))
        piece.setAt(0, "u16", crc)
        pieces.push(piece.slice(0, 2))
        await files.write(fileName(this.last), pieces)
        if (this.empty) this.remark = undefined
        await this.note(this.last)
    }

    /**
     * Call it first. Restores the flash from the newest valid copy of this very board if it is
     * empty or fell back to an older state. Sets `remark`.
     * @param lived the flash holds user settings
     * @returns true if it restored
     */
    async restore(files: BackupFiles, lived: boolean): Promise<boolean> {
        const { flash } = this
        const stored = await flash.read(generationKey)
        if (stored) {
            this.known = stored.getAt(0, "u32")
            if (stored.length === noteBytes) this.noted = stored
        }
        // Generation 0 marks an interrupted restoration: the flash has part of it.
        this.empty = this.known === 0 && (!lived || stored !== undefined)
        let end = 0
        try {
            end = await this.newest(files)
        } catch (thrown) {
            this.remark = faultMessage(thrown)
        }
        if (end === 0) {
            if (this.empty)
                this.remark = "the flash was empty: " + (this.remark || "no backup on the card")
            return false
        }
        if (this.empty) await this.note(0)
        // After part of a restoration, passwords may have been set since.
        this.guarded = !this.empty || !!((await flash.read("sm")) || (await flash.read("sp")))
        const name = fileName(this.last)
        const piece = Buffer.alloc(pieceBytes)
        for (let at = headerBytes; at < end;) {
            await files.read(name, at, piece)
            const valueAt = 2 + piece[0]
            const next = valueAt + piece[1]
            await this.takeOver(textOf(piece.slice(2, valueAt)), piece.slice(valueAt, next))
            at += next
        }
        await this.note(this.last)
        this.remark =
            "the flash was empty or old: restored from the card; check ftp.host and ftp.gateway, then set the passwords again"
        return true
    }

    private async note(generation: number): Promise<void> {
        this.noted.setAt(0, "u32", generation)
        await this.flash.write(generationKey, this.noted)
        this.known = generation
        if (generation !== 0) this.empty = false
    }

    /**
     * Finds the copy to restore: valid, of this board, sealed by this flash, and of the highest
     * generation, `last`. That must be more than one ahead of what this flash knows; one ahead is a
     * copy that a power cut kept it from noting. An empty flash accepts any.
     * @returns the offset of its checksum, 0 if there is none
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
            const ahead = this.empty || generation > this.known + 1
            // Before the piece is overwritten.
            const ours =
                this.empty ||
                (ahead && hexOf(piece.slice(sealAt, sealEnd)) === hexOf(this.seal(piece)))
            if (!(await this.isWhole(files, name, piece, end)))
                this.remark = name + " is damaged or from another board"
            else if (ahead) {
                if (!ours) this.remark = name + " was not made on this flash: left alone"
                else if (generation > this.last) {
                    this.last = generation
                    found = end
                }
            }
        }
        return found
    }

    /** The seal that only this flash can compute for a copy's header. */
    private seal(piece: Buffer): Buffer {
        return this.hashing.digest(this.noted.slice(4), piece.slice(0, headerBytes))
    }

    /** Restores a value, if its key is among those copied. */
    private async takeOver(key: string, value: Buffer): Promise<void> {
        const { flash } = this
        if (this.guarded && addressKeys.indexOf(key) >= 0) return
        for (let i = 0; ; ++i) {
            const listed = this.keyAt(i)
            if (!listed) return
            if (listed === key) break
        }
        if (value.length === 0) await flash.remove(key)
        else await flash.write(key, value)
    }

    /** True for a completely written copy of this board; `piece` holds its beginning. */
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

function hexOf(bytes: Buffer): string {
    return bytes.toString("hex")
}

function fileName(generation: number): string {
    return generation & 1 ? "BMSMINI.BAK" : "BMSMINI.BA2"
}
