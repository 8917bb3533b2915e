import type { CpuName } from "../sim/cpu"
import { BusyBoard } from "../test/support/busyboard"
import { firmware, readManifest } from "../tools/firmware"

// The heap left on a board in full use, and whether less heap would be enough.

type Results = Record<string, number>

interface Run {
    cpu: CpuName
    seed: number
    minutes: number
    /** 16 of the 64 KB are held back from the start. */
    ballast?: boolean
    troubles?: boolean
}

/** Minimum left by a run without ballast: bytes, and the largest piece of them. */
export const heapFloors: Results = {
    "heap.busy.freeBytesMin": 8192,
    "heap.busy.largestFreeMin": 1024,
}
export const heapBudgets: Results = { "heap.ballast.panics": 0 }

const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const ballastRuns: Run[] = seeds.flatMap(seed =>
    (["esp32", "slow"] as const).map(cpu => ({ cpu, seed, minutes: 5, ballast: true })),
)
const busyRun: Run = { cpu: "slow", seed: 1, minutes: 30, troubles: true }

/** The figures of one run; `hourly` gets the lowest until then, once per hour of board time. */
export async function runHeap(
    run: Run,
    hourly?: (hour: number, figures: Results) => void,
): Promise<Results> {
    const entry = run.ballast ? "bench/device/ballast.ts" : readManifest().entries.simulator
    const { imagePath } = await firmware(entry)
    const busy = new BusyBoard(imagePath, run)
    try {
        await busy.start()
        const figures = () => ({
            panics: busy.panics(),
            peakBytes: busy.gauge.peakBytes ?? NaN,
            freeBytesMin: busy.gauge.freeBytesMin ?? NaN,
            largestFreeMin: busy.gauge.largestFreeMin ?? NaN,
            lines: busy.lines.done,
            ...busy.board.simulation.summary(0).ftp,
        })
        for (let left = run.minutes, hour = 1; left > 0 && busy.panics() === 0; left -= 60) {
            await busy.use(Math.min(60, left))
            hourly?.(hour++, figures())
        }
        return figures()
    } finally {
        await busy.end()
    }
}

export async function heapBench(): Promise<Results> {
    const small: Results[] = []
    for (const run of ballastRuns) small.push(await runHeap(run))
    const busy = await runHeap(busyRun)
    return {
        "heap.ballastBytes": 16384,
        "heap.ballast.panics": small.reduce((sum, { panics }) => sum + panics, 0),
        "heap.ballast.largestFreeMin": Math.min(...small.map(one => one.largestFreeMin)),
        "heap.busy.peakBytes": busy.peakBytes,
        "heap.busy.freeBytesMin": busy.panics ? 0 : busy.freeBytesMin,
        "heap.busy.largestFreeMin": busy.panics ? 0 : busy.largestFreeMin,
    }
}
