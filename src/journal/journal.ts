import { alarmName, formatAlarms } from "../core/alarm"
import { crc16 } from "../core/checksum"
import { Flash } from "../core/seams"
import { formatDigits, printable } from "../core/text"

/** Positions 1 to 32, used as a ring. */
export const journalPositions = 32

const entryBytes = 16
/** Entries have no room for a reason: memory keeps those of the last ones since the start. */
const notesMax = 8
const noteLengthMax = 60

/** The bytes of an entry; docs/reference/journal.md. Numbers are little-endian. */
export const enum At {
    /** u32, from 1, incremented with each entry. */
    Sequence = 0,
    /** u32, Unix seconds. */
    Time = 4,
    /** u32, all flags after the change. */
    Flags = 8,
    /** u8, the bit that changed. */
    Alarm = 12,
    /** u8, bits of Mark. */
    Marks = 13,
    /** u16, CRC-16/CCITT of the bytes before it. */
    Checksum = 14,
}

/** Remarks on an entry. */
export const enum Mark {
    /** The clock was not trusted: the time is a lower bound. */
    ClockUntrusted = 1,
    /** The last entry of this flag for up to an hour: it changes too often. */
    Limited = 2,
}

/**
 * The place of an entry number among the 32, from 0. A position is a number with the same place.
 */
function placeOf(number: number): number {
    return (number - 1) & (journalPositions - 1)
}

/** The flash key of an entry number or position. */
export function journalKey(number: number): string {
    return "j" + formatDigits(placeOf(number), 2)
}

/** The errors journal: 32 entries in flash, with a copy in memory. One write makes an entry. */
export class Journal {
    /** Number of the last entry, 0 for none. */
    lastSequence = 0
    /** All flags after the last entry. */
    lastFlags = 0
    private readonly entries = Buffer.alloc(journalPositions * entryBytes)
    private readonly notes: string[] = []

    constructor(private readonly flash: Flash) {}

    /** Reads all entries; damaged ones count as empty. Throws the flash's faults. */
    async load(): Promise<void> {
        let last = 0
        for (let position = 1; position <= journalPositions; ++position) {
            const at = (position - 1) * entryBytes
            const stored = await this.flash.read(journalKey(position))
            this.entries.fillAt(at, entryBytes, 0)
            if (!stored || stored.length !== entryBytes) continue
            if (stored.getAt(At.Checksum, "u16") !== crc16(0, stored, 0, At.Checksum)) continue
            this.entries.blitAt(at, stored, 0, entryBytes)
            const sequence = stored.getAt(At.Sequence, "u32")
            if (sequence <= last) continue
            last = sequence
            this.lastFlags = stored.getAt(At.Flags, "u32")
        }
        // Set last, so that concurrent callers see all entries or none.
        this.lastSequence = last
    }

    /** A copy of the entry's bytes by position, 1–32, or number; zeros if there is none. */
    entry(number: number): Buffer {
        const at = placeOf(number) * entryBytes
        return this.entries.slice(at, at + entryBytes)
    }

    /**
     * Makes an entry: `alarm` is the flag that changed, `flags` are all flags after it, `note` is
     * the reason. It is in flash on return; after a fault of the flash the next entry reuses the
     * position.
     */
    async record(
        epochSeconds: number,
        flags: number,
        alarm: number,
        marks: number,
        note?: string,
    ): Promise<void> {
        const entry = Buffer.alloc(entryBytes)
        const sequence = this.lastSequence + 1
        entry.setAt(At.Sequence, "u32", sequence)
        entry.setAt(At.Time, "u32", epochSeconds)
        entry.setAt(At.Flags, "u32", flags)
        entry[At.Alarm] = alarm
        entry[At.Marks] = marks
        entry.setAt(At.Checksum, "u16", crc16(0, entry, 0, At.Checksum))
        await this.flash.write(journalKey(sequence), entry)
        this.entries.blitAt(placeOf(sequence) * entryBytes, entry, 0, entryBytes)
        this.lastSequence = sequence
        this.lastFlags = flags
        this.notes[sequence % notesMax] = note ? printable(note, noteLengthMax) : ""
    }

    /** The reason for an entry; "" unless it is one of the last ones since the start. */
    noteOf(number: number): string {
        return (number > this.lastSequence - notesMax && this.notes[number % notesMax]) || ""
    }

    /**
     * The entry at a position, 1–32, or with that number, as one line: "#37 2026-11-22 10:00:00
     * SD_CARD appeared; now: SD_CARD"; the last entries since the start include a note: "SD_CARD
     * appeared (no card: insert one); now: SD_CARD". A "~" follows a time that is a lower bound.
     * "empty" if there is none.
     */
    describe(number: number, formatTime: (epochSeconds: number) => string): string {
        const entry = this.entry(number)
        const sequence = entry.getAt(At.Sequence, "u32")
        if (sequence === 0) return "empty"
        const flags = entry.getAt(At.Flags, "u32")
        const note = this.noteOf(sequence)
        const alarm = entry[At.Alarm]
        const marks = entry[At.Marks]
        return (
            `#${sequence} ${formatTime(entry.getAt(At.Time, "u32"))}` +
            (marks & Mark.ClockUntrusted ? "~ " : " ") +
            alarmName(alarm) +
            ((flags >> alarm) & 1 ? " appeared" : " disappeared") +
            (marks & Mark.Limited ? " (too often: not entered for an hour)" : "") +
            (note && ` (${note})`) +
            "; now: " +
            formatAlarms(flags)
        )
    }
}
