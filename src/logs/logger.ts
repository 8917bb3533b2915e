import { BatteryState } from "../battery/state"
import { Alarm, AlarmSink } from "../core/alarm"
import { fatStamp } from "../core/calendar"
import { FaultCode, faultCode, faultMessage } from "../core/fault"
import { Flash, WallClock } from "../core/seams"
import { Key, SettingsReader } from "../settings/keys"
import { LogFile, LogStorage, LogVolume } from "./logcard"
import { LogRecord, RecordQueue } from "./queue"
import { cellRecord, dayDigits, header, LogKind, logFileName } from "./record"
import { mainRecord, recordStart, TailCheck } from "./record"
import { logDirectories, Retention } from "./retention"

/** The flash keys of the file that each log wrote last, as its path. */
const flashKeys = ["logmain", "logcell"]
/** The monitor's thermistors, until the first sample says how many there are. */
const thermistorsAtStart = 2
/** RECORDS_LOST stays up for so long after the last loss. */
const lossShownSeconds = 10
/** The longest header: 16 cells and 4 thermistors are 202 bytes. */
const headerBytesMax = 208
/** YYMMDDnn goes to 99; a day changes its columns less often than that. */
const numberMax = 99

/** The alarm flags, to set and as the `errors` column shows them. */
export interface LogAlarms extends AlarmSink {
    flags(): number
}

/** Where one log stands on the card. */
class LogPlace {
    /** The file written last, also in an earlier run; "" when none is known. */
    path = ""
    day = ""
    /** See header(). */
    columns = 0
    /** undefined until it is open. */
    file: LogFile = undefined
    /** The mount it was opened in. */
    generation = 0
    /** The file's last record, and when it was made, as far as that is known. */
    lastLine = ""
    lastSeconds = 0
    written = 0
    /** Of the day's files: the one tried last, the first that can be used, and failures in a row. */
    number = 0
    numberMin = 0
    failures = 0

    /**
     * Takes note of a failed write. What is the matter may be with one file or its sectors: after the second
     * failure in a row the day goes on in its next file, and after a third, in that one, for a while in the
     * file before again.
     * @returns true when nothing can be written
     */
    failed(code: FaultCode): boolean {
        if (code <= FaultCode.CardTimeout || code === FaultCode.CardWriteProtected) return false
        if (code === FaultCode.VolumeSearching) return false
        this.failures += 1
        if (this.failures < 2) return false
        // No file has these columns: the one that is open will be put in order and left.
        this.columns = -1
        this.numberMin = this.number + 1
        if (this.failures === 2) return false
        this.numberMin = this.number - 1
        this.failures = -30
        return true
    }
}

/**
 * The logger: one main record, and one cell record if set so, at each multiple of the logging period.
 * Records go through a queue to the card; while the card is away they wait there.
 */
export class Logger {
    /** Why the last write failed, "" when it did not. */
    lastError = ""

    private readonly queue = new RecordQueue()
    private readonly places = [new LogPlace(), new LogPlace()]
    /** The mount in which the files written last were recovered. */
    private generation = 0
    /** The log whose records are written first. */
    private nextKind: LogKind = LogKind.Main
    private lastSeconds = 0
    private thermistors = thermistorsAtStart
    private lostShown = 0
    private lossSeconds = 0

    /**
     * @param sample a measurement for this record; undefined or a throw leaves its fields empty
     * @param log takes one line for the person at the console
     */
    constructor(
        private readonly clock: WallClock,
        private readonly settings: SettingsReader,
        private readonly storage: LogStorage,
        private readonly flash: Flash,
        private readonly sample: () => Promise<BatteryState | undefined>,
        private readonly alarms: LogAlarms,
        private readonly retention: Retention,
        private readonly log: (line: string) => void,
    ) {}

    /** Records of that log on the card since the start. */
    recordsWritten(kind: LogKind): number {
        return this.places[kind].written
    }

    /** Records that the queue had to let go since the start. */
    recordsLost(): number {
        return this.queue.lost
    }

