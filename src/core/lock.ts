import { Fault, FaultCode } from "./fault"
import { Exclusive, Ticks } from "./seams"

/** What waits for a lock looks this often whether it is its turn. */
const lookMs = 10
/** The favoured owner lets others have a turn after so long. */
const favourMs = 300

/**
 * A lock that is taken in the order of arrival and released whatever the work does. Not re-entrant:
 * work that asks for the lock it holds waits until its time is over.
 */
export class Lock implements Exclusive {
    /** Those who hold (first) or wait. */
    private queue: string[][] = []
    /** When the one who holds it got its turn. */
    private turnMs = 0

    constructor(
        private readonly ticks: Ticks,
        private readonly name: string,
        /** The owner whose long work gets most of the time. */
        private readonly favoured = "",
    ) {}

    /**
     * Runs `work` alone. Throws what `work` throws, and Fault LockTimeout (evidence: ms waited)
     * when the lock did not become free within `timeoutMs`.
     */
    async run<T>(owner: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
        // An array of its own, so that two places of one owner are told apart; a second member
        // stands in it once the work has paused.
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
     * For the work inside, between two of its steps: who waits next for a first turn has it, behind
     * those who pause as well, unless that is the same owner, who never meets its own work half
     * done, or the favoured one's turn is not over. Suspends in any case.
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
