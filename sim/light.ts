import type { SimClock } from "./clock"

/** Between two flashes of a row lie 200 ms, between two rows more than a second. */
const ROW_ENDS_MS = 600
/** The light of a board that runs shows something every 2 s. */
const DARK_MS = 5000

/** What so many flashes in a row mean. */
const FLASHES = [
    "dark",
    "one flash: all is well",
    "two flashes: an error flag is up",
    "three flashes: no card, or it cannot be used",
]
const STEADY = "steadily on: safe to remove the card"

/** Reads the board's status light as a person would who looks at it. */
export class LightWatcher {
    /** What the light shows. */
    pattern = FLASHES[0]
    private on = false
    private flashes = 0
    private setMs = 0
    private timer: ReturnType<SimClock["setTimeout"]> | undefined

    /** @param onChange told when the light shows something else than before */
    constructor(
        private readonly clock: Pick<SimClock, "nowMs" | "setTimeout" | "clearTimeout">,
        private readonly onChange: (pattern: string) => void,
    ) {}

    set(on: boolean): void {
        // While the board is busy without a pause, the timer may come late.
        if (this.clock.nowMs() - this.setMs >= ROW_ENDS_MS) this.endRow()
        this.setMs = this.clock.nowMs()
        if (on && !this.on) this.flashes++
        this.on = on
        this.after(ROW_ENDS_MS, () => this.endRow())
    }

    private endRow(): void {
        const row = this.flashes
        this.flashes = 0
        if (this.on) this.show(STEADY)
        else if (row > 0) this.show(FLASHES[row] ?? `${row} flashes`)
        this.after(DARK_MS, () => {
            if (!this.on) this.show(FLASHES[0])
        })
    }

    private after(delayMs: number, run: () => void): void {
        this.clock.clearTimeout(this.timer)
        this.timer = this.clock.setTimeout(run, delayMs)
    }

    private show(pattern: string): void {
        if (pattern === this.pattern) return
        this.pattern = pattern
        this.onChange(pattern)
    }
}
