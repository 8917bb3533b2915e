import { BatteryState } from "../battery/state"
import { Alarm, AlarmSink } from "../core/alarm"
import { faultMessage } from "../core/fault"
import { WallClock } from "../core/seams"
import { fieldAt } from "../core/text"
import { At, Journal, journalPositions } from "../journal/journal"
import { Key, SettingsReader } from "../settings/keys"
import { CardLogs } from "./cardlogs"
import { LogStorage, LogVolume } from "./logcard"
import { LogRecord, RecordQueue } from "./queue"
import { cellRecord, dayDigits, eventColumns, eventRecord } from "./record"
import { LogKind, mainRecord, recordStart } from "./record"
import { Retention } from "./retention"

/** Number of thermistors until the first sample. */
const thermistorsAtStart = 2
/** RECORDS_LOST stays up for this long after the last loss. */
const lossShownSeconds = 10

/** The alarm flags, to set and for the `errors_hex` column. */
export interface LogAlarms extends AlarmSink {
    flags(): number
}

/**
 * The logger: one main record, and if set one cell record, per multiple of the logging period.
 * Records go through a queue to the card, and wait there while it is out.
 */
export class Logger {
    /** Why the last write failed, "" if it did not. */
    lastError = ""

    private readonly queue = new RecordQueue()
    private readonly files: CardLogs
    /** Number of the last journal entry on the card, 0 until known for this mount. */
    private events = 0
    private lastSeconds = 0
    private thermistors = thermistorsAtStart
    private lostShown = 0
    private lossSeconds = 0

    /**
     * @param sample a measurement for this record; if undefined or thrown, its fields stay empty
     * @param log prints one line on the console
     */
    constructor(
        private readonly clock: WallClock,
        private readonly settings: SettingsReader,
        private readonly storage: LogStorage,
        private readonly sample: () => Promise<BatteryState | undefined>,
        private readonly alarms: LogAlarms,
        private readonly retention: Retention,
        private readonly log: (line: string) => void,
        private readonly journal: Journal,
    ) {
        const self = this
        this.files = new CardLogs(clock, alarms, text => self.tell(text))
    }

    /** Records of a log written to the card since the start. */
    recordsWritten(kind: LogKind): number {
        return this.files.place(kind).written
    }

    /** Records that the queue dropped since the start. */
    recordsLost(): number {
        return this.queue.lost
    }

    /** Records waiting for the card. */
    queued(): number {
        return this.queue.count()
    }

    /**
     * Call it at each mount, before other work with the card. Takes in the records that a power cut
     * left behind the recorded sizes, of any day and board, and continues in these files.
     */
    async recover(volume: LogVolume): Promise<void> {
        const { retention } = this
        retention.pausedUntilMs = retention.after = 0
        this.events = 0
        await this.files.recover(volume)
    }

    /**
     * The task's job at each multiple of the logging period: measures and queues the records of
     * that second. Never waits for the card: `flush` does.
     */
    async logRecord(): Promise<void> {
        const now = this.clock.nowSeconds()
        const period = this.settings.number(Key.SdPeriod)
        const release = Math.floor(now / period) * period
        // A second is logged once, but a clock that was set back counts as it is now.
        if (release > this.lastSeconds || now < this.lastSeconds) {
            this.lastSeconds = release
            await this.queueRecords(release)
        }
    }

    /** Writes the queue, unless the card is out, which is no error. One fiber at a time. */
    async flush(): Promise<void> {
        if (this.queue.count() === 0 && this.events === this.journal.lastSequence) return
        const self = this
        try {
            const drain = async (volume: LogVolume) => await self.drain(volume)
            for (;;) {
                const day = await this.storage.use("logger", drain)
                if (!day) break
                if (await this.retention.makeRoom(this.storage, day)) continue
                this.alarms.set(Alarm.SdFull, true)
                throw this.files.full
            }
            this.lastError = ""
        } catch (thrown) {
            this.tell(thrown)
        }
        this.reportLosses()
    }

