// What a host may send to an SD card in SPI mode, and what it must do before: SD Physical Layer
// Simplified Specification 6.00. Written from the standard alone; driver and chip share none of
// this code.

export type AnswerFormat = "R1" | "R1b" | "R2" | "R3" | "R7"

interface CommandRow {
    name: string
    answer: AnswerFormat
    /** Accepted while the card is idle (section 7.2.1). */
    idle?: boolean
    /** Bytes of the data block that follows R1. */
    reads?: number
    writes?: boolean
}

/** Section 7.3.1.3, table 7-3. */
const commandRows: Record<number, CommandRow> = {
    0: { name: "GO_IDLE_STATE", answer: "R1", idle: true },
    8: { name: "SEND_IF_COND", answer: "R7", idle: true },
    9: { name: "SEND_CSD", answer: "R1", reads: 16 },
    10: { name: "SEND_CID", answer: "R1", reads: 16 },
    12: { name: "STOP_TRANSMISSION", answer: "R1b" },
    13: { name: "SEND_STATUS", answer: "R2" },
    16: { name: "SET_BLOCKLEN", answer: "R1" },
    17: { name: "READ_SINGLE_BLOCK", answer: "R1", reads: 512 },
    18: { name: "READ_MULTIPLE_BLOCK", answer: "R1", reads: 512 },
    24: { name: "WRITE_BLOCK", answer: "R1", writes: true },
    25: { name: "WRITE_MULTIPLE_BLOCK", answer: "R1", writes: true },
    55: { name: "APP_CMD", answer: "R1", idle: true },
    58: { name: "READ_OCR", answer: "R3", idle: true },
    59: { name: "CRC_ON_OFF", answer: "R1", idle: true },
}

/** Section 7.3.1.3, table 7-4; any other number after CMD55 is the ordinary command (4.3.9.1). */
const applicationRows: Record<number, CommandRow> = {
    13: { name: "SD_STATUS", answer: "R2", reads: 64 },
    23: { name: "SET_WR_BLK_ERASE_COUNT", answer: "R1" },
    41: { name: "SD_SEND_OP_COND", answer: "R1", idle: true },
    51: { name: "SEND_SCR", answer: "R1", reads: 8 },
}

const answerBytes: Record<AnswerFormat, number> = { R1: 1, R1b: 1, R2: 2, R3: 5, R7: 5 }

/** One command on the wire and its answer. */
export interface WireCommand {
    /** "CMD17 READ_SINGLE_BLOCK" */
    name: string
    index: number
    application: boolean
    argument: number
    row: CommandRow
    /** 0xff bytes before the answer (NCR). */
    delayBytes: number
    /** R1 and its further bytes; empty without an answer. */
    answer: number[]
}

/**
 * Bits of R1 that refuse a command: all except "in idle state" and "erase reset" (section 7.3.2.1).
 */
const refusal = 0x7c

export function answerLength(command: WireCommand): number {
    // A card that refuses CMD8 answers only with R1 (sections 7.3.1.4, 7.3.2.6).
    const refused = command.index === 8 && (command.answer[0] & refusal) !== 0
    return refused ? 1 : answerBytes[command.row.answer]
}

export function accepted(command: WireCommand): boolean {
    return command.answer.length > 0 && (command.answer[0] & refusal) === 0
}

/** CRC-7 of section 4.5: x^7 + x^3 + 1, by long division. */
export function wireCrc7(bytes: readonly number[]): number {
    let remainder = 0
    for (const byte of bytes)
        for (let bit = 128; bit > 0; bit >>= 1) {
            remainder = (remainder << 1) | (byte & bit ? 1 : 0)
            if (remainder & 0x80) remainder ^= 0x89
        }
    for (let i = 0; i < 7; ++i) {
        remainder <<= 1
        if (remainder & 0x80) remainder ^= 0x89
    }
    return remainder
}

/** The remainders of all bytes followed by two zero bytes, by long division. */
const remainders16 = Array.from({ length: 256 }, (_, byte) => {
    let remainder = 0
    for (const part of [byte, 0, 0])
        for (let bit = 128; bit > 0; bit >>= 1) {
            remainder = (remainder << 1) | (part & bit ? 1 : 0)
            if (remainder & 0x10000) remainder ^= 0x11021
        }
    return remainder
})

/** CRC-16 of section 4.5: x^16 + x^12 + x^5 + 1. */
export function wireCrc16(bytes: Iterable<number>): number {
    let crc = 0
    for (const byte of bytes) crc = ((crc & 0xff) << 8) ^ remainders16[(crc >> 8) ^ byte]
    return crc
}

