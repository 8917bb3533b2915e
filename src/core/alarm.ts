/** Error flags; the value is the bit number in the journal and in the log's `errors` column. */
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
}

/** Where a part reports that one of its error conditions appeared or disappeared. */
export interface AlarmSink {
    /** States the present condition; saying the same again is free. */
    set(alarm: Alarm, active: boolean): void
}
