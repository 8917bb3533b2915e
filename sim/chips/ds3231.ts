import type { I2cChip } from "./chip"

// Maxim DS3231 (datasheet 19-5170 rev. 10): 19 registers behind an address pointer that counts up
// and wraps from 0x12 to 0x00. Defined here independently, so that a wrong register in a driver
// shows.

const registerCount = 0x13
const control = 0x0e
const status = 0x0f
const stopped = 0x80

export interface Ds3231Options {
    /** Board time in seconds; the chip keeps its offset from it. */
    nowSeconds: () => number
    /** The chip's time at the start, Unix seconds (UTC); if omitted, the chip was never set. */
    startSeconds?: number
}

function toBcd(value: number): number {
    return Math.floor(value / 10) * 16 + (value % 10)
}

/** The number of two BCD digits; undefined if invalid or out of range. */
function fromBcd(bits: number, min: number, max: number): number | undefined {
    const tens = bits >> 4
    const ones = bits & 15
    const value = tens * 10 + ones
    return tens > 9 || ones > 9 || value < min || value > max ? undefined : value
}

/** The hours register, in its 24-hour form or, with bit 6, in its 12-hour form (bit 5 = PM). */
function hoursOf(register: number): number | undefined {
    if ((register & 0x40) === 0) return fromBcd(register & 0x3f, 0, 23)
    const hours = fromBcd(register & 0x1f, 1, 12)
    return hours === undefined ? undefined : (hours % 12) + (register & 0x20 ? 12 : 0)
}

export class Ds3231Chip implements I2cChip {
    readonly address = 0x68
    /** Not on the board, or its bus is cut: nothing is acknowledged. */
    absent = false
    /** Chip time minus board time, in seconds; may be kept between runs. */
    offsetSeconds: number

    private readonly nowSeconds: () => number
    private readonly registers = new Uint8Array(registerCount)
    private pointer = 0
    /** The time at which the stopped oscillator froze the clock. */
    private frozenSeconds: number | undefined
    /** Registers 0–6 as written, if they are not a valid time. */
    private nonsense: Uint8Array | undefined
    private twelveHours = false
    /** Weekday register minus the days since 1970, modulo 7. */
    private weekdayShift = 0

    constructor(options: Ds3231Options) {
        this.nowSeconds = options.nowSeconds
        this.offsetSeconds = 0
        this.losePower()
        if (options.startSeconds !== undefined) {
            this.offsetSeconds = options.startSeconds - options.nowSeconds()
            this.registers[status] &= ~stopped
        }
    }

    /** The chip's time in Unix seconds. */
    chipSeconds(): number {
        return Math.floor(this.frozenSeconds ?? this.nowSeconds() + this.offsetSeconds)
    }

    /** Both supplies failed: the power-on state, 01/01/00 00:00:00 with the stop flag set. */
    losePower(): void {
        this.registers.fill(0)
        this.registers[control] = 0x1c
        this.registers[status] = 0x88
        this.registers[0x11] = 25
        this.registers[0x12] = 0x40
        this.frozenSeconds = undefined
        this.nonsense = undefined
        this.twelveHours = false
        const midnight2000 = 946684800
        this.offsetSeconds = midnight2000 - this.nowSeconds()
        // The weekday register starts at 1, whatever day 1 January 2000 was.
        this.weekdayShift = 1 - (Math.floor(midnight2000 / 86400) % 7)
    }

    /** The oscillator stops (a cracked crystal) or runs again; the stop flag stays set. */
    stopOscillator(stop: boolean): void {
        if (stop) {
            this.frozenSeconds = this.chipSeconds()
            this.registers[status] |= stopped
        } else if (this.frozenSeconds !== undefined) {
            this.offsetSeconds = this.frozenSeconds - this.nowSeconds()
            this.frozenSeconds = undefined
        }
    }

    /** Puts these bytes into the time registers 0–6 until the next write. */
    corrupt(bytes: Uint8Array): void {
        this.nonsense = bytes.slice(0, 7)
    }

    write(out: Uint8Array): boolean {
        if (this.absent) return false
        if (out.length === 0) return true
        this.pointer = out[0] % registerCount
        const time = this.timeRegisters()
        let timeWritten = false
        for (const value of out.subarray(1)) {
            if (this.pointer < 7) {
                time[this.pointer] = value
                timeWritten = true
            } else this.writeRegister(this.pointer, value)
            this.pointer = (this.pointer + 1) % registerCount
        }
        if (timeWritten) this.setTime(time)
        return true
    }

    read(length: number): Uint8Array | undefined {
        if (this.absent) return undefined
        // The time is copied to a second set of registers at the start of a transfer.
        const time = this.timeRegisters()
        const answer = new Uint8Array(length)
        for (let i = 0; i < length; ++i) {
            answer[i] = this.pointer < 7 ? time[this.pointer] : this.registers[this.pointer]
            this.pointer = (this.pointer + 1) % registerCount
        }
        return answer
    }

    private writeRegister(register: number, value: number): void {
        if (register === status) {
            // Stop and alarm flags can only be cleared; busy cannot be written; bit 3 is ours.
            const flags = this.registers[status] & value & 0x83
            this.registers[status] = flags | (value & 0x08)
        } else if (register < 0x11) this.registers[register] = value
    }

    private setTime(bytes: Uint8Array): void {
        const second = fromBcd(bytes[0], 0, 59)
        const minute = fromBcd(bytes[1], 0, 59)
        const hour = hoursOf(bytes[2])
        const day = fromBcd(bytes[4], 1, 31)
        const month = fromBcd(bytes[5] & 0x7f, 1, 12)
        const year = fromBcd(bytes[6], 0, 99)
        const weekdayWrong = bytes[3] < 1 || bytes[3] > 7
        if (
            second === undefined ||
            minute === undefined ||
            hour === undefined ||
            day === undefined ||
            month === undefined ||
            year === undefined ||
            weekdayWrong
        ) {
            // "Illogical time and date entries result in undefined operation": it keeps them.
            this.nonsense = bytes.slice(0, 7)
            return
        }
        this.nonsense = undefined
        const fullYear = (bytes[5] & 0x80 ? 2100 : 2000) + year
        const seconds = Date.UTC(fullYear, month - 1, day, hour, minute, second) / 1000
        this.twelveHours = (bytes[2] & 0x40) !== 0
        this.weekdayShift = bytes[3] - (Math.floor(seconds / 86400) % 7)
        if (this.frozenSeconds !== undefined) this.frozenSeconds = seconds
        else this.offsetSeconds = seconds - this.nowSeconds()
    }

    private timeRegisters(): Uint8Array {
        if (this.nonsense) return this.nonsense.slice()
        const seconds = this.chipSeconds()
        const date = new Date(seconds * 1000)
        const hour = date.getUTCHours()
        const year = date.getUTCFullYear()
        const hours12 = 0x40 | (hour >= 12 ? 0x20 : 0) | toBcd(((hour + 11) % 12) + 1)
        const weekday = ((Math.floor(seconds / 86400) % 7) + this.weekdayShift + 13) % 7
        return Uint8Array.of(
            toBcd(date.getUTCSeconds()),
            toBcd(date.getUTCMinutes()),
            this.twelveHours ? hours12 : toBcd(hour),
            weekday + 1,
            toBcd(date.getUTCDate()),
            toBcd(date.getUTCMonth() + 1) | (year >= 2100 ? 0x80 : 0),
            toBcd(year % 100),
        )
    }
}
