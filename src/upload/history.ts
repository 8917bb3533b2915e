import { Fault, FaultCode } from "../core/fault"
import { formatDateTime } from "../core/calendar"
import { logKey } from "../core/logname"
import { WallClock } from "../core/seams"
import { formatDigits, parseInteger, textOf } from "../core/text"
import { cardReader, CardStorage, CardVolume } from "./cardreader"

export { logKey }

/** A log file as the history knows it. */
export interface HistoryEntry {
    /** See logKey(). */
    readonly key: number
    /** Bytes confirmed in all, or a `Sent`. */
    sentBytes: number
    /** Its name on the server, "" for none. */
    remoteName: string
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

/** The file name of a key. */
export function logName(key: number): string {
    return (key % 100 === 0 ? "20" + formatDigits(key / 100, 6) : formatDigits(key, 8)) + ".CSV"
}

/**
 * What was sent, on the card: a line for each confirmed transfer, `YYYYMMDD.CSV,<bytes sent in
 * all>,<time>,<remote name>`, and one with 0 bytes before a file's first transfer; of a file's
 * lines the last one counts. 0 bytes after more than 0 ask for the file to be sent again, whole. A
 * line that is none of these is passed over. The history may be as long as it likes: it is read
 * through, never held.
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

    /**
     * Fills in what was sent of each file.
     * @param volume the mounted volume when the caller has it, else it is taken piece by piece
     * @param offset where a line begins, before which no line is about these files
     * @returns where the first line about them begins, or the next one would
     */
    async scan(files: HistoryEntry[], volume?: CardVolume, offset = 0): Promise<number> {
        const { piece } = this
        const read = cardReader(this.storage, this.path, volume)
        let first = -1
        for (;;) {
            const count = await read(offset, piece, pieceBytes)
            let at = 0
            for (;;) {
                const end = piece.indexOf(10, at)
                if (end < 0 || end >= count) break
                const key = logKey(piece, at)
                for (const file of files)
                    if (file.key === key) {
                        if (first < 0) first = offset + at
                        readLine(file, piece, at, end)
                    }
                at = end + 1
            }
            if (count < pieceBytes) return first < 0 ? offset + at : first
            // No line is that long: damage, passed over.
            offset += at === 0 ? count : at
        }
    }

    /**
     * Adds a line; it is on the card on return. Nothing behind the recorded size is taken in: it would be an
     * older history's. A card other than the one of that mount keeps its own history: Fault CardAbsent.
     */
    async append(
        fileName: string,
        bytes: number,
        remoteName: string,
        generation: number,
    ): Promise<void> {
        const now = this.clock.nowSeconds()
        const time = formatDateTime(now + this.clock.offsetMinutes(now) * 60)
        const path = this.path
        const storage = this.storage
        await storage.use("history", async (volume: CardVolume) => {
            if (storage.generation() !== generation)
                throw new Fault(FaultCode.CardAbsent, "the card was changed during the upload")
            const file = await volume.openForAppend(path, "", () => false)
            await file.append(Buffer.from(`${fileName},${bytes},${time},${remoteName}\r\n`))
            await file.sync()
            await file.close()
        })
    }

    /** True when all of a file is on the server; what is to be sent again is not. */
    async fullySent(fileName: string, sizeBytes: number, volume?: CardVolume): Promise<boolean> {
        const key = logKey(Buffer.from(fileName), 0)
        const file = { key, sentBytes: Sent.Unknown, remoteName: "" }
        await this.scan([file], volume)
        return file.sentBytes > 0 && file.sentBytes >= sizeBytes
    }
}

/** Takes over a file's line from `at` to its line feed at `end`, unless it is damaged. */
function readLine(file: HistoryEntry, piece: Buffer, at: number, end: number): void {
    const comma = piece.indexOf(44, at + 13)
    // Name, comma, bytes, comma, 19 characters of time, comma, remote name, CR LF.
    if (comma + 20 > end || piece[comma + 20] !== 44) return
    const bytes = parseInteger(textOf(piece.slice(at + 13, comma)))
    if (!(bytes >= 0) || comma + 21 >= end - 1) return
    // A name that could not be asked for would keep its file, and all after it, from being sent.
    for (let i = comma + 21; i < end - 1; ++i) if (piece[i] <= 32 || piece[i] >= 127) return
    file.remoteName = textOf(piece.slice(comma + 21, end - 1))
    const before = file.sentBytes
    if (bytes !== 0 || before === Sent.Unknown || before === 0) file.sentBytes = bytes
    else file.sentBytes = Sent.Again
}