/** Follows a card from power-up; the fault callbacks get each breach and its section. */
export class SdHostRules {
    state: "off" | "idle" | "ready" = "off"
    crcOn = false
    /** 512-byte blocks, known once the CSD was read. */
    capacityBlocks: number | undefined
    /** The card was written: the host must read its status next. */
    statusDue = false
    private wakeBytes = 0
    private version2: boolean | undefined
    private echoWrong = false
    private initArgument: number | undefined
    private initialising = false
    private blockAddressed: boolean | undefined
    private blockLength = 0
    private applicationNext = false

    constructor(
        private readonly hostFault: (section: string, text: string) => void,
        private readonly cardFault: (section: string, text: string) => void,
    ) {}

    /** The card lost its supply, or is another one. */
    powerCycled(): void {
        this.state = "off"
        this.wakeBytes = 0
        this.forget()
    }

    /** Eight clocks with the select high. */
    unselectedByte(out: number, clockHz: number): void {
        const slow = clockHz >= 100_000 && clockHz <= 400_000
        if (this.state === "off" && slow && out === 0xff) this.wakeBytes++
    }

    clock(hz: number): void {
        if (this.state === "ready") {
            // TRAN_SPEED of the CSD is 0x32, 25 MHz, outside of high speed mode.
            if (hz > 25_000_000) this.hostFault("5.3.2", `${hz} Hz are more than 25 MHz`)
        } else if (hz < 100_000 || hz > 400_000)
            this.hostFault("4.2", `${hz} Hz: a card is identified at 100 to 400 kHz`)
    }

    /** Reads six bytes as a command and checks that it may come now. */
    command(bytes: readonly number[]): WireCommand {
        const index = bytes[0] & 0x3f
        const application = this.applicationNext && applicationRows[index] !== undefined
        const row = (application ? applicationRows : commandRows)[index]
        const name = `${application ? "ACMD" : "CMD"}${index} ${row?.name ?? "?"}`
        const argument = ((bytes[1] << 24) | (bytes[2] << 16) | (bytes[3] << 8) | bytes[4]) >>> 0
        const command: WireCommand = {
            name,
            index,
            application,
            argument,
            row: row ?? { name: "?", answer: "R1" },
            delayBytes: 0,
            answer: [],
        }
        this.applicationNext = false
        if (!row) this.hostFault("7.3.1.3", `CMD${index} is none of SPI mode`)
        this.checkChecksum(command, bytes)
        this.checkOrder(command)
        this.checkArgument(command)
        return command
    }

    private checkChecksum(
        { name, index, application }: WireCommand,
        bytes: readonly number[],
    ): void {
        if ((bytes[5] & 1) === 0) this.hostFault("7.3.1.1", `${name}: the end bit is 0`)
        // CMD0 finds the card in SD mode, where the CRC counts; the CRC of CMD8 always counts.
        const always = !application && (index === 8 || (index === 0 && this.state === "off"))
        const right = wireCrc7(bytes.slice(0, 5))
        if ((always || this.crcOn) && bytes[5] >> 1 !== right)
            this.hostFault("7.2.2", `${name}: CRC-7 0x${(bytes[5] >> 1).toString(16)} is wrong`)
    }

    private checkOrder({ name, index, application, row }: WireCommand): void {
        const reset = index === 0
        if (this.state === "off") {
            if (!reset) this.hostFault("7.2.1", `${name} before CMD0 has put the card in SPI mode`)
            else if (this.wakeBytes * 8 < 74)
                this.hostFault(
                    "6.4.1",
                    `${this.wakeBytes * 8} clocks before CMD0; 74 with select and DI high wake a card`,
                )
        } else if (this.state === "idle") {
            if (!row.idle) this.hostFault("7.2.1", `${name} before the card is ready`)
            if (this.initialising && !reset && index !== 55 && !(application && index === 41))
                this.hostFault("7.2.1", `${name} between two ACMD41: only CMD0 may`)
            if (this.echoWrong && !reset && index !== 8)
                this.hostFault("7.2.1", `${name} to a card that does not run at this voltage`)
        }
        if (this.statusDue && index !== 13 && index !== 12 && !reset)
            this.hostFault("7.2.4", `${name} before CMD13 has asked how the write ended`)
        this.statusDue = false
    }

    private checkArgument({ name, index, application, argument }: WireCommand): void {
        const text = `${name}: argument 0x${argument.toString(16)}`
        if (application) {
            if (index === 41) this.checkOperatingCondition(text, argument)
            else if (index === 23) this.checkEraseCount(text, argument)
            else if (argument !== 0) this.hostFault("7.3.1.3", `${text}: stuff bits are 0`)
            return
        }
        if (index === 8 && argument >> 8 !== 1)
            this.hostFault("7.3.1.3", `${text}: the supply voltage is 0001b, 2.7–3.6 V`)
        if ([0, 9, 10, 12, 13, 55, 58].includes(index) && argument !== 0)
            this.hostFault("7.3.1.3", `${text}: stuff bits are 0`)
        if (index === 16 && argument !== 512)
            this.hostFault("4.3.2", `${text}: blocks have 512 bytes, also on cards of 2 GB`)
        if (index === 59 && argument > 1) this.hostFault("7.3.1.3", `${text}: bit 0 alone counts`)
        if ([17, 18, 24, 25].includes(index)) this.checkAddress(text, argument)
    }

