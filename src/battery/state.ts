/** One whole measurement of the battery. It is never changed after it was published. */
export interface BatteryState {
    /** Sum of the cells as the chip measures it at the top of the stack, mV. */
    packMv: number
    /** Current in mA, charging positive. */
    currentMa: number
    /** State of charge in 0.1 %, undefined while nothing is known of it. */
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
    /** A bit for each cell that is being balanced, bit 0 is cell 1. */
    balancing: number
    /** Safety Status A, B and C of the chip from the lowest byte on, see `Safety`. */
    safety: number
    /** Safety Alert A, B and C likewise: beyond a limit, but not for its delay yet. */
    alerts: number
    /** When it was measured, on the monotonic clock. */
    atMs: number
}
