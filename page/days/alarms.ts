/** An error flag as the board describes it. */
export interface Alarm {
    name: string
    bit: number
}

export type Severity = "battery" | "device"

export interface Flag extends Alarm {
    severity: Severity
}

/** The active flags. A flag the board has not described is named by its bit. */
export function flagsUp(flags: number, alarms: readonly Alarm[]): Flag[] {
    const up: Flag[] = []
    for (let bit = 0; bit < 32; bit++) {
        if (((flags >>> bit) & 1) === 0) continue
        const name = alarms.find(one => one.bit === bit)?.name ?? `bit ${bit}`
        up.push({ name, bit, severity: bit < 16 ? "battery" : "device" })
    }
    return up
}

/** The firmware's flags, for files viewed without a board. */
export const knownAlarms: Alarm[] = Object.entries({
    CELL_OVERVOLTAGE: 0,
    CELL_UNDERVOLTAGE: 1,
    OVERCURRENT_CHARGE: 2,
    OVERCURRENT_DISCHARGE: 3,
    OVERTEMPERATURE: 4,
    UNDERTEMPERATURE: 5,
    CELL_IMBALANCE: 6,
    MONITOR_OFFLINE: 7,
    SHORT_CIRCUIT: 8,
    SD_CARD: 16,
    SD_FULL: 17,
    FTP: 18,
    WIFI: 19,
    CLOCK: 20,
    SETTINGS: 21,
    TASK_STUCK: 22,
    RECORDS_LOST: 23,
    SAFE_MODE: 24,
}).map(([name, bit]) => ({ name, bit }))
