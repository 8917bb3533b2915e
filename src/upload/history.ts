import { formatDateTime } from "../core/calendar"
import { crc16 } from "../core/checksum"
import { Fault, FaultCode } from "../core/fault"
import { logKey } from "../core/logname"
import { WallClock } from "../core/seams"
import { fieldAt, formatDigits, parseInteger } from "../core/text"
import { consistsOf } from "../settings/values"
import { cardReader, CardStorage, CardVolume } from "./cardreader"

export { logKey }

/** A log file as the history knows it. */
export interface HistoryEntry {
    /** See logKey(). */
    readonly key: number
    readonly sizeBytes: number
    /** Bytes confirmed in all, or a `Sent`. */
    sentBytes: number
    /** Its name on the server, "" for none. */
    remoteName: string
    /** The server with that name, see Courier; -1 when no line says it. */
    server: number
    /** So many of its bytes were there at the last line, and their mark: what differs is another file. */
    markedBytes: number
    mark: number
}

/** What History.scan() says of a file instead of a byte count. */
export const enum Sent {
    /** It has no line: nothing of it was ever begun. */
    Unknown = -1,
    /** It was sent and is to be sent once more, whole. */
    Again = -2,
}

/** What a history is read by. */
export const pieceBytes = 256
/** The numbers that a remote name may have behind it. */
export const namesMax = 99
/** Name, comma, a digit, comma, time, comma, and the shortest remote name. */
const lineBytesMin = 53

/** The file name of a key. */
export function logName(key: number): string {
    return (key % 100 === 0 ? "20" + formatDigits(key / 100, 6) : formatDigits(key, 8)) + ".CSV"
}

/** The key of a day's first file; `day` is "YYYY-MM-DD". -1 when it is none. */
export function dayKey(day: string): number {
    return logKey(Buffer.from(day.slice(0, 4) + day.slice(5, 7) + day.slice(8) + ".CSV"), 0)
}

/** Forgets what was sent: those lines are about another file, or a name that is not ours. */
export function forget(file: HistoryEntry): void {
    file.sentBytes = Sent.Unknown
    file.remoteName = ""
    file.markedBytes = 0
}

/**
 * What was sent, on the card: a line for each confirmed transfer, and one with 0 bytes before a file's first
 * transfer; of a file's lines the last one counts. 0 bytes after more than 0 ask for the file to be sent again,
 * whole. A line that is none of these is passed over. Its exact form: docs/SPEC-upload.md. The history may be as
 * long as it likes: it is read through, never held.
 */
export class History {
    constructor(
        private readonly storage: CardStorage,
        private readonly clock: WallClock,
        /** "LOGSENT.TXT" or "CELLSENT.TXT". */
        readonly path: string,
        /**
         * All histories of a card may share it: who reads into it holds the card, and has looked through it
         * before anybody else can get the card.
         */
        private readonly piece: Buffer,
    ) {}

    /** "LOG" or "CELL". */
    private folder(): string {
        return this.path.slice(0, this.path.length - 8)
    }

    /** "YYYY-MM-DD HH:MM:SS". */
    localTime(): string {
        const now = this.clock.nowSeconds()
        return formatDateTime(now + this.clock.offsetMinutes(now) * 60)
    }

    /**
     * Fills in what was sent of each file.
     * @param volume the mounted volume when the caller has it, else it is taken piece by piece
     * @param offset where a line begins, before which no line is about these files
     * @returns where the first line about them begins, or the next one would
     */
    async scan(files: HistoryEntry[], volume?: CardVolume, offset = 0): Promise<number> {
        const first = await this.readLines(files, volume, offset)
        for (const file of files) {
            try {
                if (await this.isAnother(file, volume)) forget(file)
            } catch (thrown) {
                // Its sending will meet the same trouble, and say so.
            }
        }
        return first
    }

