import { formatDateTime } from "../core/calendar"
import { crc16 } from "../core/checksum"
import { logKey } from "../core/logname"
import { WallClock } from "../core/seams"
import { fieldAt, formatDigits, parseInteger, textOf } from "../core/text"
import { consistsOf } from "../settings/values"
import { cardReader, CardStorage, CardVolume, checkMount } from "./cardreader"

export { logKey }

/** Values of History.fillIn() instead of a byte count. */
export const enum Sent {
    /** It has no line: no transfer was ever begun. */
    Unknown = -1,
    /** It was sent, and must be sent again from the start. */
    Again = -2,
}

/** Bytes of a history read at once. */
export const pieceBytes = 256
/** The highest number at the end of a remote name. */
export const namesMax = 99
/**
 * Name, comma, a digit, comma, time, comma, and the shortest remote name; and all at its longest.
 */
const lineBytesMin = 53
const lineBytesMax = 120

/** The file name of a key. */
export function logName(key: number): string {
    return (key % 100 === 0 ? "20" + formatDigits(key / 100, 6) : formatDigits(key, 8)) + ".CSV"
}

/** The key of a day's first file; `day` is "YYYY-MM-DD". -1 if it is no day. */
export function dayKey(day: string): number {
    return logKey(Buffer.from(day.slice(0, 4) + day.slice(5, 7) + day.slice(8) + ".CSV"), 0)
}

/** The history's view of a log file. */
export class SentFile {
    /** Total bytes confirmed, or a `Sent`. */
    sentBytes: number = Sent.Unknown
    /** Its name on the server, "" for none. */
    remoteName = ""
    /** The server with that name, see Courier; -1 if no line names it. */
    server = -1
    /**
     * The file's size at the last line, and the mark of these bytes: if it differs, it is another
     * file.
     */
    markedBytes: number
    mark: number

    constructor(
        /** See logKey(). */
        readonly key: number,
        readonly sizeBytes: number,
    ) {}
}

/**
 * The record of what was sent, on the card: one line per confirmed transfer, and one with 0 bytes
 * before a file's first transfer; a file's last line counts. 0 bytes after more than 0 request that
 * the whole file is sent again. Other lines are ignored. Exact form: docs/reference/upload.md. The
 * history may have any length: it is read through, never held.
 */
export class History {
    /** "LOG", "CELL" or "EVT". */
    private readonly folder: string

    constructor(
        private readonly storage: CardStorage,
        private readonly clock: WallClock,
        /** "LOGSENT.TXT" and so on. */
        readonly path: string,
        /**
         * All histories of a card may share it: a reader fills and evaluates it without releasing
         * the card.
         */
        private readonly piece: Buffer,
    ) {
        this.folder = path.slice(0, path.length - 8)
    }

    /** "YYYY-MM-DD HH:MM:SS". */
    localTime(): string {
        const now = this.clock.nowSeconds()
        return formatDateTime(now + this.clock.offsetMinutes(now) * 60)
    }

    /**
     * Fills in what was sent of each file.
     * @param offset the start of a line, before which no line is about these files
     * @param visit called per line: the file's key (-1 for none), and whether it has bytes
     * @returns the start of the first line needed to learn the same again, or of the next line
     */
    async fillIn(
        files: SentFile[],
        offset: number,
        visit?: (key: number, sent: boolean) => void,
    ): Promise<number> {
        const { piece } = this
        const read = cardReader(this.storage, this.path)
        // Per file the start of its last line with bytes, which supersedes earlier ones.
        const starts: number[] = []
        let at = 0
        for (;;) {
            const count = await read(offset, piece, pieceBytes)
            at = 0
            for (;;) {
                const end = piece.indexOf(10, at)
                if (end < 0 || end >= count) break
                // Lines saved on some PCs have no carriage return.
                if (piece[end - 1] === 13) piece[end - 1] = 44
                // Skips blank lines quickly, even thousands.
                if (end - at >= lineBytesMin && end - at <= lineBytesMax) {
                    const key = logKey(piece, at)
                    // ",0,": none.
                    const sent = piece.getAt(at + 13, "u16") !== 0x2c30
                    if (visit) visit(key, sent)
                    for (let i = 0; i < files.length; ++i)
                        if (files[i].key === key) {
                            const line = textOf(piece.slice(at, end))
                            const ours = readLine(files[i], line, this.folder)
                            if (starts[i] === undefined || (sent && ours)) starts[i] = offset + at
                        }
                }
                at = end + 1
            }
            if (count < pieceBytes) break
            // No line is that long: skips the damage.
            offset += at || count
        }
        await this.disown(files)
        let first = offset + at
        for (const start of starts) if (start < first) first = start
        return first
    }

