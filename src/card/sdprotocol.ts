// The wire of an SD card in SPI mode: SD Physical Layer Simplified Specification 6.00, chapter 7.

/** Commands by the standard's numbers (section 7.3.1.3). */
export const enum Command {
    Cmd0GoIdleState = 0,
    Cmd8SendIfCond = 8,
    Cmd9SendCsd = 9,
    Cmd12StopTransmission = 12,
    Cmd13SendStatus = 13,
    Cmd16SetBlocklen = 16,
    Cmd17ReadSingleBlock = 17,
    Acmd23SetWrBlkEraseCount = 23,
    Cmd24WriteBlock = 24,
    Cmd25WriteMultipleBlock = 25,
    Acmd41SendOpCond = 41,
    Cmd55AppCmd = 55,
    Cmd58ReadOcr = 58,
}

/** Bits of the R1 answer (section 7.3.2.1). */
export const enum R1 {
    Idle = 0x01,
    IllegalCommand = 0x04,
    CommandCrcError = 0x08,
}

/** Second byte of the R2 answer to CMD13 (section 7.3.2.3). */
export const enum Status {
    /** Write protect violation. */
    Protected = 0x20,
}

/** Tokens around data blocks (section 7.3.3). */
export const enum Token {
    StartBlock = 0xfe,
    StartStreamBlock = 0xfc,
    StopStream = 0xfd,
    /** Data response, low five bits. */
    Accepted = 0x05,
    CrcError = 0x0b,
}

/**
 * Bytes of one frame on the wire: a data block with all around it. The 220 behind it are 88 µs at 20 MHz, in which a
 * card has usually taken a block of a stream: asking once more would take six times as long.
 */
export const frameBytes = 736

/** Where the command lies in a frame: a 0xff before it lets the card let go of the line. */
const commandAt = 1

/** First byte that can be an answer. */
export const answerAt = commandAt + 6

/** Fills a frame with a command and 0xff behind it. */
export function putCommand(frame: Buffer, index: Command, argument: number): void {
    frame.fillAt(0, frame.length, 0xff)
    frame[commandAt] = 0x40 + index
    frame[commandAt + 1] = argument >> 24
    frame[commandAt + 2] = argument >> 16
    frame[commandAt + 3] = argument >> 8
    frame[commandAt + 4] = argument
    // The two commands whose CRC7 is always looked at; with CRC off the others need only the end bit.
    frame[commandAt + 5] = index === Command.Cmd0GoIdleState ? 0x95 : 0x87
}

/** Capacity in 512-byte blocks from the card-specific data (sections 5.3.2, 5.3.3), 0 if unknown. */
export function parseCsdBlocks(csd: Buffer): number {
    const version = csd[0] >> 6
    if (version === 0) {
        const size = ((csd[6] & 3) << 10) | (csd[7] << 2) | (csd[8] >> 6)
        const multiplier = ((csd[9] & 3) << 1) | (csd[10] >> 7)
        return (size + 1) << (multiplier + 2 + (csd[5] & 15) - 9)
    }
    if (version !== 1) return 0
    return ((((csd[7] & 0x3f) << 16) | (csd[8] << 8) | csd[9]) + 1) * 1024
}