    private async readLines(
        files: HistoryEntry[],
        volume: CardVolume,
        offset: number,
    ): Promise<number> {
        const { piece } = this
        const read = cardReader(this.storage, this.path, volume)
        let first = -1
        for (;;) {
            const count = await read(offset, piece, pieceBytes)
            // A PC's editor may have put a byte order mark in front.
            let at = offset === 0 && piece[0] === 0xef ? 3 : 0
            for (;;) {
                const end = piece.indexOf(10, at)
                if (end < 0 || end >= count) break
                // Thousands of blank ones take no time.
                const key = end - at < lineBytesMin ? -1 : logKey(piece, at)
                if (key >= 0)
                    for (const file of files)
                        if (file.key === key) {
                            if (first < 0) first = offset + at
                            readLine(file, piece.slice(at, end).toString(), this.folder())
                        }
                at = end + 1
            }
            if (count < pieceBytes) return first < 0 ? offset + at : first
            // No line is that long: damage, passed over.
            offset += at === 0 ? count : at
        }
    }

    /** True for a file that does not begin with what was there at its last line. */
    private async isAnother(file: HistoryEntry, volume: CardVolume): Promise<boolean> {
        const { markedBytes, sizeBytes } = file
        if (Math.max(file.sentBytes, markedBytes) > sizeBytes) return true
        return markedBytes > 0 && (await this.markOf(file.key, markedBytes, volume)) !== file.mark
    }

    /** The mark of the first so many bytes of a file: a checksum of the last 256 of them. */
    async markOf(key: number, bytes: number, volume?: CardVolume): Promise<number> {
        const { piece } = this
        const read = cardReader(this.storage, this.folder() + "/" + logName(key), volume)
        const length = Math.min(bytes, pieceBytes)
        return crc16(0, piece, 0, await read(bytes - length, piece, length))
    }

    /**
     * Adds a line; it is on the card on return. Nothing behind the recorded size is taken in: it would be an
     * older history's. A card other than the one of that mount keeps its own history: Fault CardAbsent.
     * @param marks what stands behind the remote name
     */
    async append(
        fileName: string,
        bytes: number,
        remoteName: string,
        generation: number,
        marks = "",
    ): Promise<void> {
        const line = `${fileName},${bytes},${this.localTime()},${remoteName}${marks}\r\n`
        const path = this.path
        const storage = this.storage
        await storage.use("history", async (volume: CardVolume) => {
            if (storage.generation() !== generation)
                throw new Fault(FaultCode.CardAbsent, "the card was changed during the upload")
            const file = await volume.openForAppend(path, "", () => false)
            await file.append(Buffer.from(line))
            await file.sync()
            await file.close()
        })
    }

    /** True when all of a file is on the server; what is to be sent again is not. */
    async fullySent(fileName: string, sizeBytes: number, volume?: CardVolume): Promise<boolean> {
        const file: HistoryEntry = {
            key: logKey(Buffer.from(fileName), 0),
            sizeBytes,
            sentBytes: Sent.Unknown,
            remoteName: "",
            server: -1,
            markedBytes: 0,
            mark: 0,
        }
        await this.scan([file], volume)
        return file.sentBytes > 0 && file.sentBytes >= sizeBytes
    }
}

/** Takes over a file's line, without its line feed, unless it is damaged or its name none of ours. */
function readLine(file: HistoryEntry, line: string, folder: string): void {
    if (line[line.length - 1] === "\r") line = line.slice(0, line.length - 1)
    const bytes = parseInteger(fieldAt(line, 1, ","))
    const name = fieldAt(line, 3, ",")
    const stem = "-" + folder + "-" + logName(file.key).slice(0, 8)
    if (!(bytes >= 0) || fieldAt(line, 2, ",").length !== 19 || !isOurs(name, stem)) return
    const before = file.sentBytes
    if (bytes !== 0 || before === Sent.Unknown || before === 0 || name !== file.remoteName)
        file.sentBytes = bytes
    else file.sentBytes = Sent.Again
    file.remoteName = name
    const size = parseInteger(fieldAt(line, 4, ","))
    // Earlier firmware wrote no marks.
    if (!(size >= 0)) return
    file.markedBytes = size
    file.server = parseInteger(fieldAt(line, 5, ","))
    file.mark = parseInteger(fieldAt(line, 6, ","))
}

/** True for a name that a board gives: a serial number, the stem, and a number from 2 to 99 or none. */
function isOurs(name: string, stem: string): boolean {
    const at = name.indexOf(stem)
    const end = name.slice(at + stem.length)
    const number = parseInteger(end.slice(1, end.length - 4))
    return (
        at > 0 &&
        consistsOf(name.slice(0, at), "") &&
        (end === ".CSV" || (number > 1 && number <= namesMax && end === "-" + number + ".CSV"))
    )
}
