/** All settings, in the order of the table in schema.ts; the number is the row. */
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
 * Typed access to the settings in force. Flags are 0 or 1; timestamps are Unix seconds, 0 = never.
 */
export interface SettingsReader {
    number(key: Key): number
    text(key: Key): string
}

/**
 * Settings that the firmware itself keeps: the schema's states, which are counters and timestamps.
 */
export interface StateWriter extends SettingsReader {
    /**
     * Stores several values at once; returns once they are in flash. Unchanged ones cost nothing.
     */
    apply(keys: Key[], values: any[]): Promise<void>
}
