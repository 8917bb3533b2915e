import type { Ticks } from "../../src/core/seams"

/** A clock that moves only in sleep(). */
export class SleepTicks implements Ticks {
    constructor(public ms = 1000) {}

    nowMs(): number {
        return this.ms
    }

    async sleep(ms: number): Promise<void> {
        this.ms += Math.max(1, Math.ceil(ms))
    }
}
