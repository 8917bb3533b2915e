import { performance } from "node:perf_hooks"

/**
 * How fast board time may run: a factor of real time, or as fast as there is nothing to wait for.
 */
export type Speed = number | "max"

interface Timer {
    dueMs: number
    order: number
    run: () => void
}

/** After so many runs Node gets a turn for its sockets and signals. */
const TURN_RUNS = 256

/**
 * The board's time. What the board executes is counted, not measured: it takes the same time on
 * every host. The time in which the board waits is skipped as far as the speed allows. While
 * something outside is awaited (`hold`, a real TCP connection), `max` falls back to real speed.
 */
export class SimClock {
    private boardMs = 0
    private readonly timers: Timer[] = []
    private readonly soonQueue: (() => void)[] = []
    private orderCount = 0
    private holds = 0
    private pauses = 0
    private executing = false
    private readCounter: () => number = () => 0
    private msPerCount = 0
    private enteredCount = 0
    private chargedMs = 0
    private paceBoardMs = 0
    private paceRealMs = performance.now()
    private wake: { timeout?: NodeJS.Timeout; immediate?: NodeJS.Immediate } = {}
    private stopped = false
    private breathing = false
    private behindMs = 0
    /** What the processor has executed and was charged, in board ms. */
    busyMs = 0
    /** Called after each execution with how long it took, in board ms. */
    onExecuted: (ms: number) => void = () => undefined

    constructor(private speed: Speed) {}

    /**
     * From now on what is executed takes what this counts, modulo 2 to the 32nd.
     * @param msPerCount board ms that one count stands for
     */
    useCounter(read: () => number, msPerCount: number): void {
        this.readCounter = read
        this.msPerCount = msPerCount
        this.enteredCount = read()
    }

    /** The processor is busy with something that it does not execute: it waits for a bus. */
    charge(ms: number): void {
        if (this.executing) this.chargedMs += ms
    }

    /** Board milliseconds since the simulator started; it never goes backwards. */
    nowMs(): number {
        return this.executing ? this.boardMs + this.executedMs() : this.idleMs()
    }

    setTimeout(run: () => void, delayMs: number): Timer {
        const timer = {
            dueMs: this.nowMs() + Math.max(0, delayMs || 0),
            order: this.orderCount++,
            run,
        }
        let low = 0
        let high = this.timers.length
        while (low < high) {
            const middle = (low + high) >> 1
            if (this.timers[middle].dueMs <= timer.dueMs) low = middle + 1
            else high = middle
        }
        this.timers.splice(low, 0, timer)
        this.schedule()
        return timer
    }

    clearTimeout(timer: Timer | undefined): void {
        const index = timer ? this.timers.indexOf(timer) : -1
        if (index >= 0) this.timers.splice(index, 1)
    }

    /** Board milliseconds, as a promise; who waits goes on at that very moment. */
    sleep(delayMs: number): Promise<void> {
        return new Promise(resolve =>
            this.setTimeout(() => {
                this.breathe()
                resolve()
            }, delayMs),
        )
    }

    /** Lets promises that were just resolved go on before the board executes any further. */
    breathe(): void {
        this.breathing = true
    }

    /** Runs after what is executing now, at the same board time. */
    soon(run: () => void): void {
        this.soonQueue.push(run)
        this.schedule()
    }

    /**
     * Something outside is awaited: `max` runs at real speed until the returned function is called.
     */
    hold(): () => void {
        if (this.holds++ === 0 && this.speed === "max") this.resetPace()
        let held = true
        return () => {
            if (held) {
                held = false
                this.holds--
                this.schedule()
            }
        }
    }

    /** Whether something outside is awaited. */
    get held(): boolean {
        return this.holds > 0
    }

    /** From now on board time runs at another speed. */
    setSpeed(speed: Speed): void {
        this.boardMs = this.nowMs()
        this.speed = speed
        this.cancelWake()
        this.resetPace()
        this.schedule()
    }

    /**
     * Stands still until the returned function is called: what happens meanwhile takes no board
     * time.
     */
    pause(): () => void {
        this.boardMs = this.nowMs()
        this.pauses++
        this.cancelWake()
        return () => {
            if (--this.pauses > 0) return
            this.resetPace()
            this.schedule()
        }
    }

