import { textOf } from "../core/text"
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

/** One that waits, and how it is kept. */
interface WaitingRecord extends LogRecord {
    kept: Buffer
}

const recordsMax = 32
const bytesMax = 4096

/** What a record is kept as: in one piece, since 32 objects would take almost twice as much. */
const enum Kept {
    Seconds = 0,
    Columns = 4,
    Kind = 6,
    Line = 7,
}

/**
 * The records that wait for the card, oldest first: at most 32, and 4 KiB of text. What does not
 * fit pushes out the oldest, since the files must stay in order, and is counted.
 */
export class RecordQueue {
    /** Records pushed out since the start. */
    lost = 0

    private records: Buffer[] = []
    private bytes = 0

    count(): number {
        return this.records.length
    }

    add(kind: LogKind, columns: number, line: string, epochSeconds: number): void {
        const bytes = line.byteLength
        const kept = Buffer.alloc(Kept.Line + bytes)
        kept.setAt(Kept.Seconds, "u32", epochSeconds)
        kept.setAt(Kept.Columns, "u16", columns)
        kept[Kept.Kind] = kind
        kept.blitAt(Kept.Line, line, 0, bytes)
        this.records.push(kept)
        this.bytes += bytes
        while (this.records.length > recordsMax || this.bytes > bytesMax) {
            this.remove(0)
            this.lost += 1
        }
    }

    /** The oldest record of that log, undefined when none waits. */
    first(kind: LogKind): WaitingRecord | undefined {
        for (const kept of this.records)
            if (kept[Kept.Kind] === kind)
                return {
                    kind,
                    columns: kept.getAt(Kept.Columns, "u16"),
                    line: textOf(kept.slice(Kept.Line)),
                    epochSeconds: kept.getAt(Kept.Seconds, "u32"),
                    kept,
                }
        return undefined
    }

    /** Takes a record out; false when it is no longer there. */
    drop(record: WaitingRecord): boolean {
        const at = this.records.indexOf(record.kept)
        if (at < 0) return false
        this.remove(at)
        return true
    }

    private remove(at: number): void {
        const records = this.records
        this.bytes -= records[at].length - Kept.Line
        for (; at > 0; --at) records[at] = records[at - 1]
        records.shift()
    }
}
