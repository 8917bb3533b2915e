import { LogKind } from "./record"

/** A line on its way to the card. */
export interface LogRecord {
    kind: LogKind
    /** The header of the file it belongs into, without line end. */
    header: string
    /** The record with its line end. */
    line: string
    /** When it was made, UTC. */
    epochSeconds: number
}

const recordsMax = 32
const bytesMax = 4096

/**
 * The records that wait for the card, oldest first: at most 32, and 4 KiB of text. What does not fit
 * pushes out the oldest, since the files must stay in order, and is counted.
 */
export class RecordQueue {
    /** Records pushed out since the start. */
    lost = 0

    private records: LogRecord[] = []
    private bytes = 0

    count(): number {
        return this.records.length
    }

    push(kind: LogKind, header: string, line: string, epochSeconds: number): void {
        this.records.push({ kind, header, line, epochSeconds })
        this.bytes += line.length
        while (this.records.length > recordsMax || this.bytes > bytesMax) {
            this.drop()
            this.lost += 1
        }
    }

    /** The oldest record, undefined when none waits. */
    first(): LogRecord | undefined {
        return this.records[0]
    }

    /** Takes the oldest record out. */
    drop(): void {
        const record = this.records.shift()
        if (record) this.bytes -= record.line.length
    }
}
