import { ConsoleError, type LineResult } from "./transport"

/** A profile of the simulator's `--cpu`, with what the same lines take there, in ms. */
export interface SpeedProfile {
    name: string
    what: string
    describeMs: number
    startMs: number
}

/** Measured in the simulator; a test compares them with it. */
export const speedProfiles: readonly SpeedProfile[] = [
    {
        name: "esp32",
        what: "the published runtime as expected: 160 MHz, flash DIO at 40 MHz",
        describeMs: 2700,
        startMs: 660,
    },
    {
        name: "slow",
        what: "the same with a constantly evicted cache",
        describeMs: 5230,
        startMs: 815,
    },
    {
        name: "fast",
        what: "a runtime built for 240 MHz and flash QIO at 80 MHz",
        describeMs: 1700,
        startMs: 500,
    },
]

/** What was measured on a board. */
export interface Timing {
    /** The median of some runs of `describe`, from the line's leaving to its last packet. */
    describeMs: number
    /** From "BMS Mini" to "start:" in the log of a start. */
    startMs: number
}

/** What the measurement needs of the board and of the time. */
export interface TimedBoard {
    execute(line: string): Promise<LineResult>
    /** Resets the board and returns when its console is there again. */
    reset(): Promise<void>
    nowMs(): number
}

const describeRuns = 3

/**
 * Takes the times of a start from the lines of the log, which the caller hands over as they come.
 */
export class StartWatch {
    /** From the first line to the line with the cause of the last start seen; undefined before. */
    startMs: number | undefined
    private beganMs: number | undefined

    constructor(private readonly nowMs: () => number) {}

    take(line: string): void {
        const text = line.replace(/^> /, "")
        if (text.startsWith("BMS Mini ")) this.beganMs = this.nowMs()
        if (!text.startsWith("start: ") || this.beganMs === undefined) return
        this.startMs = this.nowMs() - this.beganMs
        this.beganMs = undefined
    }
}

/** Measures a board. Throws ConsoleError when it refuses a line or its log does not come. */
export async function measureTiming(board: TimedBoard, watch: StartWatch): Promise<Timing> {
    const runsMs: number[] = []
    for (let run = 0; run < describeRuns; ++run) {
        const beganMs = board.nowMs()
        const { status } = await board.execute("describe")
        if (status !== 0)
            throw new ConsoleError("the board refused the line describe: log in and try again")
        runsMs.push(board.nowMs() - beganMs)
    }
    watch.startMs = undefined
    await board.reset()
    if (watch.startMs === undefined)
        throw new ConsoleError("the start log did not arrive: is this the board's own port?")
    runsMs.sort((one, other) => one - other)
    return { describeMs: runsMs[describeRuns >> 1], startMs: watch.startMs }
}

/** The profile that is nearest, by the ratios of both times. */
export function nearestProfile({ describeMs, startMs }: Timing): SpeedProfile {
    const distance = (profile: SpeedProfile) =>
        Math.abs(Math.log(describeMs / profile.describeMs)) +
        Math.abs(Math.log(startMs / profile.startMs))
    return [...speedProfiles].sort((one, other) => distance(one) - distance(other))[0]
}

/** The one line for a report, and what it means. */
export function timingReport(timing: Timing): string {
    const profile = nearestProfile(timing)
    const seconds = (ms: number) => (ms / 1000).toFixed(2)
    const percent = Math.round((timing.describeMs / profile.describeMs) * 100)
    return (
        `timing: describe ${seconds(timing.describeMs)} s, start ${seconds(timing.startMs)} s: ` +
        `profile ${profile.name} (${percent} % of its time)\n` +
        `${profile.name}: ${profile.what}. ` +
        `With it, describe takes ${seconds(profile.describeMs)} s, a start ${seconds(profile.startMs)} s.`
    )
}
