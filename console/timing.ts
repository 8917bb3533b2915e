import { ConsoleError, type LineResult } from "./transport"

/** A profile of the simulator's `--cpu`, with the same lines' durations there, in ms. */
export interface SpeedProfile {
    name: string
    what: string
    describeMs: number
    startMs: number
}

/** Measured in the simulator; a test checks them. */
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

/** A board's measurements. */
export interface Timing {
    /** The median of several runs of `describe`, from sending the line to its last packet. */
    describeMs: number
    /** From "BMS Mini" to "start:" in the log of a start. */
    startMs: number
}

/** The board and clock as the measurement needs them. */
export interface TimedBoard {
    execute(line: string): Promise<LineResult>
    /** Resets the board and returns when its console is back. */
    reset(): Promise<void>
    nowMs(): number
}

const describeRuns = 3

/** Times a start by its log lines, which the caller passes on as they come. */
export class StartWatch {
    /** From the last start's first line to the line with its cause; undefined before. */
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

/** Measures a board. Throws ConsoleError if it refuses a line or its log does not come. */
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

/** The nearest profile, by the ratios of both times. */
export function nearestProfile({ describeMs, startMs }: Timing): SpeedProfile {
    const distance = (profile: SpeedProfile) =>
        Math.abs(Math.log(describeMs / profile.describeMs)) +
        Math.abs(Math.log(startMs / profile.startMs))
    return [...speedProfiles].sort((one, other) => distance(one) - distance(other))[0]
}

/** The one-line result for a report, and its meaning. */
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
