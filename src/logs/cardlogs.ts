import { Alarm, AlarmSink } from "../core/alarm"
import { fatStamp } from "../core/calendar"
import { FaultCode, faultCode } from "../core/fault"
import { logDirectories, logOf } from "../core/logname"
import { WallClock } from "../core/seams"
import { LogVolume } from "./logcard"
import { enter, leave, LogPlace, readHeader } from "./logplace"
import { LogRecord } from "./queue"
import { dayDigits, header, LogKind, logFileName, startColumns } from "./record"

/** YYMMDDnn ends at 99; columns change less often than that in a day. */
const numberMax = 99

/**
 * The files of the three logs on the card: each record goes once into a file of its day and
 * columns.
 */
export class CardLogs {
    /** The log whose records are written first. */
    nextKind: LogKind = LogKind.Main
    /** Why there was no room for a record. */
    full: any
    private readonly places = [new LogPlace(), new LogPlace(), new LogPlace()]

    /** @param tell receives errors with files left by a power cut */
    constructor(
        private readonly clock: WallClock,
        private readonly alarms: AlarmSink,
        private readonly tell: (thrown: any) => void,
    ) {}

    /** A log's place on the card. */
    place(kind: LogKind): LogPlace {
        return this.places[kind]
    }

    /**
     * After a mount: takes in what a power cut left behind the recorded sizes, and continues in
     * these files.
     */
    async recover(volume: LogVolume): Promise<void> {
        for (const place of this.places) {
            place.file = undefined
            place.columns = -1
        }
        for (const path of volume.left) await this.takeIn(volume, path)
    }

    /** Takes in what a power cut left behind the recorded size of that log. */
    async takeIn(volume: LogVolume, path: string): Promise<void> {
        try {
            const found = await readHeader(volume, path)
            // The file may have been created elsewhere.
            if (found.indexOf(startColumns) === 0)
                await enter(volume, this.places[logOf(path)], path, found)
            await this.leaveEvents()
        } catch (thrown) {
            // The new records matter more; a card that is out will be reported again.
            this.tell(thrown)
        }
    }

    /** Others need the event log's buffer too. */
    async leaveEvents(): Promise<void> {
        await leave(this.places[LogKind.Event])
    }

    /** @returns false if there is no room for it */
    async write(volume: LogVolume, record: LogRecord): Promise<boolean> {
        const place = this.places[record.kind]
        const day = dayDigits(record.line)
        try {
            await this.append(volume, place, record, day)
            this.alarms.set(Alarm.SdFull, false)
            place.failures = 0
            return true
        } catch (thrown) {
            // Trouble with one log must not hold up the other.
            this.nextKind = LogKind.Cell - (record.kind & 1)
            const code = faultCode(thrown)
            if (code !== FaultCode.VolumeFull) {
                if (place.failed(code)) this.alarms.set(Alarm.SdCard, true)
                throw thrown
            }
            this.full = thrown
            // An open file cannot be deleted.
            const other = this.places[this.nextKind]
            if (other.day !== day) await leave(other)
            return false
        }
    }

    private async append(
        volume: LogVolume,
        place: LogPlace,
        record: LogRecord,
        day: string,
    ): Promise<void> {
        if (!place.file || place.day !== day || place.columns !== record.columns)
            await this.open(volume, place, record, day)
        // It reached the card although the card reported a failure: once is enough.
        if (record.line !== place.lastLine) {
            await place.file.append(Buffer.from(record.line))
            // After a step back in time, recovery would reject it by the lines before it.
            if (record.epochSeconds < place.lastSeconds) await place.file.syncEntry(true)
            place.lastSeconds = record.epochSeconds
            place.lastLine = record.line
        }
        place.written += 1
    }

    /**
     * Finds or creates the file of the record's day and columns, after completing the previous one.
     */
    private async open(
        volume: LogVolume,
        place: LogPlace,
        record: LogRecord,
        day: string,
    ): Promise<void> {
        if (place.day !== day) place.numberMin = 0
        place.day = day
        // Until the file is open.
        place.columns = -1
        const now = this.clock.nowSeconds()
        volume.stamp = fatStamp(now + this.clock.offsetMinutes(now) * 60)
        const wanted = header(record.columns)
        let path = ""
        for (place.number = place.numberMin; ; place.number++) {
            path = logDirectories[record.kind] + "/" + logFileName(day, place.number)
            const found = await readHeader(volume, path)
            if (found === "" || found === wanted || place.number === numberMax) break
        }
        await enter(volume, place, path, wanted)
        place.columns = record.columns
    }
}
