import { Fault, FaultCode } from "./fault"
import { Exclusive, Ticks } from "./seams"

/** Waiters check this often whether it is their turn. */
const lookMs = 10
/** The favoured owner gives others a turn after this long. */
const favourMs = 300

/**
 * A lock granted in order of arrival and always released. Not re-entrant: work that requests the
 * lock it holds waits until its timeout.
 */
export class Lock implements Exclusive {
    /** The holder (first) and the waiters. */
    private queue: string[][] = []
    /** When the holder's turn began. */
    private turnMs = 0

    constructor(
        private readonly ticks: Ticks,
        private readonly name: string,
        /** The owner whose long work gets most of the time. */
        private readonly favoured = "",
    ) {}

    /**
     * Runs `work` alone. Throws what `work` throws, and Fault LockTimeout (evidence: ms waited) if
     * the lock was not free within `timeoutMs`.
     */
    async run<T>(owner: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
        // A new array, so that two places of one owner differ; it gets a second element once the
        // work has paused.
        const place = [owner]
        this.queue.push(place)
        try {
            const beganMs = this.ticks.nowMs()
            while (this.queue[0] !== place) {
                if (this.ticks.nowMs() - beganMs >= timeoutMs)
                    throw new Fault(
                        FaultCode.LockTimeout,
                        `${this.name} is in use by ${this.queue[0][0]}: ${owner} waited ${timeoutMs} ms`,
                        timeoutMs,
                    )
                await this.ticks.sleep(lookMs)
            }
            this.turnMs = this.ticks.nowMs()
            return await work()
        } finally {
            const others: string[][] = []
            for (const other of this.queue) if (other !== place) others.push(other)
            this.queue = others
        }
    }

    /**
     * The holder calls this between two steps. Paused waiters go first, up to and including the
     * next one that had no turn yet; but none of the same owner, which must never see its own work
     * half done, and none while the favoured owner's turn lasts. Always suspends.
     */
    async pause(): Promise<void> {
        const queue = this.queue
        const place = queue[0]
        const over = place[0] !== this.favoured || this.ticks.nowMs() - this.turnMs >= favourMs
        let at = 0
        while (over && at + 1 < queue.length && queue[at + 1][0] !== place[0]) {
            const next = queue[at + 1]
            queue[at++] = next
            if (next.length === 1) break
        }
        queue[at] = place
        place[1] = "pauses"
        await this.ticks.sleep(1)
        if (!over) return
        while (this.queue[0] !== place) await this.ticks.sleep(lookMs)
        this.turnMs = this.ticks.nowMs()
    }
}
