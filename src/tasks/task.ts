import { faultMessage } from "../core/fault"

/** A disabled task is checked this often. */
const idleMs = 1000
/** After consecutive failures a task is held back for 2 s, 4 s, … but no longer than this. */
const holdMsMax = 60000

/** The properties of a task. */
export interface TaskOptions {
    name: string
    /**
     * Milliseconds between releases, ≥ 1; asked each time, so that a changed setting applies at
     * once.
     */
    periodMs: () => number
    /** Releases on multiples of the period of the wall clock instead of since the start. */
    alignToClock?: boolean
    /** If false, only a trigger releases it. */
    enabled?: () => boolean
    /** How long the job may take if all is well. */
    deadlineMs: number
    job: () => Promise<void>
}

/** A task and its counts. All times are uptime in ms unless marked wall. */
export class Task {
    runs = 0
    failures = 0
    /** Failures since the last successful run. */
    failuresInRow = 0
    longestMs = 0
    /** The latest start after its release; triggered runs do not count. */
    latenessMsMax = 0
    /** Message of the last failure; "" before the first. */
    lastError = ""
    running = false
    /** A run was requested outside the period. */
    triggered = false
    startedMs = 0
    /** When to check the task again. */
    dueMs = 0
    private holdUntilMs = 0
    private lastMs = 0
    /** -1 while disabled. */
    private lastWallMs = 0
    private periodMs = 0

    /** All members are created here: later ones would fragment the heap. */
    constructor(readonly options: TaskOptions) {}

    /** Restarts the period. */
    restart(nowMs: number, wallMs: number): void {
        this.dueMs = nowMs
        this.lastMs = nowMs
        this.lastWallMs = wallMs
    }

    /** Milliseconds until the next release; if 0 or less, it was this long ago. */
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
        // A clock that was set back does not repeat releases.
        if (wallMs < this.lastWallMs) this.lastWallMs = wallMs
        const periodMs = this.options.periodMs()
        if (periodMs !== this.periodMs) {
            // A shorter period may already be over: that is not lateness.
            if (nowMs - this.lastMs > periodMs) this.lastMs = nowMs - periodMs
            this.lastWallMs = wallMs
            this.periodMs = periodMs
        }
        if (!this.options.alignToClock) return this.lastMs + periodMs - nowMs
        return (Math.floor(this.lastWallMs / periodMs) + 1) * periodMs - wallMs
    }

    /** Takes up a release that passed `lateMs` ago, on behalf of all that were missed. */
    release(nowMs: number, wallMs: number, lateMs: number): void {
        // Later than the uptime explains: the clock was moved, the task was not late.
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

    /** The job ended; `thrown` is what it threw, undefined if nothing. */
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
