/** Every setting, in the order of the table in schema.ts; the number is the row. */
export const enum Key {
    UserSerial,
    UserAddress,
    SdEnable,
    SdPeriod,
    SdCells,
    FtpEnable,
    FtpHost,
    FtpPort,
    FtpUser,
    FtpPassword,
    FtpPeriod,
    FtpCells,
    FtpDirectory,
    FtpGateway,
    FtpLastLogin,
    FtpLastSuccess,
    ResetEnable,
    ResetMax,
    ResetDays,
    ResetTime,
    ResetCount,
    ResetLast,
    WifiSsid,
    WifiPassword,
    TimeZone,
    TimeServer,
    BatteryCells,
    BatteryChemistry,
    BatteryCapacity,
    BatteryShunt,
    BatteryCellOvervoltage,
    BatteryCellOvervoltageHysteresis,
    BatteryCellUndervoltage,
    BatteryCellUndervoltageHysteresis,
    BatteryOvercurrentCharge,
    BatteryOvercurrentDischarge,
    BatteryOvercurrentHysteresis,
    BatteryOvertemperature,
    BatteryUndertemperature,
    BatteryTemperatureHysteresis,
    BatteryImbalance,
    BatteryImbalanceHysteresis,
    BatteryDelay,
    ConsolePassword,
}

/**
 * Typed access to the settings in force. Flags are 0 or 1; times of state are Unix seconds, 0 =
 * never.
 */
export interface SettingsReader {
    number(key: Key): number
    text(key: Key): string
}

/** Settings that the firmware itself keeps (counters, timestamps, states of the schema). */
export interface StateWriter extends SettingsReader {
    /** Stores several values at once; returns when they are in flash. Equal ones cost nothing. */
    apply(keys: Key[], values: any[]): Promise<void>
}