    /** Records that wait for the card. */
    queued(): number {
        return this.queue.count()
    }

    /** Learns which files were written last. Call it before the first record. */
    async start(): Promise<void> {
        for (let kind = LogKind.Main; kind <= LogKind.Cell; ++kind) {
            const path = await this.flash.read(flashKeys[kind])
            if (path) this.places[kind].path = path.toString()
        }
    }

    /**
     * The task's job at each multiple of the logging period: measures and queues the records of that
     * second. It never waits for the card: `flush` does.
     */
    async logRecord(): Promise<void> {
        const now = this.clock.nowSeconds()
        const period = this.settings.number(Key.SdPeriod)
        const release = Math.floor(now / period) * period
        // A second is logged once; but when the clock was set back, time counts as it is now.
        if (release > this.lastSeconds || now < this.lastSeconds) {
            this.lastSeconds = release
            await this.queueRecords(release)
        }
    }

    /** Writes what is queued, if the card is there; that it is away is no failure. One fiber at a time. */
    async flush(): Promise<void> {
        if (this.queue.count() === 0) return
        const self = this
        try {
            await this.storage.use("logger", async (volume: LogVolume) => {
                await self.drain(volume)
            })
            this.lastError = ""
        } catch (thrown) {
            this.report(faultMessage(thrown))
        }
        this.reportLosses()
    }

    private async queueRecords(release: number): Promise<void> {
        let state: BatteryState | undefined
        try {
            state = await this.sample()
        } catch (thrown) {
            // The monitor's own alarm tells; the record says when there was no measurement.
            state = undefined
        }
        const settings = this.settings
        const offset = this.clock.offsetMinutes(release)
        const start = recordStart(release, offset, settings.text(Key.UserSerial))
        const main = mainRecord(start, state, this.alarms.flags())
        this.queue.push(LogKind.Main, 0, main, release)
        if (settings.number(Key.SdCells) === 0) return
        if (state) this.thermistors = state.temperatureDeciC.length
        const cells = state ? state.cellMv.length : settings.number(Key.BatteryCells)
        const line = cellRecord(start, state, cells, this.thermistors)
        this.queue.push(LogKind.Cell, cells * 16 + this.thermistors, line, release)
    }

    private async drain(volume: LogVolume): Promise<void> {
        const { queue, places } = this
        if (this.generation !== this.storage.generation()) {
            this.generation = this.storage.generation()
            this.retention.pausedUntilMs = 0
            for (const place of places) await this.recover(volume, place)
        }
        for (;;) {
            const record = queue.first(this.nextKind) || queue.first(LogKind.Cell - this.nextKind)
            if (!record) return
            await this.write(volume, record)
            // A queue that overflowed meanwhile has pushed out, and counted, what is on the card now.
            if (!queue.drop(record)) queue.lost -= 1
        }
    }

    private async write(volume: LogVolume, record: LogRecord): Promise<void> {
        const day = dayDigits(record.line)
        const place = this.places[record.kind]
        for (;;) {
            try {
                await this.append(volume, record, day)
                this.alarms.set(Alarm.SdFull, false)
                place.failures = 0
                return
            } catch (thrown) {
                // What is wrong with one log is not to keep the other waiting.
                this.nextKind = LogKind.Cell - record.kind
                const code = faultCode(thrown)
                if (code !== FaultCode.VolumeFull) {
                    if (place.failed(code)) this.alarms.set(Alarm.SdCard, true)
                    throw thrown
                }
                if (!(await this.retention.makeRoom(volume, day))) {
                    this.alarms.set(Alarm.SdFull, true)
                    throw thrown
                }
            }
        }
    }

    private async append(volume: LogVolume, record: LogRecord, day: string): Promise<void> {
        const place = this.places[record.kind]
        const open = place.file !== undefined && place.generation === this.storage.generation()
        if (!open || place.day !== day || place.columns !== record.columns)
            await this.openFile(volume, place, record, day, open)
        // It reached the card although the card reported a failure: once is enough.
        if (record.line !== place.lastLine) {
            await place.file.append(Buffer.from(record.line))
            // After a step back in time: it would be judged by what is before it.
            if (record.epochSeconds < place.lastSeconds) await place.file.sync(true)
            place.lastSeconds = record.epochSeconds
            place.lastLine = record.line
        }
        place.written += 1
    }

