import { performance } from "node:perf_hooks"

/** How fast board time may run: a factor of real time, or as fast as possible. */
export type Speed = number | "max"

interface Timer {
    dueMs: number
    order: number
    run: () => void
}

/** After this many runs Node gets a turn for its sockets and signals. */
const TURN_RUNS = 256

/**
 * The board's time. Execution is counted, not measured: it takes the same time on every host. Time
 * in which the board waits is skipped as far as the speed allows. While something outside is
 * awaited (`hold`, a real TCP connection), `max` falls back to real speed.
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
    /** Board ms in which the processor was executing or was charged. */
    busyMs = 0
    /** Called after each execution with its duration in board ms. */
    onExecuted: (ms: number) => void = () => undefined

    constructor(private speed: Speed) {}

    /**
     * From now on execution time is measured by this counter, modulo 2^32.
     * @param msPerCount board ms per count
     */
    useCounter(read: () => number, msPerCount: number): void {
        this.readCounter = read
        this.msPerCount = msPerCount
        this.enteredCount = read()
    }

    /** The processor is busy without executing: it waits for a bus. */
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

    /** Resolves after these board milliseconds; the caller continues at that very moment. */
    sleep(delayMs: number): Promise<void> {
        return new Promise(resolve =>
            this.setTimeout(() => {
                this.breathe()
                resolve()
            }, delayMs),
        )
    }

    /** Lets promises just resolved continue before the board executes any further. */
    breathe(): void {
        this.breathing = true
    }

    /** Runs after the current execution, at the same board time. */
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

    /** Stops board time until the returned function is called. */
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

    /** The board's worst lag behind the requested speed since the last call, in board ms. */
    takeBehindMs(): number {
        const behind = this.behindMs
        this.behindMs = 0
        return behind
    }

    /**
     * Board time jumps ahead: whatever was due meanwhile is late, as after a blackout of the whole
     * board.
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

    /** The time at which an outside event meets the waiting board. */
    private idleMs(): number {
        const allowed = this.allowedMs()
        if (allowed === Infinity) return this.boardMs
        return Math.max(this.boardMs, Math.min(allowed, this.timers[0]?.dueMs ?? allowed))
    }

    /** How far board time may have run by now. */
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
        // Execution may have taken the board past its allowed time.
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
        // The board's execution is ahead of real time, which must catch up first.
        if (this.boardMs > allowed) return undefined
        // A due timer does not wait for a board that is never idle.
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
