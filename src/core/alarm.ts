import { fieldAt } from "./text"

/** Error flags; the value is the bit number in the journal and in the log's `errors_hex` column. */
export const enum Alarm {
    CellOvervoltage = 0,
    CellUndervoltage = 1,
    OvercurrentCharge = 2,
    OvercurrentDischarge = 3,
    Overtemperature = 4,
    Undertemperature = 5,
    CellImbalance = 6,
    MonitorOffline = 7,
    ShortCircuit = 8,
    SdCard = 16,
    SdFull = 17,
    Ftp = 18,
    Wifi = 19,
    Clock = 20,
    Settings = 21,
    TaskStuck = 22,
    RecordsLost = 23,
    SafeMode = 24,
}

/** Bits from here on are unused. */
export const alarmCount = 25

/** Parts report here that one of their error conditions appeared or disappeared. */
export interface AlarmSink {
    /**
     * Reports the present condition; repeating it costs nothing.
     * @param note why it changed, for the journal: which cell, what value, what limit
     */
    set(alarm: Alarm, active: boolean, note?: string): void
}

/** Flag names by bit number; the reserved bits in between have none. */
const alarmNames =
    "CELL_OVERVOLTAGE,CELL_UNDERVOLTAGE,OVERCURRENT_CHARGE,OVERCURRENT_DISCHARGE," +
    "OVERTEMPERATURE,UNDERTEMPERATURE,CELL_IMBALANCE,MONITOR_OFFLINE,SHORT_CIRCUIT,,,,,,,," +
    "SD_CARD,SD_FULL,FTP,WIFI,CLOCK,SETTINGS,TASK_STUCK,RECORDS_LOST,SAFE_MODE"

/** A flag's name as users see it everywhere; "" for a reserved bit. */
export function alarmName(bit: number): string {
    return fieldAt(alarmNames, bit, ",")
}

/** The names of all raised flags, separated by ", "; "none" for 0. */
export function formatAlarms(flags: number): string {
    let text = ""
    for (let bit = 0; bit < alarmCount; ++bit)
        if ((flags >> bit) & 1) text += (text.length === 0 ? "" : ", ") + alarmName(bit)
    return text.length === 0 ? "none" : text
}
