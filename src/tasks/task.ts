import { faultMessage } from "../core/fault"

/** While a task is disabled it is looked at this often. */
const idleMs = 1000
/** After failures in a row a task is held back for 2 s, 4 s, … but no longer than this. */
const holdMsMax = 60000

/** What a task is. */
export interface TaskOptions {
    name: string
    /**
     * Milliseconds between releases, ≥ 1; asked each time, so that a changed setting works at once.
     */
    periodMs: () => number
    /** Releases on multiples of the period of the wall clock instead of since the start. */
    alignToClock?: boolean
    /** False: not released but by a trigger. */
    enabled?: () => boolean
    /** How long the job takes at most when all is well. */
    deadlineMs: number
    job: () => Promise<void>
}

/** A task and its counts. All times are uptime in ms unless they say wall. */
export class Task {
    runs = 0
    failures = 0
    /** Failures since the last run that did not fail. */
    failuresInRow = 0
    longestMs = 0
    /** The latest start after its release; triggered runs do not count. */
    latenessMsMax = 0
    /** What the last failure said; "" before the first. */
    lastError = ""
    running = false
    /** A run is wanted apart from the period. */
    triggered = false
    startedMs = 0
    /** When the task has to be looked at again. */
    dueMs = 0
    private holdUntilMs = 0
    private lastMs = 0
    /** -1 while it is disabled. */
    private lastWallMs = 0
    private periodMs = 0

    /** Every member is made here: one that came later would cut the heap. */
    constructor(readonly options: TaskOptions) {}

    /** Counts the period from now. */
    restart(nowMs: number, wallMs: number): void {
        this.dueMs = nowMs
        this.lastMs = nowMs
        this.lastWallMs = wallMs
    }

    /** Milliseconds until the next release; 0 or less: it was so long ago. */
    dueInMs(nowMs: number, wallMs: number): number {
        const heldMs = this.holdUntilMs - nowMs
        if (heldMs > 0) {
            this.restart(nowMs + heldMs, wallMs + heldMs)
            return heldMs
        }
        if (this.options.enabled && !this.options.enabled()) {
            this.lastWallMs = -1
            return idleMs
        }
        if (this.lastWallMs < 0) this.restart(nowMs, wallMs)
        // A clock that was set back does not release what it has released already.
        if (wallMs < this.lastWallMs) this.lastWallMs = wallMs
        const periodMs = this.options.periodMs()
        if (periodMs !== this.periodMs) {
            // A shorter period may be over already: that is not lateness.
            if (nowMs - this.lastMs > periodMs) this.lastMs = nowMs - periodMs
            this.lastWallMs = wallMs
            this.periodMs = periodMs
        }
        if (!this.options.alignToClock) return this.lastMs + periodMs - nowMs
        return (Math.floor(this.lastWallMs / periodMs) + 1) * periodMs - wallMs
    }

    /**
     * A release that passed so long ago is taken up. Of several that have passed it stands for all.
     */
    release(nowMs: number, wallMs: number, lateMs: number): void {
        // Later than the uptime explains: the clock was moved, nobody was late.
        const moved = lateMs > 1000 && lateMs > nowMs - this.lastMs - this.periodMs + 1000
        if (!moved && lateMs > this.latenessMsMax) this.latenessMsMax = lateMs
        this.lastMs = nowMs - (lateMs % this.periodMs)
        this.lastWallMs = wallMs
    }

    /** The job starts. */
    begin(nowMs: number): void {
        this.triggered = false
        this.running = true
        this.startedMs = nowMs
    }

    /** The job ended; `thrown` is what it threw, undefined when it did not. */
    end(nowMs: number, thrown: any): void {
        const tookMs = nowMs - this.startedMs
        if (tookMs > this.longestMs) this.longestMs = tookMs
        ++this.runs
        this.running = false
        this.holdUntilMs = 0
        if (thrown === undefined) {
            this.failuresInRow = 0
            return
        }
        ++this.failures
        ++this.failuresInRow
        this.lastError = faultMessage(thrown)
        const holdMs = this.failuresInRow > 5 ? holdMsMax : 1000 << this.failuresInRow
        this.holdUntilMs = nowMs + holdMs
    }
}