    /** Finds or makes the file of that day and columns, after putting the one before in order. */
    private async openFile(
        volume: LogVolume,
        place: LogPlace,
        record: LogRecord,
        day: string,
        open: boolean,
    ): Promise<void> {
        const file = place.file
        place.file = undefined
        if (open) {
            // Carefully: the flash is about to forget this file.
            await file.sync(true)
            file.close()
        }
        if (place.day !== day) place.numberMin = 0
        place.day = day
        const wanted = header(record.columns)
        let path = ""
        for (place.number = place.numberMin; ; place.number++) {
            path = logDirectories[record.kind] + "/" + logFileName(day, place.number)
            const found = await readHeader(volume, path)
            if (found === "" || found === wanted || place.number === numberMax) break
        }
        const local = record.epochSeconds + this.clock.offsetMinutes(record.epochSeconds) * 60
        place.file = await openTail(volume, place, path, wanted, fatStamp(local))
        place.generation = this.storage.generation()
        place.columns = record.columns
        if (path === place.path) return
        // Not before: a power cut up to here still has the end of the file before looked at.
        place.path = path
        await this.flash.write(flashKeys[record.kind], Buffer.from(path))
    }

    /**
     * Recovers the end of the file that a log wrote last, which may be of an earlier day, or of a log that is
     * off by now: whatever reads its size has to know of all its records.
     */
    private async recover(volume: LogVolume, place: LogPlace): Promise<void> {
        place.file = undefined
        if (place.path === "") return
        try {
            const found = await readHeader(volume, place.path)
            if (found === "") return
            const file = await openTail(volume, place, place.path, found, undefined)
            await file.sync()
            file.close()
        } catch (thrown) {
            // The new records matter more; a card that is away will say so again.
            this.report(faultMessage(thrown))
        }
    }

    /** One line at the console for each new trouble. */
    private report(message: string): void {
        if (message !== this.lastError) this.log("logger: " + message)
        this.lastError = message
    }

    private reportLosses(): void {
        const now = this.clock.nowSeconds()
        const lost = this.queue.lost - this.lostShown
        if (lost !== 0) {
            this.lossSeconds = now
            if (this.queue.count() === 0) {
                this.log(`logger: ${lost} records lost while the card could not be written`)
                this.lostShown = this.queue.lost
            }
        }
        // Up for long enough to be entered in the journal.
        this.alarms.set(Alarm.RecordsLost, Math.abs(now - this.lossSeconds) < lossShownSeconds)
    }
}

/** The first line of a file without its line end, "" when there is no file or its beginning was torn. */
async function readHeader(volume: LogVolume, path: string): Promise<string> {
    const file = await volume.open(path)
    if (file === undefined) return ""
    const start = Buffer.alloc(headerBytesMax)
    const count = await file.read(0, start, headerBytesMax)
    file.close()
    if (start.getAt(0, "u32") === 0xffffffff) return ""
    const end = start.indexOf(13, 0, count)
    return start.slice(0, end < 0 ? count : end).toString()
}

/** Opens a log for append; the last record found behind its recorded size sets `lastSeconds`. */
async function openTail(
    volume: LogVolume,
    place: LogPlace,
    path: string,
    firstLine: string,
    stamp: number,
): Promise<LogFile> {
    const check = new TailCheck(path.slice(path.indexOf("/") + 1), firstLine)
    const accepts = (line: string) => check.accepts(line)
    const file = await volume.openForAppend(path, firstLine + "\r\n", accepts, stamp)
    // A further file of a day may be empty: then the last record is that of the file before it.
    if (check.lastSeconds !== 0) {
        place.lastSeconds = check.lastSeconds
        place.lastLine = check.lastLine + "\r\n"
    }
    return file
}
