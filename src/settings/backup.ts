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
 * The generation's place, and how the first entry begins. Its 32 bytes prove that this very flash
 * has made a copy of that generation.
 */
const sealHead = "....\x04 seal"
const sealAt = 22
const sealEnd = 54
const bytesMax = 2560
/**
 * A copy is read and written in pieces, the largest entry and less: a heap may have room for them
 * and none for the whole.
 */
const pieceBytes = 216
/**
 * Flash key of the generation that was written or restored last, u32, and 12 bytes of a secret for
 * the seals.
 */
const generationKey = "backup"
const noteBytes = 16
/**
 * Flash keys of server, gateway and network: what a card says must not get to know a password that
 * is stored.
 */
const addressKeys = "sk,sn,so"

/** Where copies are kept: the card. */
export interface BackupFiles {
    /**
     * Fills the buffer with what a file has from `offset` on. @returns the file's length, -1
     * without one
     */
    read(name: string, offset: number, into: Buffer): Promise<number>
    /** Replaces the whole file by these pieces; durable on return. */
    write(name: string, pieces: Buffer[]): Promise<void>
}

/**
 * A copy of flash values on the card, in two files that take turns, so that a half-written one
 * never leaves the board without. Whoever had the card may have written it: who is believed, and
 * how far, is in docs/reference/settings.md, with the bytes.
 */
export class Backup {
    /** What was restored, or what is wrong with the card's copies. Undefined when all is well. */
    remark: string
    /** The generation that this flash has written or restored last, 0 for none. */
    private known = 0
    /** The generation of the card's newest copy when it was looked at last, 0 for none. */
    private last = 0
    /** The flash came up without anything that a person has set. */
    private empty = true
    /** A password may be stored. */
    private guarded: boolean
    /** What flash holds of it, or will. */
    private noted: Buffer

    /**
     * Changes since the start, and how many of them the card's copy has: none of those before the
     * start.
     */
    private changes = 1
    private copied = 0
    private copiedMs = 0
    /** The store was looked at, or renewed, since the start. */
    private renewed = false

    /** @param keyAt the flash keys to copy, from 0 on, "" behind the last: none of a secret */
    constructor(
        private readonly flash: Flash,
        private readonly shortId: string,
        private readonly keyAt: (index: number) => string,
        private readonly hashing: Hashing,
    ) {
        this.noted = hashing.random(noteBytes)
    }

    /** What the copy holds has changed. */
    changed(): void {
        ++this.changes
    }

    /**
     * The task's job: a copy at the first run behind a change, and once a day.
     * @param mounted only a card that is in use already is written to
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
     * Writes the older of the two files anew. A flash that came up empty without its card does not
     * write over the copy on it: the next start takes that over.
     */
    async save(files: BackupFiles): Promise<void> {
        // What was restored stays said; what was wrong with the copies is looked at anew.
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
     * To be called first. Puts the newest whole copy of this very board back into the flash, when
     * that is empty or has gone back to an older state by itself. Sets `remark`.
     * @param lived the flash holds something that a person has set
     * @returns true when it did
     */
    async restore(files: BackupFiles, lived: boolean): Promise<boolean> {
        const { flash } = this
        const stored = await flash.read(generationKey)
        if (stored) {
            this.known = stored.getAt(0, "u32")
            if (stored.length === noteBytes) this.noted = stored
        }
        // Generation 0 is a restoration that was cut off: the flash has a part of it.
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
        // With a part of a restoration, the flash may have got passwords since.
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
     * Looks for the copy to be taken, whole and of this board: the one of the higher generation,
     * `last`, which must be ahead of what this flash knows, and sealed by it. One ahead is the copy
     * that a power cut has kept the flash from noting. An empty flash takes any.
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
            const ahead = this.empty || generation > this.known + 1
            // Before the piece is read into again.
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

    /** What only this flash can make of a copy's header. */
    private seal(piece: Buffer): Buffer {
        return this.hashing.digest(this.noted.slice(4), piece.slice(0, headerBytes))
    }

    /** Puts a value back, if the key is one of those that are copied. */
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

    /**
     * True for a copy of this board, of which `piece` has the beginning, that was written to its
     * end.
     */
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
