import { setTimeout } from "node:timers/promises"
import type { Ticks } from "../../src/core/seams"

interface Sleeper {
    atMs: number
    wake: () => void
}

/** Uptime that passes only when a test lets it. */
export class FakeTicks implements Ticks {
    private sleepers: Sleeper[] = []

    /**
     * @param outside what is under way outside of the board, if anything: time stands still until
     * it ends
     * @param real it passes no faster than real time
     */
    constructor(
        private timeMs = 0,
        private readonly outside: () => Promise<void> | undefined = () => undefined,
        private readonly real = false,
    ) {}

    nowMs(): number {
        return this.timeMs
    }

    sleep(ms: number): Promise<void> {
        const atMs = this.timeMs + Math.max(1, Math.ceil(ms))
        return new Promise(wake => this.sleepers.push({ atMs, wake }))
    }

    /** Lets `ms` pass; sleepers wake in the order of their times. */
    async advance(ms: number): Promise<void> {
        const endMs = this.timeMs + ms
        await this.settle()
        while (true) {
            const next = this.earliest()
            if (!next || next.atMs > endMs) break
            if (this.real) await setTimeout(next.atMs - this.timeMs)
            this.sleepers = this.sleepers.filter(other => other !== next)
            // The time may already be past his while the processor was busy.
            this.timeMs = Math.max(this.timeMs, next.atMs)
            next.wake()
            await this.settle()
        }
        this.timeMs = Math.max(this.timeMs, endMs)
    }

    /** Lets time pass until the work is done. */
    async finish<T>(work: Promise<T>, limitMs = 3_600_000): Promise<T> {
        let done = false
        const watched = work.finally(() => (done = true))
        watched.catch((): void => undefined)
        const endMs = this.timeMs + limitMs
        await this.settle()
        while (!done) {
            const next = this.earliest()
            if (!next || next.atMs > endMs) throw new Error(`not finished after ${limitMs} ms`)
            await this.advance(Math.max(0, next.atMs - this.timeMs))
        }
        return await watched
    }

    /** Time passes at once without waking sleepers, as while the processor is busy. */
    block(ms: number): void {
        this.timeMs += ms
    }

    /** Lets everything run that needs no time of the board. */
    private async settle(): Promise<void> {
        await settle()
        for (let wait = this.outside(); wait; wait = this.outside()) {
            await wait
            await settle()
        }
    }

    private earliest(): Sleeper | undefined {
        let first: Sleeper | undefined
        for (const sleeper of this.sleepers)
            if (!first || sleeper.atMs < first.atMs) first = sleeper
        return first
    }
}

/** Runs everything that waits only for promises. */
export function settle(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve))
}
