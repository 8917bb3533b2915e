/** Runs console lines on a new simulated board at speed max; what it prints. */
export type RunBoard = (lines: string[]) => string

const seconds = 600
const quiet = ["set ftp.enable off", "set sd.enable off", "set sd.cells off"]

/** What the board does in these steps, each on top of the one before. */
const steps: [string, string[]][] = [
    ["batteryAndTasks", []],
    ["mainLog", ["set sd.enable on", "set sd.period 1"]],
    ["cellLog", ["set sd.enable on", "set sd.period 1", "set sd.cells on"]],
]

function milliseconds(run: RunBoard, lines: string[], sleep: number): number {
    const started = performance.now()
    run([...quiet, ...lines, `sleep ${sleep}s`])
    return performance.now() - started
}

/**
 * Where a logging second goes in the VM: what each part adds to the time that the simulator needs for ten
 * minutes of board time, as shares of a second with everything. Shares, since the machine decides the rest; it
 * should have nothing else to do.
 */
export function secondBench(run: RunBoard): Record<string, number> {
    const costs = steps.map(
        ([, lines]) => milliseconds(run, lines, seconds + 10) - milliseconds(run, lines, 10),
    )
    const whole = costs.at(-1)!
    const shares = steps.map(([name], i) => {
        const added = i === 0 ? costs[0] : costs[i] - costs[i - 1]
        return [`second.share.${name}`, Math.round((100 * added) / whole) / 100]
    })
    return {
        ...Object.fromEntries(shares),
        "second.boardSecondsPerSecond": Math.round((seconds * 1000) / whole),
    }
}
