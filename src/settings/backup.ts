import { crc16 } from "../core/checksum"
import { faultMessage } from "../core/fault"
import { Flash, Hashing } from "../core/seams"
import { placeCount } from "./schema"

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
/** Flash key of the generation that was written or restored last, u32, and the secret of the seals. */
const generationKey = "backup"
const secretBytes = 12
/** What the last entry of a copy is called: it proves that the copy was made on this very flash. */
const sealKey = "seal"
const sealBytes = 16
/** Flash keys of server, gateway and network; a password that is stored must not come to another one. */
const addressKeys = "sk,sn,so"
const valueBytesMax = 200

/** Where copies are kept: the card. */
export interface BackupFiles {
    /** Fills the buffer with what a file has from `offset` on. @returns the file's length, -1 without one */
    read(name: string, offset: number, into: Buffer): Promise<number>
    /** Replaces the whole file by these pieces; durable on return. */
    write(name: string, pieces: Buffer[]): Promise<void>
}

/**
 * A copy of flash values on the card, in two files that take turns, so that a half-written one never
 * leaves the board without. Whoever had the card may have written it: who is believed, and how far, is
 * in docs/SPEC-settings.md, with the bytes.
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
    private secret = hex``

    /** @param keyAt the flash keys to copy, from 0 on, "" behind the last: none of a secret */
    constructor(
        private readonly flash: Flash,
        private readonly shortId: string,
        private readonly keyAt: (index: number) => string,
        private readonly hashing: Hashing,
    ) {}

    /**
     * Writes the older of the two files anew. A flash that came up empty without its card does not
     * write over the copy on it: the next start takes that over.
     */
    async save(files: BackupFiles): Promise<void> {
        await this.newest(files)
        if (this.last !== 0 && this.empty) return
        // One ahead is the copy that a power cut has kept the flash from noting: it is made anew.
        if (this.last <= this.known + 1) this.last = this.known
        this.last += 1
        const { hashing } = this
        if (this.secret.length === 0) this.secret = hashing.random(secretBytes)
        const pieces: Buffer[] = []
        const piece = Buffer.alloc(pieceBytes)
        piece.blitAt(0, magic + this.shortId, 0, generationAt)
        piece.setAt(generationAt, "u32", this.last)
        let at = headerBytes
        let crc = crc16(0, piece, 0, at)
        let sum = hashing.digest(this.secret, piece.slice(0, at))
        let key = ""
        for (let i = 0; key !== sealKey; ++i) {
            key = this.keyAt(i) || sealKey
            const value = key === sealKey ? this.seal(sum) : (await this.flash.read(key)) || hex``
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
            sum = hashing.digest(sum, piece.slice(at, at + bytes))
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
        const { flash } = this
        const stored = await flash.read(generationKey)
        if (stored) {
            this.known = stored.getAt(0, "u32")
            this.secret = stored.slice(4)
        }
        // Generation 0 is a restoration that was cut off: the flash has a part of it.
        this.empty = this.known === 0
        for (let i = 0; i < placeCount && this.empty && !stored; ++i)
            if (await flash.read("s" + String.fromCharCode(97 + i))) this.empty = false
        let end = 0
        try {
            end = await this.newest(files)
        } catch (thrown) {
            this.remark = faultMessage(thrown)
        }
        if (end === 0 && this.empty)
            this.remark = "the flash was empty: " + (this.remark || "no backup on the card")
        if (end === 0 || (!this.empty && this.last <= this.known + 1)) return false
        if (this.empty) await flash.write(generationKey, hex`00000000`)
        await this.isSealed(files, end, true)
        await this.note()
        this.remark =
            "the flash was empty or old: restored from the card; check ftp.host and ftp.gateway, then set the passwords again"
        return true
    }

    private async note(): Promise<void> {
        const value = Buffer.alloc(4 + this.secret.length)
        value.setAt(0, "u32", this.last)
        value.blitAt(4, this.secret, 0, this.secret.length)
        await this.flash.write(generationKey, value)
        this.known = this.last
        this.empty = false
    }

    /**
     * Looks for the copy of the higher generation, `last`, among those that are whole and this board's own;
     * a flash that is not empty believes one that is ahead of it only when it has sealed it.
     * @returns where its checksum is, 0 when there is none
     */
    private async newest(files: BackupFiles): Promise<number> {
        const piece = Buffer.alloc(pieceBytes)
        let found = 0
        let best = 0
        for (let i = 0; i < 2; ++i) {
            const name = fileName(i)
            const end = (await files.read(name, 0, piece)) - 2
            if (end < -2) continue
            this.last = piece.getAt(generationAt, "u32")
            if (fileName(this.last) !== name || !(await this.isWhole(files, name, piece, end)))
                this.remark = name + " is damaged or of another board"
            else if (this.last > best) {
                if (this.empty || this.last <= this.known + 1 || (await this.isSealed(files, end))) {
                    best = this.last
                    found = end
                } else this.remark = name + " was not made on this flash: left alone"
            }
        }
        this.last = best
        return found
    }

    private seal(sum: Buffer): Buffer {
        return this.hashing.digest(sum, this.secret).slice(0, sealBytes)
    }

    /**
     * Goes through the copy of the generation `last`.
     * @param take puts its values into the flash
     * @returns whether this flash has sealed it
     */
    private async isSealed(files: BackupFiles, end: number, take = false): Promise<boolean> {
        const { hashing } = this
        const name = fileName(this.last)
        const piece = Buffer.alloc(pieceBytes)
        await files.read(name, 0, piece)
        let sum = hashing.digest(this.secret, piece.slice(0, headerBytes))
        let sealed = false
        for (let at = headerBytes; at < end;) {
            await files.read(name, at, piece)
            const valueAt = 2 + piece[0]
            const next = valueAt + piece[1]
            const key = piece.slice(2, valueAt).toString()
            const value = piece.slice(valueAt, next)
            // Nothing may come behind the seal.
            sealed = key === sealKey && hexOf(value) === hexOf(this.seal(sum))
            if (take) await this.takeOver(key, value)
            sum = hashing.digest(sum, piece.slice(0, next))
            at += next
        }
        return sealed && this.secret.length !== 0
    }

    /** Puts a value back, if the key is one of those that are copied. */
    private async takeOver(key: string, value: Buffer): Promise<void> {
        const { flash } = this
        let i = 0
        while (this.keyAt(i) && this.keyAt(i) !== key) ++i
        if (!this.keyAt(i) || value.length > valueBytesMax) return
        const address = addressKeys.indexOf(key)
        if (address >= 0 && hexOf((await flash.read(key)) || hex``) !== hexOf(value))
            await flash.remove(address < 6 ? "sm" : "sp")
        if (value.length === 0) await flash.remove(key)
        else await flash.write(key, value)
    }

    /** True for a copy of this board, of which `piece` has the beginning, that was written to its end. */
    private async isWhole(
        files: BackupFiles,
        name: string,
        piece: Buffer,
        end: number,
    ): Promise<boolean> {
        if (end < headerBytes || end > bytesMax) return false
        if (piece.slice(0, generationAt).toString() !== magic + this.shortId) return false
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
