import type { SimClock } from "../../sim/clock"

/** A board and what is around it, as the soak needs it. */
export interface World {
    /** What runs the firmware, for the report. */
    readonly name: string
    readonly clock: SimClock
    readonly cardPath: string
    readonly serverPath: string
    /** Restarts of the processor so far. */
    readonly resets: number
    /** Takes each line of the board's log. */
    onLine: (line: string) => void
    /** Returns when the console can be used. */
    start(): Promise<void>
    /** One console line. @returns what it printed */
    execute(line: string): Promise<string>
    /** One event, a line that begins with `!`. */
    event(line: string): Promise<void>
    /** What the program needs of its heap; undefined when there is no such figure. */
    liveHeapBytes(): number | undefined
    /** The power goes off; card image and server files stay. */
    end(): Promise<void>
    /** Removes them. */
    remove(): void
}
