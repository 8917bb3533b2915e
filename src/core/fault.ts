/** What went wrong, as a stable number: the high byte is the module. Codes are never reused. */
export const enum FaultCode {
    // 0x01 values and texts
    BadValue = 0x0101,
    // 0x02 buses; evidence: the 7-bit address on I²C
    SpiFailed = 0x0201,
    I2cNoAcknowledge = 0x0202,
    // 0x03 SD card; evidence: the command index or the block number
    CardAbsent = 0x0301,
    CardTimeout = 0x0302,
    CardRefused = 0x0303,
    CardCrc = 0x0304,
    CardWriteProtected = 0x0305,
    CardUnsupported = 0x0306,
    // 0x04 FAT volume; evidence: the block or cluster
    VolumeUnformatted = 0x0401,
    VolumeUnsupported = 0x0402,
    VolumeDamaged = 0x0403,
    VolumeFull = 0x0404,
    DirectoryFull = 0x0405,
    BadPath = 0x0406,
    NotFound = 0x0407,
    StaleHandle = 0x0408,
    NotMounted = 0x0409,
    VolumeSearching = 0x040a,
    // 0x05 settings; evidence: the key's index
    UnknownKey = 0x0501,
    ValueRefused = 0x0502,
    ReadOnlyKey = 0x0503,
    // 0x06 flash
    FlashWriteFailed = 0x0601,
    FlashKeyOrValueTooLong = 0x0602,
    FlashNoAnswer = 0x0603,
    // 0x07 battery monitor; evidence: the register or subcommand
    MonitorNoAnswer = 0x0701,
    MonitorNonsense = 0x0702,
    // 0x08 clock
    ClockChipNonsense = 0x0801,
    TimeServerNoDate = 0x0803,
    // 0x09 tasks; evidence: milliseconds waited
    LockTimeout = 0x0901,
    // 0x0a socket
    SocketClosed = 0x0a01,
    SocketTimeout = 0x0a02,
    SocketRefused = 0x0a03,
    // 0x0b FTP and gateway; evidence: the reply code
    FtpReplyMalformed = 0x0b01,
    FtpRefused = 0x0b02,
    FtpLoginRefused = 0x0b03,
    FtpNoProgress = 0x0b04,
    GatewayRefused = 0x0b05,
    FtpFileRefused = 0x0b06,
    // 0x0c console
    UsageWrong = 0x0c01,
    LoginNeeded = 0x0c02,
}

/**
 * A failure outside the program: the card, a chip, the network, user input. The message says what
 * happened and what to do; `evidence` is the number documented beside the code.
 */
export class Fault extends Error {
    constructor(
        readonly code: FaultCode,
        message: string,
        readonly evidence = 0,
    ) {
        super(message)
        this.name = "Fault"
    }
}

/** The message of any thrown value, for logs and one-line errors. */
export function faultMessage(thrown: any): string {
    return thrown instanceof Error ? thrown.message : "" + thrown
}

/** The code of any thrown value, 0 unless it is a Fault. */
export function faultCode(thrown: any): number {
    return thrown instanceof Fault ? thrown.code : 0
}
