import { type TimeSource, type WallClock } from "../../src/core/seams"
import { FakeTicks } from "./faketicks"

/** A wall clock on fake ticks; a test can move it. */
export class FakeClock implements WallClock {
    isTrusted = true
    /** Minutes east of UTC at a time. */
    offset: (epochSeconds: number) => number = () => 0

    constructor(
        private readonly ticks: FakeTicks,
        private baseSeconds: number,
    ) {}

    nowSeconds(): number {
        return Math.floor(this.wallMs() / 1000)
    }

    wallMs(): number {
        return this.baseSeconds * 1000 + this.ticks.nowMs()
    }

    trusted(): boolean {
        return this.isTrusted
    }

    offsetMinutes(epochSeconds: number): number {
        return this.offset(epochSeconds)
    }

    async offer(epochSeconds: number, _source: TimeSource): Promise<void> {
        this.move(epochSeconds - this.nowSeconds())
    }

    move(seconds: number): void {
        this.baseSeconds += seconds
    }
}
