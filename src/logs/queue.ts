import { textOf } from "../core/text"
import { LogKind } from "./record"

/** A line to be written to the card. */
export interface LogRecord {
    kind: LogKind
    /** Columns of the file that it belongs to, see header(). */
    columns: number
    /** The record with its line end. */
    line: string
    /** Its time, UTC. */
    epochSeconds: number
}

/** A waiting record, and how it is stored. */
interface WaitingRecord extends LogRecord {
    kept: Buffer
}

const recordsMax = 32
const bytesMax = 4096

/** Layout of a stored record: one buffer, since 32 objects would take almost twice the memory. */
const enum Kept {
    Seconds = 0,
    Columns = 4,
    Kind = 6,
    Line = 7,
}

/**
 * The records waiting for the card, oldest first: at most 32, and 4 KiB of text. A record that does
 * not fit pushes out the oldest, since files must stay in order, and that is counted.
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

    /** The oldest waiting record of a log, undefined if there is none. */
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

    /** Removes a record; false if it is no longer there. */
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
