import type { Gap } from "../days/statistics"

/** Sorts by time and inserts a hole at each gap, so that a plot draws no line across it. */
export function brokenAt(
    times: Float64Array,
    columns: readonly Float64Array[],
    gaps: readonly Gap[],
): { times: ArrayLike<number>; columns: ArrayLike<number>[] } {
    const rising = times.every((time, i) => i === 0 || time > times[i - 1])
    if (rising && gaps.length === 0) return { times, columns: [...columns] }
    const order = Array.from(times.keys()).sort((one, other) => times[one] - times[other])
    const starts = new Set(gaps.map(gap => gap.from))
    const outTimes: number[] = []
    const out: number[][] = columns.map(() => [])
    for (const index of order) {
        const time = times[index]
        // A clock set back repeats a second: the later record is shown.
        if (time === outTimes.at(-1)) {
            out.forEach((list, c) => (list[list.length - 1] = columns[c][index]))
            continue
        }
        outTimes.push(time)
        out.forEach((list, c) => list.push(columns[c][index]))
        if (!starts.has(time)) continue
        outTimes.push(time + 0.5)
        out.forEach(list => list.push(NaN))
    }
    return { times: outTimes, columns: out }
}
