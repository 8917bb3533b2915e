import { beforeEach, describe, expect, it } from "vitest"
import { Ds3231Chip } from "../../../sim/chips/ds3231"
import { Ds3231 } from "../../../src/clock/ds3231"
import { Fault, FaultCode } from "../../../src/core/fault"
import type { I2cBus } from "../../../src/core/seams"
import { ChipI2cBus } from "../../support/chipi2cbus"
import { DeviceBuffer } from "../../support/devicebuffer"

const utc = (...parts: [number, number, number, number, number, number]) => {
    const [year, month, ...rest] = parts
    return Date.UTC(year, month - 1, ...rest) / 1000
}

let boardSeconds: number
let chip: Ds3231Chip
let clock: Ds3231

beforeEach(() => {
    boardSeconds = 1000
    chip = new Ds3231Chip({ nowSeconds: () => boardSeconds })
    clock = new Ds3231(new ChipI2cBus([chip]) as unknown as I2cBus)
})

function timeRegisters(): string {
    chip.write(Uint8Array.of(0))
    return Buffer.from(chip.read(7)!).toString("hex")
}

describe("DS3231 driver", () => {
    // Registers 00–06: seconds, minutes, hours, weekday, date, month with century, year.
    it.each([
        ["a Sunday evening", utc(2026, 11, 22, 23, 59, 8), "08592307221126"],
        ["the leap day", utc(2028, 2, 29, 0, 0, 0), "00000002290228"],
        ["a Monday", utc(2024, 1, 1, 1, 2, 3), "03020101010124"],
        ["the last second of the century", utc(2099, 12, 31, 23, 59, 59), "59592304311299"],
        ["the next century", utc(2107, 10, 5, 12, 34, 56), "56341203059007"],
    ])("writes and reads %s", async (_title, seconds, registers) => {
        await clock.write(seconds)
        expect(timeRegisters()).toBe(registers)
        expect(await clock.read()).toBe(seconds)
    })

    it("counts on over the end of a year", async () => {
        await clock.write(utc(2027, 12, 31, 23, 59, 58))
        boardSeconds += 3
        expect(await clock.read()).toBe(utc(2028, 1, 1, 0, 0, 1))
        expect(timeRegisters()).toBe("01000006010128")
    })

    it("has no time after a loss of supply, until it is set", async () => {
        expect(await clock.read()).toBeUndefined()
        await clock.write(utc(2026, 11, 22, 10, 0, 0))
        expect(await clock.read()).toBe(utc(2026, 11, 22, 10, 0, 0))
        chip.losePower()
        expect(await clock.read()).toBeUndefined()
    })

    it("has no time once the oscillator has stopped, even when it runs again", async () => {
        await clock.write(utc(2026, 11, 22, 10, 0, 0))
        chip.stopOscillator(true)
        boardSeconds += 60
        expect(await clock.read()).toBeUndefined()
        chip.stopOscillator(false)
        expect(await clock.read()).toBeUndefined()
        expect(chip.chipSeconds()).toBe(utc(2026, 11, 22, 10, 0, 0))
    })

    it("clears the stop flag and starts the oscillator on a write", async () => {
        await clock.write(utc(2026, 11, 22, 10, 0, 0))
        chip.write(Uint8Array.of(0x0e))
        expect(Buffer.from(chip.read(2)!).toString("hex")).toBe("0400")
    })

    it.each([
        ["an invalid digit", "0a592307221126"],
        ["60 seconds", "60592307221126"],
        ["60 minutes", "00602307221126"],
        ["24 hours", "00002407221126"],
        ["the 12-hour form", "00005207221126"],
        ["day 0", "00000007001126"],
        ["30 February", "00000007300226"],
        ["month 0", "00000007220026"],
        ["month 13", "00000007221326"],
        ["a line held high", "ffffffffffffff"],
        ["a line held low", "00000000000000"],
    ])("refuses %s", async (_title, registers) => {
        await clock.write(utc(2026, 11, 22, 10, 0, 0))
        chip.corrupt(Buffer.from(registers, "hex"))
        const fault = await clock.read().catch((thrown: unknown) => thrown)
        expect(fault).toBeInstanceOf(Fault)
        expect((fault as Fault).code).toBe(FaultCode.ClockChipNonsense)
        expect((fault as Fault).message).toContain("set the clock")
    })

    // The other registers show 2026-11-22 23:59:00: 00 59 23 07 22 11 26.
    it.each([
        ["seconds", 0, "00 09 10 59", "60 79 0a 0f 1a 5f 80 d9 ff"],
        ["minutes", 1, "00 09 10 59", "60 79 0a 0f 1a 5f 80 d9 ff"],
        ["hours", 2, "00 09 19 20 23", "24 29 30 0a 1f 40 41 52 71 80 a3 ff"],
        ["day", 4, "01 09 10 29 30", "00 31 32 39 0a 1f 40 62 82 ff"],
        ["month", 5, "01 09 10 12", "00 13 19 0a 0f 1a 20 31 51 7f"],
        ["year", 6, "24 29 90 99", "0a 1f 9a a0 f0 ff"],
    ])("checks the register of the %s", async (_title, register, taken, refused) => {
        const read = async (byte: string) => {
            const registers = Buffer.from("00592307221126", "hex")
            registers[register] = parseInt(byte, 16)
            chip.corrupt(registers)
            return await clock.read().catch((thrown: unknown) => thrown)
        }
        await clock.write(utc(2026, 11, 22, 10, 0, 0))
        for (const byte of taken.split(" ")) expect(await read(byte), byte).toBeTypeOf("number")
        for (const byte of refused.split(" "))
            expect(await read(byte), byte).toMatchObject({ code: FaultCode.ClockChipNonsense })
    })

    it.each([
        ["year 2000", "00000001010100", utc(2000, 1, 1, 0, 0, 0)],
        ["century bit, year 00", "00000001018100", utc(2100, 1, 1, 0, 0, 0)],
        ["century bit, 29 February 2104", "59592307298204", utc(2104, 2, 29, 23, 59, 59)],
        ["any weekday", "00000000010126", utc(2026, 1, 1, 0, 0, 0)],
    ])("accepts %s", async (_title, registers, seconds) => {
        await clock.write(utc(2026, 11, 22, 10, 0, 0))
        chip.corrupt(Buffer.from(registers, "hex"))
        expect(await clock.read()).toBe(seconds)
    })

    it.each([
        ["century bit, 29 February 2100", "00000001298200"],
        ["29 February 2027", "00000001290227"],
        ["31 April", "00000001310427"],
    ])("refuses %s", async (_title, registers) => {
        await clock.write(utc(2026, 11, 22, 10, 0, 0))
        chip.corrupt(Buffer.from(registers, "hex"))
        await expect(clock.read()).rejects.toMatchObject({ code: FaultCode.ClockChipNonsense })
    })

    it("reads time and status in one transaction, literally", async () => {
        const answers: Record<string, string> = {
            stopped: "00592307221126 00000000000000 04 80",
            "stopped, no time": "ffffffffffffff 00000000000000 04 88",
            "all other flags": "00592307221126 00000000000000 1c 7f",
            "no time": "00592307221326 00000000000000 04 03",
        }
        const asked: string[] = []
        let answer = ""
        const bus = {
            write: async () => {},
            writeRead: async (address: number, out: Uint8Array, count: number) => {
                asked.push(`${address.toString(16)} ${Buffer.from(out).toString("hex")} ${count}`)
                const bytes = Buffer.from(answers[answer].replaceAll(" ", ""), "hex")
                return DeviceBuffer.from(bytes) as unknown as Buffer
            },
        }
        const driver = new Ds3231(bus as unknown as I2cBus)
        answer = "stopped"
        expect(await driver.read()).toBeUndefined()
        answer = "stopped, no time"
        expect(await driver.read()).toBeUndefined()
        answer = "all other flags"
        expect(await driver.read()).toBe(utc(2026, 11, 22, 23, 59, 0))
        answer = "no time"
        await expect(driver.read()).rejects.toMatchObject({ evidence: 0x03 })
        expect(asked).toEqual(Array(4).fill("68 00 16"))
    })

    it("passes on the fault of an absent chip", async () => {
        chip.absent = true
        await expect(clock.read()).rejects.toMatchObject({ code: FaultCode.I2cNoAcknowledge })
        await expect(clock.write(utc(2026, 1, 1, 0, 0, 0))).rejects.toMatchObject({
            code: FaultCode.I2cNoAcknowledge,
        })
    })
})

describe("DS3231 emulator", () => {
    it("starts at first supply as in the datasheet: 2000-01-01, control 1C, status 88", () => {
        expect(timeRegisters()).toBe("00000001010100")
        chip.write(Uint8Array.of(0x0e))
        expect(Buffer.from(chip.read(2)!).toString("hex")).toBe("1c88")
    })

    it("wraps its register pointer from 12 to 00", () => {
        chip.write(Uint8Array.of(0x12))
        expect(Buffer.from(chip.read(2)!).toString("hex")).toBe("4000")
    })

    it("allows the stop flag to be cleared but not set", () => {
        chip.write(Uint8Array.of(0x0f, 0x00))
        chip.write(Uint8Array.of(0x0f, 0x88))
        chip.write(Uint8Array.of(0x0f))
        expect(chip.read(1)![0]).toBe(0x08)
    })

    it("keeps the 12-hour form in which it was set", () => {
        chip.write(Buffer.from("0000597107221126", "hex"))
        expect(timeRegisters().slice(4, 6)).toBe("71")
        boardSeconds += 3600
        // 11:59 PM becomes 12:59 AM of the next day.
        expect(timeRegisters()).toBe("00595201231126")
    })
})