    private async queueRecords(release: number): Promise<void> {
        let state: BatteryState | undefined
        try {
            state = await this.sample()
        } catch (thrown) {
            // The monitor raises its own alarm; the record shows that there was no measurement.
            state = undefined
        }
        const settings = this.settings
        const start = this.startOf(release)
        // The flag itself takes three seconds: no record may have an unmarked doubtful time.
        const doubt = this.clock.trusted() ? 0 : 1 << Alarm.Clock
        const main = mainRecord(start, state, this.alarms.flags() | doubt)
        this.queue.add(LogKind.Main, 0, main, release)
        if (settings.number(Key.SdCells) === 0) return
        if (state) this.thermistors = state.temperatureDeciC.length
        const cells = state ? state.cellMv.length : settings.number(Key.BatteryCells)
        const line = cellRecord(start, state, cells, this.thermistors)
        this.queue.add(LogKind.Cell, cells * 16 + this.thermistors, line, release)
    }

    /** The beginning of a record of that second. */
    private startOf(seconds: number): string {
        const offset = this.clock.offsetMinutes(seconds)
        return recordStart(seconds, offset, this.settings.text(Key.UserSerial))
    }

    /**
     * Writes the queued records, and an event.
     * @returns "", or the main log's day if there was no room
     */
    private async drain(volume: LogVolume): Promise<string> {
        const { queue, files } = this
        for (;;) {
            const { nextKind } = files
            const record = queue.first(nextKind) || queue.first(LogKind.Cell - nextKind)
            if (!record) return await this.writeEvent(volume)
            if (!(await files.write(volume, record))) return files.place(LogKind.Main).day
            // A queue that overflowed meanwhile dropped, and counted, a record that is now on the
            // card.
            if (!queue.drop(record)) queue.lost -= 1
        }
    }

    /**
     * Writes the oldest journal entry that is not on the card: one at a time, so that others need
     * not wait long.
     * @returns "", or the main log's day if there is no room for it
     */
    private async writeEvent(volume: LogVolume): Promise<string> {
        const { files } = this
        const last = this.journal.lastSequence
        const oldest = Math.max(0, last - journalPositions)
        let number = this.events || (await this.findEvent(volume, last, oldest))
        let record: LogRecord
        if (number < oldest) number = oldest
        while (!record && number < last) record = this.eventOf(++number)
        const written = !record || (await files.write(volume, record))
        await files.leaveEvents()
        if (!written) return files.place(LogKind.Main).day
        this.events = number
        return ""
    }

    /** The journal entry with that number as a record. */
    private eventOf(number: number): LogRecord | undefined {
        const entry = this.journal.entry(number)
        if (entry.getAt(At.Sequence, "u32") !== number) return undefined
        const epochSeconds = entry.getAt(At.Time, "u32")
        const line = eventRecord(this.startOf(epochSeconds), entry, this.journal.noteOf(number))
        return { kind: LogKind.Event, columns: eventColumns, line, epochSeconds }
    }

    /**
     * Finds the newest entry that is the last line of its day on the card.
     * @returns its number, or `oldest`
     */
    private async findEvent(volume: LogVolume, last: number, oldest: number): Promise<number> {
        const place = this.files.place(LogKind.Event)
        // It belongs to the previous card.
        place.lastLine = ""
        let day = ""
        for (; last > oldest; --last) {
            const record = this.eventOf(last)
            if (!record) continue
            if (day !== dayDigits(record.line)) {
                day = dayDigits(record.line)
                await this.files.takeIn(volume, "EVT/" + day + ".CSV")
            }
            const { lastLine } = place
            if (
                fieldAt(lastLine, 3, ",") === "" + last &&
                place.lastSeconds === record.epochSeconds
            )
                break
        }
        return last
    }

    /** Prints one line on the console per new error. */
    private tell(thrown: any): void {
        const message = faultMessage(thrown)
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
