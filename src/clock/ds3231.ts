import { civilFromSeconds, formatDateTime, parseDateTime } from "../core/calendar"
import { Fault, FaultCode } from "../core/fault"
import { I2cBus } from "../core/seams"

const enum Register {
    Seconds = 0x00,
    Control = 0x0e,
    Status = 0x0f,
}

const address = 0x68
/** Bit 7 of the month register: the years are 2100–2199. */
const century = 0x80
/** Bit 7 of the status register: the oscillator stopped, the time is worthless. */
const oscillatorStopped = 0x80

/**
 * Real-time clock Maxim DS3231 on I²C (datasheet 19-5170 rev. 10, tables 1–3), kept in UTC and in
 * 24-hour form. One transaction reads all registers, so that a time never mixes two seconds. The
 * bus's faults pass through: a board without the chip throws I2cNoAcknowledge.
 */
export class Ds3231 {
    constructor(private readonly bus: I2cBus) {}

    /**
     * Whole Unix seconds; undefined if the chip lost the time because its oscillator stopped.
     * Throws Fault ClockChipNonsense, with the status register as evidence, if the registers are
     * not a time: invalid digits, out of range, 12-hour form.
     */
    async read(): Promise<number | undefined> {
        const registers = await this.bus.writeRead(address, hex`00`, Register.Status + 1)
        const status = registers[Register.Status]
        const year = registers[5] & century ? "21" : "20"
        registers[5] = registers[5] & 0x7f
        // Binary coded decimal printed as hexadecimal is the number's text.
        const digits = registers.toString("hex")
        let text = year + digits.slice(12, 14)
        for (let at = 10; at >= 0; at -= 2)
            if (at !== 6) text += "--- ::"[(10 - at) / 2] + digits.slice(at, at + 2)
        const seconds = parseDateTime(text)
        if (status & oscillatorStopped) return undefined
        if (seconds === undefined)
            throw new Fault(
                FaultCode.ClockChipNonsense,
                `the clock chip shows ${text}, not a time: set the clock`,
                status,
            )
        return seconds
    }

    /**
     * Sets the chip to Unix seconds of 2000–2199, starts it and clears the oscillator-stop flag.
     */
    async write(seconds: number): Promise<void> {
        const text = formatDateTime(seconds)
        const registers = Buffer.alloc(8)
        for (let i = 0; i < 7; ++i) {
            // Positions in the text: seconds, minutes, hours, weekday, day, month, year.
            const at = hex`110e0b00080502`[i]
            registers[i + 1] = (text.charCodeAt(at) - 48) * 16 + text.charCodeAt(at + 1) - 48
        }
        registers[4] = civilFromSeconds(seconds).weekday + 1
        if (text[1] === "1") registers[6] = registers[6] | century
        await this.bus.write(address, registers)
        // Oscillator on, square wave off; then clears the flag, since the time is right now.
        await this.bus.write(address, hex`0e0400`)
    }
}
