import type { Evidence, Seen } from "./evidence"

/** A period of board time in ms in which nothing disturbed the logging. */
export interface Calm {
    fromMs: number
    toMs: number
    /** Seconds between two records. */
    period: number
    cells: boolean
    /** The clock's time at board time 0, Unix seconds, computed back from this stretch. */
    originSeconds: number
    /** Undefined if the card was pulled meanwhile: then a record is on one of the two. */
    card?: "A" | "B"
}

/** Records begin this long after a start's own line; an inserted card is found by then. */
const afterStartMs = 8_000
const afterCardMs = 10_000
const afterSettingMs = 3_000
/** Latest delay of a record on the card after its second: slow card writes, an upload's turn. */
const writtenMs = 4_000

/**
 * Records wait for a card in a queue of 32 and 4 KiB; a pair from both logs has at most this many
 * bytes.
 */
const queueRecords = 32
const queueBytes = 4096
const pairBytes = 280

/** The board's state at each moment, as a person watching it would know. */
export class Timeline {
    readonly calm: Calm[] = []
    /** Board ms at which the clock was set back. */
    readonly setBackMs: number[] = []
    private originSeconds: number
    private upMs = Infinity
    private cardMs = 0
    private card: "A" | "B" | undefined = "A"
    private quietMs = 0
    private period: number | undefined
    private cells: boolean | undefined
    private on = true
    private readonly origins: { atMs: number; seconds: number }[]
    /**
     * When the first card was pulled whose records may still be queued, and when the last one was
     * inserted.
     */
    private outMs: number | undefined
    private inMs = 0

    /**
     * @param overPulls a pulled card does not end a stretch while the queue has room for its
     * records
     */
    constructor(
        evidence: Evidence,
        private readonly overPulls = false,
    ) {
        this.originSeconds = evidence.life.startMs / 1000
        this.origins = [{ atMs: 0, seconds: this.originSeconds }]
        for (const seen of evidence.seen) this.take(seen)
    }

    /** The clock's time at that board time, Unix seconds. */
    wall(atMs: number): number {
        const origin = this.origins.filter(one => one.atMs <= atMs).at(-1)!
        return origin.seconds + atMs / 1000
    }

    private take(seen: Seen): void {
        const { atMs } = seen
        if (seen.kind === "log") {
            if (/^start: /.test(seen.text)) this.upMs = atMs
        } else if (seen.kind === "event") this.event(atMs, seen.line)
        else if (seen.kind === "set the clock") {
            this.endCalm(atMs)
            const seconds = seen.toSeconds - atMs / 1000
            if (seconds < this.originSeconds) this.setBackMs.push(atMs)
            this.originSeconds = seconds
            this.origins.push({ atMs, seconds })
            this.quietMs = atMs + afterSettingMs
        } else if (seen.kind === "asked") this.asked(atMs, seen.line)
        else this.answered(atMs, seen.line, seen.status)
    }

    private event(atMs: number, line: string): void {
        if (/^!(power (cut|off)|deploy)/.test(line)) {
            this.endCalm(atMs)
            this.upMs = Infinity
        }
        if (!line.startsWith("!card ")) return
        const card = line.startsWith("!card in ") ? (line.slice(9) as "A" | "B") : undefined
        if (this.overPulls && this.cardMs < Infinity) this.bridge(atMs, card)
        else {
            this.endCalm(atMs)
            this.cardMs = card ? atMs : Infinity
        }
        this.card = card
    }

    /** Continues over a pulled card, or ends the stretch if the queue overflowed meanwhile. */
    private bridge(atMs: number, card: "A" | "B" | undefined): void {
        if (!card) {
            // Records missing from a card that was in only briefly are still queued.
            if (this.outMs === undefined || this.settled(atMs)) this.outMs = atMs
            return
        }
        this.inMs = atMs
        const seconds = (atMs - (this.outMs ?? atMs)) / 1000 + afterCardMs / 1000
        const records = Math.ceil(seconds / (this.period ?? 1)) * (this.cells === false ? 1 : 2)
        const bytes = (records / 2) * pairBytes
        if (records > queueRecords || bytes > queueBytes) this.endAt(this.outMs ?? atMs, atMs)
        this.cardMs = Math.min(this.cardMs, atMs)
    }

    /** The card has been in long enough to have all queued records. */
    private settled(atMs: number): boolean {
        return this.outMs !== undefined && this.inMs > this.outMs && atMs - this.inMs >= afterCardMs
    }

    private endAt(endMs: number, quietMs: number): void {
        this.endCalm(endMs)
        this.quietMs = Math.max(this.quietMs, quietMs + afterCardMs)
    }

    private asked(atMs: number, line: string): void {
        if (!/^(set (sd|battery|reset|time)\.|set user|time set|reset now|card eject)/.test(line))
            return
        this.endCalm(atMs)
        this.quietMs = Infinity
        if (line === "reset now") this.upMs = Infinity
        if (line === "card eject") this.cardMs = Infinity
    }

    private answered(atMs: number, line: string, status: number | undefined): void {
        if (this.quietMs === Infinity) this.quietMs = atMs + afterSettingMs
        const [, key, value] = /^set (sd\.\w+) (\S+)$/.exec(line) ?? []
        const known = status === 0
        if (key === "sd.period") this.period = known ? Number(value) : undefined
        if (key === "sd.cells") this.cells = known ? value === "on" : undefined
        if (key === "sd.enable") this.on = known && value === "on"
        // A card reported safe to pull is not written again until it has been out.
        if (line === "card eject" && !known) this.cardMs = atMs
    }

    private endCalm(atMs: number): void {
        const { card, period, cells, originSeconds } = this
        const fromMs = Math.max(this.upMs + afterStartMs, this.cardMs + afterCardMs, this.quietMs)
        // Queued records are on no card yet.
        const waiting = this.overPulls && !this.settled(atMs) ? (this.outMs ?? atMs) : atMs
        const toMs = Math.min(atMs, waiting) - writtenMs
        if (
            !this.on ||
            (!card && !this.overPulls) ||
            !period ||
            cells === undefined ||
            fromMs >= toMs
        )
            return
        const calm = { fromMs, toMs, period, cells, originSeconds }
        this.calm.push(this.overPulls ? calm : { ...calm, card })
        // Avoids judging the same stretch twice.
        this.quietMs = Math.max(this.quietMs, toMs)
    }
}
