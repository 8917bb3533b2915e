// TI BQ76952, technical reference manual SLUUBY2 (revision B); each group names its section.

/** 7-bit I²C address as delivered (§9.2). */
export const monitorAddress = 0x08

/**
 * A transaction's CRC begins with the address and its direction bit (§9.2): 0x10, and 0x11 before
 * read data.
 */
export const enum Wire {
    /** CRC of 0x10 alone. */
    WriteCrc = 0x70,
    Read = 0x11,
}

/** Direct commands: register numbers, 16-bit values low byte first (§12.1). */
export const enum Direct {
    SafetyAlertA = 0x02,
    BatteryStatus = 0x12,
    Cell1Voltage = 0x14,
    StackVoltage = 0x34,
    Cc2Current = 0x3a,
    Subcommand = 0x3e,
    TransferBuffer = 0x40,
    Checksum = 0x60,
    IntTemperature = 0x68,
    Ts1Temperature = 0x70,
    Ts3Temperature = 0x74,
}

/** Blocks read in one transaction: the register number auto-increments. */
export const enum Block {
    /** SafetyAlertA, SafetyStatusA … SafetyStatusC, BatteryStatus, cells, through Cc2Current. */
    MeasurementsBytes = 58,
    /** IntTemperature through Ts3Temperature. */
    TemperaturesBytes = 14,
    /** Subcommand, transfer buffer, checksum and length. */
    ResponseBytes = 36,
}

/** Bits of Battery Status (§12.1, 0x12). */
export const enum Status {
    ConfigUpdate = 0x0001,
    PowerOnReset = 0x0008,
    SecurityState = 0x0300,
}

/** Bits of BatteryState.safety: Safety Status A, B and C, lowest byte first (§12.1, 0x03–0x07). */
export const enum Safety {
    CellUndervoltage = 0x04,
    CellOvervoltage = 0x08,
    OvercurrentCharge = 0x10,
    OvercurrentDischarge1 = 0x20,
    ShortCircuit = 0x80,
    ShortCircuitLatched = 0x400000,
}

/** Subcommands (§12.2 command only, §12.3 with data). */
export const enum Subcommand {
    DeviceNumber = 0x0001,
    DaStatus6 = 0x0076,
    CellBalanceActive = 0x0083,
    SetConfigUpdate = 0x0090,
    ExitConfigUpdate = 0x0092,
}

/** The answer to DeviceNumber. */
export const deviceNumber = 0x7695

/** Data memory, reached like subcommands (§13.1). */
export const enum Memory {
    DaConfiguration = 0x9303,
}

/** DA Configuration (§13.3): stack voltage in 10 mV; USER_AMPS 1, 2, 3 are 1, 10, 100 mA. */
export const enum DaConfiguration {
    UserVoltsCentivolt = 0x04,
    UserAmpsMask = 0x03,
}

/**
 * Everything written in CONFIG_UPDATE mode: blocks of address (2 bytes, low byte first), length and
 * data. The settings replace the zeros at the offsets of `At`; the rest is written as is.
 */
export const configurationTemplate = hex`
    A8 91 08  00 00 00 00  00 00 00 00
    34 92 02  82 28
    61 92 02  BC 33
    75 92 08  00 00 00  00 00 00  00  00
    80 92 04  00 00  00 00
    86 92 02  00 0B
    9A 92 06  00 00 00  00 00 00
    A6 92 06  00 00 00  00 00 00
    FD 92 03  07 00 07
    03 93 03  00  00 00`

/** Offsets into configurationTemplate. */
export const enum At {
    /** Calibration, 0x91A8: CC Gain, IEEE-754 single (§13.2). */
    CcGain = 3,
    /** Calibration, 0x91AC: Capacity Gain, IEEE-754 single (§13.2). */
    CapacityGain = 7,
    /**
     * Settings, 0x9234: Power Config, default 0x2982 without SLEEP, which would measure only every
     * 5 s (§13.3).
     */
    PowerConfig = 14,
    /** Settings, 0x9261/2: SCD OCD1 OCC COV CUV; OTD OTC UTD UTC (§13.3). */
    EnabledProtections = 19,
    /**
     * Protections, 0x9275–0x927C: thresholds and hysteresis in 50.6 mV, delays of (2 + n) × 3.3 ms
     * (§5.2, §13.6).
     */
    CuvThreshold = 24,
    CuvDelay = 25,
    CovThreshold = 27,
    CovDelay = 28,
    CuvHysteresis = 30,
    CovHysteresis = 31,
    /**
     * Protections, 0x9280–0x9283: 2 mV across the shunt, delays of (2 + n) × 3.3 ms (§5.2, §13.6).
     */
    OccThreshold = 35,
    OccDelay = 36,
    Ocd1Threshold = 37,
    Ocd1Delay = 38,
    /** Protections, 0x9286/7: index into shortCircuitSteps; delay (11 - 1) × 15 µs (§13.6). */
    ScdThreshold = 42,
    /**
     * Protections, 0x929A–0x929F and 0x92A6–0x92AB: threshold, delay in s, recovery in °C, each
     * twice (§13.6).
     */
    Overtemperature = 47,
    Undertemperature = 56,
    /** Settings, 0x92FD–0x92FF: TS1 and TS3 as cell thermistors with the 18 kΩ pull-up (§13.3). */
    Ts1Config = 65,
    /** Settings, 0x9303: units of current and stack voltage (§13.3). */
    DaConfiguration = 71,
    /** Settings, 0x9304: one bit per input with a cell (§13.3). */
    VcellMode = 72,
}

/** SCD thresholds in 5 mV, by their index in the register (§13.6). */
export const shortCircuitSteps = hex`02 04 08 0C 10 14 19 1E 23 28 32 3C 46 50 5A 64`

/** The current step in mA for each USER_AMPS of DA Configuration; 0.1 mA is unused (§13.3). */
export const currentSteps = hex`00 01 0A 64`
