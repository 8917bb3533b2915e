interface Timer {
    dueMs: number
    run: () => void
}

/** Board time without real time: the same timers fire in the same order in every run. */
export class VirtualClock {
    private timeMs = 0
    private timers: Timer[] = []
    /** Number of connections to the outside of the simulation. */
    holds = 0

    nowMs(): number {
        return this.timeMs
    }

    setTimeout(run: () => void, delayMs: number): object {
        const timer = { dueMs: this.timeMs + Math.max(0, delayMs), run }
        let at = this.timers.length
        while (at > 0 && this.timers[at - 1].dueMs > timer.dueMs) --at
        this.timers.splice(at, 0, timer)
        return timer
    }

    clearTimeout(timer: object | undefined): void {
        this.timers = this.timers.filter(other => other !== timer)
    }

    soon(run: () => void): void {
        this.setTimeout(run, 0)
    }

    hold(): () => void {
        this.holds++
        return () => void this.holds--
    }

    sleep(ms: number): Promise<void> {
        return new Promise(resolve => this.setTimeout(resolve, ms))
    }

    /** Lets this much time pass, without running promises in between. */
    advance(ms: number): void {
        const endMs = this.timeMs + ms
        while (this.timers.length > 0 && this.timers[0].dueMs <= endMs) this.next()
        this.timeMs = endMs
    }

    /** Lets time pass until the work is done. */
    async finish<T>(work: Promise<T>, limitMs = 24 * 3_600_000): Promise<T> {
        let done = false
        work.finally(() => (done = true)).catch(() => {})
        const endMs = this.timeMs + limitMs
        for (await settle(); !done; await settle()) {
            if (this.timers.length === 0) throw new Error("nothing can end this wait any more")
            if (this.timers[0].dueMs > endMs) throw new Error(`not finished after ${limitMs} ms`)
            this.next()
        }
        return await work
    }

    private next(): void {
        const timer = this.timers.shift()!
        this.timeMs = timer.dueMs
        timer.run()
    }
}

/** Runs everything that waits only for promises. */
function settle(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve))
}
