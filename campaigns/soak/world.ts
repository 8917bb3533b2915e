import type { SimClock } from "../../sim/clock"

/** A board and its environment, as the soak needs them. */
export interface World {
    /** Name of the firmware's host, for the report. */
    readonly name: string
    readonly clock: SimClock
    readonly cardPath: string
    readonly serverPath: string
    /** Processor restarts until now. */
    readonly resets: number
    /** Gets each line of the board's log. */
    onLine: (line: string) => void
    /** Returns when the console is ready. */
    start(): Promise<void>
    /** Runs one console line. @returns its output */
    execute(line: string): Promise<string>
    /** One event, a line that begins with `!`. */
    event(line: string): Promise<void>
    /** The program's reachable heap bytes; undefined if unknown. */
    liveHeapBytes(): number | undefined
    /** Switches the power off; card image and server files stay. */
    end(): Promise<void>
    /** Removes them. */
    remove(): void
}
