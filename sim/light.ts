import type { SimClock } from "./clock"

/** 200 ms lie between two flashes of a row, more than a second between two rows. */
const ROW_ENDS_MS = 600
/** The light of a running board shows something every 2 s. */
const DARK_MS = 5000

/** Meanings by the number of flashes in a row. */
const FLASHES = [
    "dark",
    "one flash: all is well",
    "two flashes: an error flag is up",
    "three flashes: no card, or it cannot be used",
]
const STEADY = "steadily on: safe to remove the card"

/** Reads the board's status light as a person would. */
export class LightWatcher {
    /** The pattern shown. */
    pattern = FLASHES[0]
    private on = false
    private flashes = 0
    private setMs = 0
    private timer: ReturnType<SimClock["setTimeout"]> | undefined

    /** @param onChange called when the light shows something new */
    constructor(
        private readonly clock: Pick<SimClock, "nowMs" | "setTimeout" | "clearTimeout">,
        private readonly onChange: (pattern: string) => void,
    ) {}

    set(on: boolean): void {
        // While the board is busy without a pause, the timer may be late.
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