    /**
     * How far the board's time lags behind the speed asked for, in board ms; the worst since the
     * last call.
     */
    takeBehindMs(): number {
        const behind = this.behindMs
        this.behindMs = 0
        return behind
    }

    /**
     * Board time jumps ahead: what was due meanwhile is late, as after so long a blackout of the
     * whole board.
     */
    skip(boardMs: number): void {
        this.boardMs = this.nowMs() + boardMs
        this.resetPace()
        this.schedule()
    }

    stop(): void {
        this.stopped = true
        this.cancelWake()
        this.timers.length = 0
        this.soonQueue.length = 0
    }

    private executedMs(): number {
        const counts = (this.readCounter() - this.enteredCount) >>> 0
        return this.chargedMs + counts * this.msPerCount
    }

    private resetPace(): void {
        this.paceBoardMs = this.boardMs
        this.paceRealMs = performance.now()
    }

    private rate(): number {
        return this.speed === "max" ? 1 : this.speed
    }

    /** The time at which something from outside meets the waiting board. */
    private idleMs(): number {
        const allowed = this.allowedMs()
        if (allowed === Infinity) return this.boardMs
        return Math.max(this.boardMs, Math.min(allowed, this.timers[0]?.dueMs ?? allowed))
    }

    /** Up to where board time may have run by now. */
    private allowedMs(): number {
        if (this.pauses > 0) return this.boardMs
        if (this.speed === "max" && this.holds === 0) return Infinity
        return this.paceBoardMs + (performance.now() - this.paceRealMs) * this.rate()
    }

    private cancelWake(): void {
        if (this.wake.timeout) clearTimeout(this.wake.timeout)
        if (this.wake.immediate) clearImmediate(this.wake.immediate)
        this.wake = {}
    }

    private schedule(): void {
        if (this.executing || this.stopped || this.pauses > 0) return
        if (this.soonQueue.length === 0 && this.timers.length === 0) return this.cancelWake()
        // What was executed may have taken the board ahead of where it is allowed to be by now.
        const dueMs = this.soonQueue.length > 0 ? this.boardMs : this.timers[0].dueMs
        const aheadMs = Math.max(dueMs, this.boardMs) - this.allowedMs()
        const waitMs = aheadMs > 0 ? aheadMs / this.rate() : 0
        if (waitMs < 0.8) {
            if (this.wake.immediate) return
            this.cancelWake()
            this.wake.immediate = setImmediate(() => this.turn())
        } else {
            this.cancelWake()
            this.wake.timeout = setTimeout(() => this.turn(), waitMs)
        }
    }

    private turn(): void {
        this.wake = {}
        this.breathing = false
        for (let runs = 0; runs < TURN_RUNS && !this.stopped && !this.breathing; ++runs) {
            const run = this.takeNext()
            if (!run) break
            this.execute(run)
        }
        this.schedule()
    }

    private takeNext(): (() => void) | undefined {
        const allowed = this.allowedMs()
        // The board is ahead of real time by what it has executed: real time catches up first.
        if (this.boardMs > allowed) return undefined
        // A timer that is due does not wait for a board that is never idle.
        const due = this.timers[0]?.dueMs ?? Infinity
        if (this.soonQueue.length > 0 && due > this.boardMs) {
            this.boardMs = this.idleMs()
            return this.soonQueue.shift()
        }
        if (this.timers.length === 0) return undefined
        if (due > this.boardMs && due > allowed) return undefined
        this.boardMs = Math.max(this.boardMs, due)
        if (allowed !== Infinity) this.behindMs = Math.max(this.behindMs, allowed - this.boardMs)
        return this.timers.shift()!.run
    }

    private execute(run: () => void): void {
        this.executing = true
        this.chargedMs = 0
        this.enteredCount = this.readCounter()
        try {
            run()
        } finally {
            const ms = this.executedMs()
            this.boardMs += ms
            this.busyMs += ms
            this.executing = false
            if (ms > 0) this.onExecuted(ms)
        }
    }
}