    /** Discards lines about a file that is now another one, cut or changed on a PC. */
    private async disown(files: SentFile[]): Promise<void> {
        for (const file of files) {
            const { markedBytes } = file
            try {
                if (
                    file.sentBytes > file.sizeBytes ||
                    markedBytes > file.sizeBytes ||
                    (markedBytes > 0 && (await this.markOf(file, markedBytes)) !== file.mark)
                ) {
                    // Its lines are about another file.
                    file.sentBytes = Sent.Unknown
                    file.remoteName = ""
                    file.markedBytes = 0
                }
            } catch {
                // Sending it will fail likewise, and report it.
            }
        }
    }

    /**
     * Notes that this many bytes are on the server; the line is on the card on return. Data behind
     * the recorded size is not taken in: it would be an older history's. A card other than that of
     * the mount `generation` keeps its own history: Fault NotMounted.
     */
    async addLine(file: SentFile, bytes: number, generation: number): Promise<void> {
        const { sizeBytes } = file
        // A file to be sent again keeps the mark of what was sent.
        if (bytes > 0 || !(file.markedBytes >= 0)) {
            file.mark = await this.markOf(file, sizeBytes)
            file.markedBytes = sizeBytes
        }
        file.sentBytes = bytes
        const name = logName(file.key)
        const line = `${name},${bytes},${this.localTime()},${file.remoteName},${file.server},${file.mark},${file.markedBytes}`
        const self = this
        const storage = this.storage
        await storage.use("history", async (volume: CardVolume) => {
            checkMount(storage, generation)
            const file = await volume.openForAppend(self.path, "", () => false)
            try {
                await file.append(Buffer.from(line + "\r\n"))
            } finally {
                await file.close()
            }
        })
    }

    /** The mark of a file's first `bytes` bytes: a checksum of the last 256 of them. */
    private async markOf(file: SentFile, bytes: number): Promise<number> {
        const { piece } = this
        const read = cardReader(this.storage, this.folder + "/" + logName(file.key))
        const length = Math.min(bytes, pieceBytes)
        return crc16(0, piece, 0, await read(bytes - length, piece, length))
    }

    /** True if all of a file is on the server; false if it must be sent again. */
    async fullySent(fileName: string, sizeBytes: number): Promise<boolean> {
        const file = new SentFile(logKey(Buffer.from(fileName), 0), sizeBytes)
        await this.fillIn([file], 0)
        return file.sentBytes > 0 && file.sentBytes >= sizeBytes
    }
}

/**
 * Applies a line to its file, unless it is damaged or its name is not ours. A comma has replaced a
 * carriage return.
 * @returns false if the previous lines remain necessary
 */
function readLine(file: SentFile, line: string, folder: string): boolean {
    const bytes = parseInteger(fieldAt(line, 1, ","))
    const name = fieldAt(line, 3, ",")
    if (!(bytes >= 0) || !isOurs(name, "-" + folder + "-" + line.slice(0, 8))) return false
    const before = file.sentBytes
    if (bytes !== 0 || before === Sent.Unknown || before === 0) file.sentBytes = bytes
    else file.sentBytes = Sent.Again
    file.remoteName = name
    const size = parseInteger(fieldAt(line, 6, ","))
    // Earlier firmware wrote no marks.
    if (!(size >= 0)) return false
    file.server = parseInteger(fieldAt(line, 4, ","))
    file.mark = parseInteger(fieldAt(line, 5, ","))
    file.markedBytes = size
    return true
}

/**
 * True for a name that a board assigns: a serial number, the stem, and "-2" to "-99" or nothing.
 */
function isOurs(name: string, stem: string): boolean {
    const at = name.indexOf(stem)
    const end = name.slice(at + stem.length)
    const number = parseInteger(end.slice(0, end.length - 4))
    return (
        at > 0 &&
        consistsOf(name, ".") &&
        (end === ".CSV" || (number < -1 && number >= -namesMax && end === number + ".CSV"))
    )
}
