import { column, type Day } from "./reader"

/** More than this many usual periods without a record is a gap. */
const gapPeriods = 2.5

export interface Extreme {
    value: number
    /** Unix seconds. */
    at: number
    /** The cell's number, from 1. */
    cell?: number
}

export interface Gap {
    /** Unix seconds of the records before and after it. */
    from: number
    to: number
}

/** A period during which a flag was up. */
export interface Band {
    bit: number
    from: number
    to: number
}

/** The figures of a day. Values the file does not give are undefined. */
export interface DayFigures {
    records: number
    from: number | undefined
    to: number | undefined
    /** The usual seconds between two records. */
    periodSeconds: number | undefined
    ampereHoursIn: number
    ampereHoursOut: number
    wattHoursIn: number
    wattHoursOut: number
    voltage: { min?: Extreme; max?: Extreme }
    current: { min?: Extreme; max?: Extreme }
    charge: { first?: number; last?: number; min?: Extreme; max?: Extreme }
    temperature: { min?: Extreme; max?: Extreme }
    lowestCell?: Extreme
    highestCell?: Extreme
    /** The largest distance between lowest and highest cell, V. */
    spread?: Extreme
    gaps: Gap[]
    bands: Band[]
    /** How often the clock was set back in the file. */
    stepsBack: number
}

function extremes(
    times: Float64Array,
    values: Float64Array | undefined,
): { min?: Extreme; max?: Extreme } {
    let min: Extreme | undefined
    let max: Extreme | undefined
    for (let i = 0; i < (values?.length ?? 0); i++) {
        const value = values![i]
        if (Number.isNaN(value)) continue
        if (min === undefined || value < min.value) min = { value, at: times[i] }
        if (max === undefined || value > max.value) max = { value, at: times[i] }
    }
    return { min, max }
}

/** The most frequent distance between two records. */
function usualPeriod(times: Float64Array): number | undefined {
    const counts = new Map<number, number>()
    for (let i = 1; i < times.length; i++) {
        const step = times[i] - times[i - 1]
        if (step > 0) counts.set(step, (counts.get(step) ?? 0) + 1)
    }
    let best: number | undefined
    for (const [step, count] of counts)
        if (
            best === undefined ||
            count > counts.get(best)! ||
            (count === counts.get(best)! && step < best)
        )
            best = step
    return best
}

function gapsOf(times: Float64Array, periodSeconds = usualPeriod(times)): Gap[] {
    const gaps: Gap[] = []
    if (periodSeconds === undefined) return gaps
    for (let i = 1; i < times.length; i++)
        if (times[i] - times[i - 1] > periodSeconds * gapPeriods)
            gaps.push({ from: times[i - 1], to: times[i] })
    return gaps
}

/**
 * Charge and energy between records, from the mean of both ends; gaps are left out, because their
 * flow is unknown.
 * @returns ampere-hours and watt-hours, in and out
 */
function flow(day: Day, periodSeconds: number | undefined): [number, number, number, number] {
    const volts = column(day, "voltage_V")
    const amperes = column(day, "current_A")
    let [ahIn, ahOut, whIn, whOut] = [0, 0, 0, 0]
    if (!volts || !amperes || periodSeconds === undefined) return [ahIn, ahOut, whIn, whOut]
    for (let i = 1; i < day.times.length; i++) {
        const seconds = day.times[i] - day.times[i - 1]
        if (!(seconds > 0 && seconds <= periodSeconds * gapPeriods)) continue
        const ampere = (amperes[i] + amperes[i - 1]) / 2
        const watt = (amperes[i] * volts[i] + amperes[i - 1] * volts[i - 1]) / 2
        if (Number.isNaN(watt)) continue
        if (ampere > 0) ahIn += (ampere * seconds) / 3600
        else ahOut -= (ampere * seconds) / 3600
        if (watt > 0) whIn += (watt * seconds) / 3600
        else whOut -= (watt * seconds) / 3600
    }
    return [ahIn, ahOut, whIn, whOut]
}

