import { FaultCode, faultCode } from "../core/fault"
import { logDirectories, logKey } from "../core/logname"
import { Ticks } from "../core/seams"
import { LogEntry, LogStorage, LogVolume } from "./logcard"
import { LogKind } from "./record"

/** A search that found nothing is not repeated before this. */
const searchPauseMs = 60000
/**
 * One search checks at most this many files that are not fully sent although the history has bytes
 * for them; the next search continues after them.
 */
const triesMax = 4
/** Days of five years, at 31 per month: the number of days with their own bit. */
const dayBits = 5 * 12 * 31

/** What the server has confirmed of one log. Both methods use the card in steps. */
export interface LogHistory {
    /** Visits all lines: a file's key, and whether the line has more than 0 bytes. */
    fillIn(
        files: any[],
        offset: number,
        visit: (key: number, sent: boolean) => void,
    ): Promise<number>
    /** True if all bytes of a log file were confirmed. */
    fullySent(name: string, sizeBytes: number): Promise<boolean>
}

/**
 * Makes room on a full card by deleting the oldest log file that is on the server. A search reads
 * each history once, plus one of them per file that it checks; others can use the card in between.
 */
export class Retention {
    /** A search is futile before this time; 0 after a mount. */
    pausedUntilMs = 0
    /** The key after which the next search begins; 0 after a mount. */
    after = 0
    /** One bit per day and log: the last history line of the day's first file has bytes. */
    private readonly sentDays = Buffer.alloc(dayBits / 4)

    /** @param histories of the main log and of the cell log */
    constructor(
        private readonly ticks: Ticks,
        private readonly histories: LogHistory[],
    ) {}

    /**
     * Deletes the oldest fully sent file of a day before `today` ("YYYYMMDD"), main or cell log.
     * Never touches today's, unsent or foreign files.
     * @returns false if there is none
     */
    async makeRoom(storage: LogStorage, today: string): Promise<boolean> {
        if (this.ticks.nowMs() < this.pausedUntilMs) return false
        const self = this
        const { histories, after: start } = this
        let generation = 0
        const end = logKey(Buffer.from(today + ".CSV"), 0) * 2
        let kind = LogKind.Main
        let oldest = 0
        let found: LogEntry
        const visitLine = (key: number, sent: boolean) => {
            if (key % 100 === 0) self.sentBit(key * 2 + kind, sent)
        }
        const visitFile = async (entry: LogEntry) => {
            const key = logKey(Buffer.from(entry.name), 0) * 2 + kind
            if (key <= self.after || key >= oldest) return true
            // A day has few further files.
            if (key % 200 < 2 && !self.sentBit(key)) return true
            oldest = key
            found = entry
            return true
        }
        const search = async (volume: LogVolume) => {
            generation = storage.generation()
            for (kind = LogKind.Main; kind <= LogKind.Cell; ++kind)
                await volume.list(logDirectories[kind], visitFile)
        }
        const remove = async (volume: LogVolume) => {
            // What was confirmed of one card says nothing about another.
            if (storage.generation() !== generation) return false
            return await volume.remove(logDirectories[self.after & 1] + "/" + found.name)
        }
        this.sentDays.fillAt(0, dayBits / 4, 0)
        for (; kind <= LogKind.Cell; ++kind) await histories[kind].fillIn([], 0, visitLine)
        for (let tries = 0; tries < triesMax; ++tries) {
            oldest = end
            await storage.use("logger", search)
            if (oldest === end) {
                this.after = 0
                // Earlier files may have been sent since.
                if (start !== 0) return await this.makeRoom(storage, today)
                this.pausedUntilMs = this.ticks.nowMs() + searchPauseMs
                return false
            }
            this.after = oldest
            if (!(await histories[oldest & 1].fullySent(found.name, found.sizeBytes))) continue
            try {
                return await storage.use("logger", remove)
            } catch (thrown) {
                // It is open, read-only or no file at all: try the next one.
                if (faultCode(thrown) !== FaultCode.BadPath) throw thrown
            }
        }
        return false
    }

    /** The bit of a file's day and log, changed if `sent` is given. */
    private sentBit(key: number, sent?: boolean): boolean {
        const bits = this.sentDays
        const day = (key / 200) | 0
        const month = (day / 100) | 0
        // (year * 12 + month) * 31 + day, out of year * 10000 + month * 100 + day.
        const index = day - month * 69 - ((month / 100) | 0) * 2728
        const bit = (index % dayBits) * 2 + (key & 1)
        const mask = 1 << (bit & 7)
        let byte = bits[bit >> 3]
        if (sent !== undefined) {
            byte = sent ? byte | mask : byte & ~mask
            bits[bit >> 3] = byte
        }
        return (byte & mask) !== 0
    }
}
