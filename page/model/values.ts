/** The battery monitor's measurements, as in `values`. */
export interface Battery {
    packMv: number
    /** Charging is positive. */
    currentMa: number
    /** Undefined while unknown. */
    socPermille: number | undefined
    cellMv: number[]
    temperatureDeciC: number[]
    balancing: number
    safety: number
    alerts: number
}

/** One reading of the board. */
export interface Values {
    /** Unix seconds of the board's clock, and its local time's offset from UTC. */
    timeSeconds: number
    offsetMinutes: number
    /** False while the time is a lower bound. */
    trusted: boolean
    upSeconds: number
    flags: number
    /** Number of the journal's last entry. */
    lastEntry: number
    queued: number
    lost: number
    /** Undefined while the monitor does not answer. */
    battery: Battery | undefined
}

const numbers = (text: unknown): number[] =>
    typeof text === "string" && text !== "" ? text.split(",").map(Number) : []

const numberOf = (value: unknown): number =>
    typeof value === "number" && Number.isFinite(value) ? value : 0

/**
 * Parses the output of `values`; undefined if it is missing. Unknown lines and members are ignored.
 */
export function parseValues(text: string): Values | undefined {
    let values: Values | undefined
    for (const line of text.split("\n")) {
        if (!line.startsWith("{")) continue
        let one: Record<string, unknown>
        try {
            one = JSON.parse(line) as Record<string, unknown>
        } catch {
            continue
        }
        if (one.kind === "values")
            values = {
                timeSeconds: numberOf(one.time),
                offsetMinutes: numberOf(one.offset),
                trusted: one.trusted === true,
                upSeconds: numberOf(one.up),
                flags: numberOf(one.flags),
                lastEntry: numberOf(one.journal),
                queued: numberOf(one.queued),
                lost: numberOf(one.lost),
                battery: undefined,
            }
        else if (one.kind === "battery" && values) values.battery = batteryOf(one)
    }
    return values
}

function batteryOf(one: Record<string, unknown>): Battery {
    const soc = numberOf(one.soc)
    return {
        packMv: numberOf(one.mv),
        currentMa: numberOf(one.ma),
        socPermille: soc < 0 ? undefined : soc,
        cellMv: numbers(one.cells),
        temperatureDeciC: numbers(one.temperatures),
        balancing: numberOf(one.balancing),
        safety: numberOf(one.safety),
        alerts: numberOf(one.alerts),
    }
}

/** Lowest and highest cell, numbered from 1; the first of equal ones. Undefined without cells. */
export function cellExtremes(
    cellMv: readonly number[],
): { lowest: number; highest: number; spreadMv: number; meanMv: number } | undefined {
    if (cellMv.length === 0) return undefined
    const low = Math.min(...cellMv)
    const high = Math.max(...cellMv)
    return {
        lowest: cellMv.indexOf(low) + 1,
        highest: cellMv.indexOf(high) + 1,
        spreadMv: high - low,
        meanMv: cellMv.reduce((sum, one) => sum + one, 0) / cellMv.length,
    }
}