    private checkEraseCount(text: string, argument: number): void {
        if (argument === 0 || argument > 0x7fffff)
            this.hostFault("7.3.1.3", `${text}: the number of blocks has 23 bits`)
    }

    private checkOperatingCondition(text: string, argument: number): void {
        if ((argument & 0xbfffffff) !== 0)
            this.hostFault("7.3.1.3", `${text}: only bit 30, HCS, is not reserved`)
        if (this.version2 === undefined)
            this.hostFault("7.2.1", "ACMD41 without CMD8 before: it is mandatory")
        if (this.version2 === false && argument !== 0)
            this.hostFault("7.2.1", `${text}: HCS for a card that refused CMD8`)
        if (this.initialising && argument !== this.initArgument)
            this.hostFault("7.2.1", `${text} differs from the first ACMD41's`)
        this.initArgument = argument
    }

    private checkAddress(text: string, argument: number): void {
        if (this.blockAddressed === undefined)
            this.hostFault("7.2.1", `${text} before CMD58 told blocks from bytes (CCS)`)
        if (this.blockAddressed === false && argument % 512 !== 0)
            this.hostFault("7.2.3", `${text} is no multiple of 512 bytes`)
        if (this.blockAddressed === false && this.blockLength !== 512)
            this.hostFault("7.2.3", `${text} before CMD16 set blocks of 512 bytes`)
        const block = this.blockAddressed ? argument : argument / 512
        if (this.capacityBlocks !== undefined && block >= this.capacityBlocks)
            this.hostFault("7.3.1.3", `${text} is past the end of the card`)
    }

    /** Follows the state after a complete or missing answer. */
    answered(command: WireCommand): void {
        const { name, index, application, answer, argument } = command
        if (answer.length === 0) return
        const r1 = answer[0]
        if (index === 0 && r1 === 0x01) {
            this.state = "idle"
            this.forget()
            return
        }
        const initialised = application && index === 41 && r1 === 0
        if ((r1 & 1) !== (this.state === "idle" ? 1 : 0) && !initialised)
            this.cardFault("7.3.2.1", `${name}: R1 ${r1} is wrong about the idle state`)
        if (application && index === 41) {
            this.initialising = r1 === 0x01
            if (initialised) this.state = "ready"
        } else if (index === 8) {
            this.version2 = accepted(command)
            const echo = ((answer[3] & 15) << 8) | answer[4]
            this.echoWrong = this.version2 && echo !== (argument & 0xfff)
        } else if (!accepted(command)) return
        else if (index === 55) this.applicationNext = true
        else if (index === 59) this.crcOn = (argument & 1) !== 0
        else if (index === 16) this.blockLength = argument
        else if (index === 58) this.readOperatingConditions(answer)
    }

    /** Reads the received CSD: sections 5.3.2 and 5.3.3. */
    readCardSpecificData(csd: Uint8Array): void {
        const bits = (high: number, low: number) => {
            let value = 0
            for (let bit = high; bit >= low; --bit)
                value = value * 2 + ((csd[15 - (bit >> 3)] >> (bit & 7)) & 1)
            return value
        }
        if (wireCrc7([...csd.subarray(0, 15)]) !== bits(7, 1))
            this.cardFault("5.3", "the CSD's CRC-7 is wrong")
        this.capacityBlocks =
            bits(127, 126) === 1
                ? (bits(69, 48) + 1) * 1024
                : ((bits(73, 62) + 1) * 2 ** (bits(49, 47) + 2) * 2 ** bits(83, 80)) / 512
    }

    private readOperatingConditions(answer: number[]): void {
        if (this.state !== "ready") return
        // CCS is valid once the power-up bit is set, and for cards that took CMD8.
        if ((answer[1] & 0x80) === 0) this.cardFault("5.1", "OCR: busy, although ACMD41 said ready")
        this.blockAddressed = this.version2 === true && (answer[1] & 0x40) !== 0
    }

    /** Resets the state that CMD0 resets. */
    private forget(): void {
        this.crcOn = false
        this.capacityBlocks = undefined
        this.statusDue = false
        this.version2 = undefined
        this.echoWrong = false
        this.initArgument = undefined
        this.initialising = false
        this.blockAddressed = undefined
        this.blockLength = 0
        this.applicationNext = false
    }
}
