import { LogKind } from "./record"

/** A line on its way to the card. */
export interface LogRecord {
    kind: LogKind
    /** Those of the file it belongs into, see header(). */
    columns: number
    /** The record with its line end. */
    line: string
    /** When it was made, UTC. */
    epochSeconds: number
}

const recordsMax = 32
const bytesMax = 4096

/**
 * The records that wait for the card, oldest first: at most 32, and 4 KiB of text. What does not
 * fit pushes out the oldest, since the files must stay in order, and is counted.
 */
export class RecordQueue {
    /** Records pushed out since the start. */
    lost = 0

    private records: LogRecord[] = []
    private bytes = 0

    count(): number {
        return this.records.length
    }

    add(kind: LogKind, columns: number, line: string, epochSeconds: number): void {
        this.records.push({ kind, columns, line, epochSeconds })
        this.bytes += line.length
        while (this.records.length > recordsMax || this.bytes > bytesMax) {
            this.drop(this.records[0])
            this.lost += 1
        }
    }

    /** The oldest record of that log, undefined when none waits. */
    first(kind: LogKind): LogRecord | undefined {
        for (const record of this.records) if (record.kind === kind) return record
        return undefined
    }

    /** Takes a record out; false when it is no longer there. */
    drop(record: LogRecord): boolean {
        const records = this.records
        let at = records.indexOf(record)
        if (at < 0) return false
        for (; at > 0; --at) records[at] = records[at - 1]
        records.shift()
        this.bytes -= record.line.length
        return true
    }
}
