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
    Cmd18ReadMultipleBlock = 18,
    Acmd23SetWrBlkEraseCount = 23,
    Cmd24WriteBlock = 24,
    Cmd25WriteMultipleBlock = 25,
    Acmd41SendOpCond = 41,
    Cmd55AppCmd = 55,
    Cmd58ReadOcr = 58,
    Cmd59CrcOnOff = 59,
}

/** Bits of the R1 answer (section 7.3.2.1). */
export const enum R1 {
    Idle = 0x01,
    IllegalCommand = 0x04,
    CommandCrcError = 0x08,
    /** Clear in every answer that is in step. */
    None = 0x80,
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
 * Bytes of one frame on the wire: a data block with its framing. The 220 bytes after it are 88 µs
 * at 20 MHz, in which a card has usually taken a block of a stream: another poll would take six
 * times as long.
 */
export const frameBytes = 736

/** Offset of the command in a frame: a 0xff before it makes the card release the line. */
const commandAt = 1

/** First and last byte that can be an answer: twice the range that the standard allows. */
export const answerAt = commandAt + 6
export const answerMost = answerAt + 16

/** CRC-7 (x^7 + x^3 + 1) of each byte, times two. */
const crc7Table = hex`
    00122436485a6c7e9082b4a6d8cafcee322016047a685e4ca2b08694eaf8cedc
    647640522c3e081af4e6d0c2bcae988a564472601e0c3a28c6d4e2f08e9caab8
    c8daecfe8092a4b6584a7c6e10023426fae8deccb2a096846a784e5c22300614
    acbe889ae4f6c0d23c2e180a746650429e8cbaa8d6c4f2e00e1c2a3846546270
    8290a6b4cad8eefc120036245a487e6cb0a29486f8eadcce20320416687a4c5e
    e6f4c2d0aebc8a98766452403e2c1a08d4c6f0e29c8eb8aa445660720c1e283a
    4a586e7c02102634dac8feec9280b6a4786a5c4e30221406e8faccdea0b28496
    2e3c0a1866744250beac9a88f6e4d2c01c0e382a544670628c9ea8bac4d6e0f2`

/** Fills a frame with a command followed by 0xff. */
export function putCommand(frame: Buffer, index: Command, argument: number): void {
    frame.fillAt(0, frame.length, 0xff)
    frame[commandAt] = 0x40 + index
    frame[commandAt + 1] = argument >> 24
    frame[commandAt + 2] = argument >> 16
    frame[commandAt + 3] = argument >> 8
    frame[commandAt + 4] = argument
    // Some cards check it although they need not.
    let sum = 0
    for (let at = commandAt; at < commandAt + 5; ++at) sum = crc7Table[sum ^ frame[at]]
    frame[commandAt + 5] = sum | 1
}

/**
 * Capacity in 512-byte blocks from the card-specific data (sections 5.3.2, 5.3.3), 0 if unknown.
 */
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
