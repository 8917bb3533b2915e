import { Ticks } from "./seams"

/** A moment on the monotonic clock by which something must have happened. */
export class Deadline {
    private readonly endMs: number

    constructor(
        readonly ticks: Ticks,
        timeoutMs: number,
    ) {
        this.endMs = ticks.nowMs() + timeoutMs
    }

    /** Milliseconds left, 0 once it has passed. */
    remainingMs(): number {
        const left = this.endMs - this.ticks.nowMs()
        return left > 0 ? left : 0
    }

    expired(): boolean {
        return this.ticks.nowMs() >= this.endMs
    }
}
