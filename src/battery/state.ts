/** One complete measurement of the battery, immutable once published. */
export interface BatteryState {
    /** Pack voltage, measured by the chip at the top of the stack, mV. */
    packMv: number
    /** Current in mA, charging positive. */
    currentMa: number
    /** State of charge in 0.1 %, undefined while unknown. */
    socPermille: number | undefined
    /** Cell voltages in mV, cell 1 (the most negative) first. */
    cellMv: number[]
    /** Lowest, highest and mean of the cell voltages in mV; the mean need not be whole. */
    cellMinMv: number
    cellMaxMv: number
    cellMeanMv: number
    /** The thermistors in 0.1 °C: TS1, TS3. */
    temperatureDeciC: number[]
    /** The monitor chip's own temperature in 0.1 °C. */
    chipDeciC: number
    /** One bit per cell being balanced, bit 0 is cell 1. */
    balancing: number
    /** Safety Status A, B and C of the chip, lowest byte first, see `Safety`. */
    safety: number
    /** Safety Alert A, B and C likewise: beyond a limit, but not yet for its delay. */
    alerts: number
    /** When it was measured, on the monotonic clock. */
    atMs: number
}
