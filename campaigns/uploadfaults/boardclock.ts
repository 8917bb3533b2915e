interface Timer {
    atMs: number
    epoch: number
    wake: () => void
}

/**
 * Board time. It runs a few times faster than real time, and jumps to the next timer if the network
 * has been idle for a while: at once while a fault holds the network back, so that a wait of 20 s
 * costs nothing.
 */
export class BoardClock {
    nowMs = 1000
    /** Faults now holding something back. */
    holding = 0
    /** True in sessions without a fault: real servers then get the real time they expect. */
    calm = false
    /** Number of the board's start, 0 outside of it: waits of earlier starts never end. */
    epoch = 1
    private timers: Timer[] = []
    private movedAt = performance.now()
    private lastAt = performance.now()
    private readonly ticking: NodeJS.Timeout

    constructor() {
        this.ticking = setInterval(() => this.tick(), 2)
    }

    stop(): void {
        clearInterval(this.ticking)
    }

    /** Something moved on the network. */
    moved(): void {
        this.movedAt = performance.now()
    }

    /** @returns a function that ends the wait early, without waking anyone */
    after(ms: number, wake: () => void, epoch = 0): () => void {
        const timer = { atMs: this.nowMs + Math.max(1, Math.ceil(ms)), epoch, wake }
        this.timers.push(timer)
        return () => {
            this.timers = this.timers.filter(other => other !== timer)
        }
    }

    /** A wait of the board; it never ends if power is lost. */
    boardSleep(ms: number): Promise<void> {
        return new Promise(wake => this.after(ms, wake, this.epoch))
    }

    /** A wait outside of the board. */
    sleep(ms: number): Promise<void> {
        return new Promise(wake => this.after(ms, wake))
    }

    /** The board restarts. */
    restart(): void {
        this.epoch++
        this.timers = this.timers.filter(timer => timer.epoch === 0)
    }

    private tick(): void {
        const now = performance.now()
        this.nowMs += (now - this.lastAt) * (this.calm ? 1 : 8)
        this.lastAt = now
        const idleMs = now - this.movedAt
        const patienceMs = this.calm ? 8000 : this.holding > 0 ? 12 : 600
        const nextMs = Math.min(...this.timers.map(timer => timer.atMs))
        if (idleMs > patienceMs && nextMs < Infinity && nextMs > this.nowMs) {
            this.nowMs = nextMs
            this.moved()
        }
        const due = this.timers.filter(timer => timer.atMs <= this.nowMs)
        if (due.length === 0) return
        this.timers = this.timers.filter(timer => timer.atMs > this.nowMs)
        due.sort((one, two) => one.atMs - two.atMs).forEach(timer => timer.wake())
    }
}
