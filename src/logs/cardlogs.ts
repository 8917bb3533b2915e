import { Alarm, AlarmSink } from "../core/alarm"
import { fatStamp } from "../core/calendar"
import { FaultCode, faultCode } from "../core/fault"
import { logDirectories, logOf } from "../core/logname"
import { WallClock } from "../core/seams"
import { LogVolume } from "./logcard"
import { enter, leave, LogPlace, readHeader } from "./logplace"
import { LogRecord } from "./queue"
import { dayDigits, header, LogKind, logFileName, startColumns } from "./record"

/** YYMMDDnn goes to 99; a day changes its columns less often than that. */
const numberMax = 99

/**
 * The files of the three logs on the card: each record goes once into a file of its day and its
 * columns.
 */
export class CardLogs {
    /** The log whose records are written first. */
    nextKind: LogKind = LogKind.Main
    /** Why a record found no room. */
    full: any
    private readonly places = [new LogPlace(), new LogPlace(), new LogPlace()]

    /** @param tell takes what went wrong with a file that a power cut has left */
    constructor(
        private readonly clock: WallClock,
        private readonly alarms: AlarmSink,
        private readonly tell: (thrown: any) => void,
    ) {}

    /** Where a log stands. */
    place(kind: LogKind): LogPlace {
        return this.places[kind]
    }

    /**
     * Another mount: takes in what a power cut has left behind the recorded sizes, and goes on in
     * these files.
     */
    async recover(volume: LogVolume): Promise<void> {
        for (const place of this.places) {
            place.file = undefined
            place.columns = -1
        }
        for (const path of volume.left) await this.takeIn(volume, path)
    }

    /** What a power cut has left behind the recorded size of that log. */
    async takeIn(volume: LogVolume, path: string): Promise<void> {
        try {
            const found = await readHeader(volume, path)
            // Others may have made a file of that name.
            if (found.indexOf(startColumns) === 0)
                await enter(volume, this.places[logOf(path)], path, found)
            await this.leaveEvents()
        } catch (thrown) {
            // The new records matter more; a card that is away will say so again.
            this.tell(thrown)
        }
    }

    /** The event log's buffer is for others, too. */
    async leaveEvents(): Promise<void> {
        await leave(this.places[LogKind.Event])
    }

    /** @returns false when there is no room for it */
    async write(volume: LogVolume, record: LogRecord): Promise<boolean> {
        const place = this.places[record.kind]
        const day = dayDigits(record.line)
        try {
            await this.append(volume, place, record, day)
            this.alarms.set(Alarm.SdFull, false)
            place.failures = 0
            return true
        } catch (thrown) {
            // What is wrong with one log is not to keep the other waiting.
            this.nextKind = LogKind.Cell - (record.kind & 1)
            const code = faultCode(thrown)
            if (code !== FaultCode.VolumeFull) {
                if (place.failed(code)) this.alarms.set(Alarm.SdCard, true)
                throw thrown
            }
            this.full = thrown
            // A file that is open can not go.
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
            // After a step back in time: it would be judged by what is before it.
            if (record.epochSeconds < place.lastSeconds) await place.file.syncEntry(true)
            place.lastSeconds = record.epochSeconds
            place.lastLine = record.line
        }
        place.written += 1
    }

    /** Finds or makes the file of that day and columns, after putting the one before in order. */
    private async open(
        volume: LogVolume,
        place: LogPlace,
        record: LogRecord,
        day: string,
    ): Promise<void> {
        if (place.day !== day) place.numberMin = 0
        place.day = day
        // Until it is open.
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
