import { Alarm, alarmCount, AlarmSink } from "../core/alarm"
import { Ticks, WallClock } from "../core/seams"
import { At, Journal, journalPositions, Mark } from "./journal"

/** A change must last this long, in both directions. */
const debounceMs = 3000
const entriesPerHour = 10
const minutesPerHour = 60
const secondsPerHour = 3600

/**
 * The error flags: reported by the parts, debounced, and entered in the journal. A flag that was up
 * at the last entry before the start stays up until its part reports otherwise, so that a
 * persisting error is not entered again.
 */
export class Alarms implements AlarmSink {
    /** The parts' last reports, and the flags reported since the start. */
    private reported = 0
    private known = 0
    /** The debounced flags, and those entered in the journal. */
    private debounced = 0
    private entered = 0
    /** Flags that make no entries because they made too many. */
    private limited = 0
    /** Undefined until the start. */
    private clock: WallClock
    /** When each flag was first reported or last changed, and why. */
    private readonly sinceMs: number[] = []
    private readonly notes: string[] = []
    /** Uptime in minutes at each flag's last entries, and their count, undefined for none. */
    private readonly entryMinutes = Buffer.alloc(alarmCount * entriesPerHour * 2)
    private readonly entryCounts: number[] = []

    constructor(
        private readonly ticks: Ticks,
        private readonly journal: Journal,
    ) {}

    set(alarm: Alarm, active: boolean, note?: string): void {
        const mask = 1 << alarm
        const before = this.reported
        this.reported = active ? before | mask : before & ~mask
        if (before !== this.reported || (this.known & mask) === 0) {
            this.sinceMs[alarm] = this.ticks.nowMs()
            this.notes[alarm] = note
        }
        this.known |= mask
    }

    /** The debounced flags. */
    flags(): number {
        return this.debounced
    }

    /** Continues from the last entry of the loaded journal, and makes entries from now on. */
    start(clock: WallClock): void {
        const { journal, entryCounts } = this
        this.entered = journal.lastFlags
        this.debounced = this.entered
        this.clock = clock
        // Entries of the last hour count as if made at the start.
        for (let position = 1; position <= journalPositions; ++position) {
            const entry = journal.entry(position)
            // An untrusted clock may show a time before the last entries.
            const ageSeconds = clock.nowSeconds() - entry.getAt(At.Time, "u32")
            if (Math.abs(ageSeconds) >= secondsPerHour) continue
            const bit = entry[At.Alarm]
            entryCounts[bit] = (entryCounts[bit] || 0) + 1
            if (entry[At.Marks] & Mark.Limited) this.limited |= 1 << bit
        }
    }

    /**
     * Call it at least once a second. Makes the journal entries that are due; throws the flash's
     * faults, after which the next call tries again.
     */
    async tick(): Promise<void> {
        const nowMs = this.ticks.nowMs()
        for (let bit = 0; bit < alarmCount; ++bit) {
            const mask = 1 << bit
            const differs = ((this.debounced ^ this.reported) & this.known & mask) !== 0
            if (differs && nowMs - this.sinceMs[bit] >= debounceMs) this.debounced ^= mask
            if (this.clock && ((this.debounced ^ this.entered) & mask) !== 0)
                await this.enter(bit, nowMs)
        }
    }

    private async enter(bit: number, nowMs: number): Promise<void> {
        const mask = 1 << bit
        const count = this.entryCounts[bit] || 0
        const at = (bit * entriesPerHour + (count % entriesPerHour)) * 2
        const minute = Math.floor(nowMs / 60000)
        let marks = this.clock.trusted() ? 0 : Mark.ClockUntrusted
        // The next entry's place holds the minute of the tenth last one.
        if (
            count >= entriesPerHour &&
            minute - this.entryMinutes.getAt(at, "u16") <= minutesPerHour
        ) {
            if ((this.limited & mask) !== 0) return
            marks |= Mark.Limited
        }
        // Other flags' entries show a limited flag as it is, though it makes none itself.
        const quiet = this.limited & ~mask
        const flags = ((this.entered ^ mask) & ~quiet) | (this.debounced & quiet)
        await this.journal.record(this.clock.nowSeconds(), flags, bit, marks, this.notes[bit])
        this.entered ^= mask
        if (marks & Mark.Limited) {
            this.limited |= mask
            return
        }
        this.limited &= ~mask
        this.entryMinutes.setAt(at, "u16", minute)
        this.entryCounts[bit] = count + 1
    }
}