function bandsOf(times: Float64Array, flags: Float64Array | undefined): Band[] {
    const bands: Band[] = []
    const open = new Map<number, Band>()
    let before = 0
    for (let i = 0; i < (flags?.length ?? 0); i++) {
        const now = Number.isNaN(flags![i]) ? before : flags![i]
        const changed = now ^ before
        if (changed === 0 && now === 0) continue
        for (let bit = 0; bit < 32; bit++) {
            const up = ((now >>> bit) & 1) === 1
            const band = open.get(bit)
            if (up && !band) {
                const fresh = { bit, from: times[i], to: times[i] }
                bands.push(fresh)
                open.set(bit, fresh)
            } else if (up) band!.to = times[i]
            else if (band) {
                band.to = times[i]
                open.delete(bit)
            }
        }
        before = now
    }
    return bands
}

/** The largest and smallest cell voltages of a cell log, or those in the main log. */
function cellFigures(day: Day): Pick<DayFigures, "lowestCell" | "highestCell" | "spread"> {
    const cells = day.names.flatMap((name, i) => (/^cell\d+_V$/.test(name) ? [day.columns[i]] : []))
    const low = column(day, "cell_min_V")
    const high = column(day, "cell_max_V")
    const lowNo = column(day, "cell_min_no")
    const highNo = column(day, "cell_max_no")
    let lowestCell: Extreme | undefined
    let highestCell: Extreme | undefined
    let spread: Extreme | undefined
    for (let i = 0; i < day.times.length; i++) {
        let [min, max, minNo, maxNo] = [low?.[i] ?? NaN, high?.[i] ?? NaN, lowNo?.[i], highNo?.[i]]
        for (const [index, one] of cells.entries()) {
            if (!(one[i] >= min)) if (!Number.isNaN(one[i])) [min, minNo] = [one[i], index + 1]
            if (!(one[i] <= max)) if (!Number.isNaN(one[i])) [max, maxNo] = [one[i], index + 1]
        }
        if (Number.isNaN(min) || Number.isNaN(max)) continue
        const at = day.times[i]
        if (!lowestCell || min < lowestCell.value) lowestCell = { value: min, at, cell: minNo }
        if (!highestCell || max > highestCell.value) highestCell = { value: max, at, cell: maxNo }
        if (!spread || max - min > spread.value) spread = { value: max - min, at, cell: minNo }
    }
    return { lowestCell, highestCell, spread }
}

export function figuresOf(day: Day): DayFigures {
    const { times } = day
    const periodSeconds = usualPeriod(times)
    const [ampereHoursIn, ampereHoursOut, wattHoursIn, wattHoursOut] = flow(day, periodSeconds)
    const soc = column(day, "soc_pct")
    const known = soc?.filter(one => !Number.isNaN(one))
    const low = extremes(times, column(day, "temp_min_C") ?? column(day, "temp1_C"))
    const high = extremes(times, column(day, "temp_max_C") ?? column(day, "temp1_C"))
    let stepsBack = 0
    for (let i = 1; i < times.length; i++) if (times[i] < times[i - 1]) stepsBack++
    return {
        records: times.length,
        from: times.length > 0 ? times[0] : undefined,
        to: times.at(-1),
        periodSeconds,
        ampereHoursIn,
        ampereHoursOut,
        wattHoursIn,
        wattHoursOut,
        voltage: extremes(times, column(day, "voltage_V")),
        current: extremes(times, column(day, "current_A")),
        charge: { first: known?.[0], last: known?.at(-1), ...extremes(times, soc) },
        temperature: { min: low.min, max: high.max },
        ...cellFigures(day),
        gaps: gapsOf(times, periodSeconds),
        bands: bandsOf(times, column(day, "errors_hex")),
        stepsBack,
    }
}
