import type { BatteryState } from "../../src/battery/state"

/** A measurement of these cells with no fault, except for `changes`. */
export function measurement(cellMv: number[], changes: Partial<BatteryState> = {}): BatteryState {
    const packMv = cellMv.reduce((sum, mv) => sum + mv, 0)
    return {
        packMv,
        currentMa: 0,
        socPermille: 500,
        cellMv,
        cellMinMv: Math.min(...cellMv),
        cellMaxMv: Math.max(...cellMv),
        cellMeanMv: packMv / cellMv.length,
        temperatureDeciC: [215, 220],
        chipDeciC: 300,
        balancing: 0,
        safety: 0,
        alerts: 0,
        atMs: 0,
        ...changes,
    }
}
