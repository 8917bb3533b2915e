import type { Evidence, Seen } from "./evidence"
import { localText } from "./records"
import type { Timeline } from "./timeline"

export const startCauses = /^start: ([\w -]+), /

const hourMs = 3_600_000
/**
 * The supervisor checks every two seconds and ends all work within half a minute; then the chip
 * starts.
 */
const resetMs = 45_000

/** Each start has the cause it logs, none was spontaneous, and scheduled ones were on time. */
export function judgeStarts(
    evidence: Evidence,
    timeline: Timeline,
    complain: (text: string) => void,
): void {
    const judge = new Starts(evidence, timeline, complain)
    for (const seen of evidence.seen) judge.take(seen)
}

class Starts {
    private expected = "deployed"
    private startMs = 0
    /** The cause of the start after one that has not logged its own yet. */
    private next = ""
    /** "HH:MM" of the scheduled reset if there is one, and since when. */
    private time = ""
    private timeMs = 0
    /** Due time of the next scheduled reset: at its time, but at least an hour after the start. */
    private dueMs = Infinity

    constructor(
        private readonly evidence: Evidence,
        private readonly timeline: Timeline,
        private readonly complain: (text: string) => void,
    ) {}

    take(seen: Seen): void {
        if (seen.atMs > this.dueMs + resetMs) {
            this.complain(`start: no scheduled reset at ${this.time}`)
            this.dueMs = Infinity
        }
        const ended = seen.kind === "event" && /^!(power (?:cut|off)|deploy)/.exec(seen.line)
        if (ended) {
            // Deploying the same program again looks like a panic, says docs/reference/clock.md.
            const cause = ended[1] === "deploy" ? "panic" : "power-on"
            // An event during the board's own reset may count as either.
            const isReset = /console|scheduled/.test(this.expected)
            this.down(isReset ? `${this.expected}|${cause}` : cause)
        }
        if (seen.kind === "asked" && seen.line === "reset now") {
            // The console may appear before the start logs its cause.
            if (this.expected !== "") this.next = "console|"
            this.down(this.expected === "" ? "console" : `console|${this.expected}`)
        }
        const [, time] =
            (seen.kind === "answered" &&
                seen.status === 0 &&
                /^set reset\.time (\S+)$/.exec(seen.line)) ||
            []
        if (time && this.evidence.life.setUp.every(line => !line.endsWith(time)))
            this.plan(time, seen.atMs)
        const cause = seen.kind === "log" ? startCauses.exec(seen.text)?.[1] : undefined
        if (cause !== undefined) this.started(cause, seen.atMs)
    }

    private down(expected: string): void {
        this.expected = expected
        this.dueMs = Infinity
    }

    /** It is due the first time after this that the time of day is reached. */
    private plan(time: string, atMs: number): void {
        this.time = time
        this.timeMs = atMs
        for (let ms = atMs, before = atMs; ms < atMs + 2 * hourMs; before = ms, ms += 1000)
            if (this.passed(time, before, ms)) {
                const dueMs = Math.max(ms, this.startMs + hourMs)
                // On another day none is expected, because that day may not be chosen.
                this.dueMs = this.day(dueMs) === this.day(ms) ? dueMs : Infinity
                return
            }
    }

    /** Whether that time of day is between the two, or skipped there by summer time. */
    private passed(time: string, beforeMs: number, atMs: number): boolean {
        const early = this.day(beforeMs) === this.day(atMs) && this.clock(beforeMs) >= time
        return !early && this.clock(atMs) >= time
    }

    private day(atMs: number): string {
        return this.local(atMs).slice(0, 10)
    }

    private clock(atMs: number): string {
        return this.local(atMs).slice(11, 16)
    }

    private started(cause: string, atMs: number): void {
        const { expected } = this
        const early = this.dueMs - atMs > 10_000
        if (
            cause === "scheduled" &&
            (this.dueMs === Infinity || early || atMs - this.timeMs < 60_000)
        )
            this.complain(
                `start: a scheduled reset at ${this.local(atMs)}, not at ${this.time || "any time"}`,
            )
        else if (cause !== "scheduled" && !expected.split("|").includes(cause))
            this.complain(`start: cause "${cause}" instead of "${expected || "none"}"`)
        this.expected = cause === "console" ? "" : this.next
        this.next = ""
        this.startMs = atMs
        this.dueMs = Infinity
    }

    private local(atMs: number): string {
        return localText(this.evidence.life.zone.name, this.timeline.wall(atMs))
    }
}
