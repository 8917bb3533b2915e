import { describe, expect, it } from "vitest"
import { Bq76952Chip } from "../../../sim/chips/bq76952"
import type { I2cChip } from "../../../sim/chips/chip"
import { Ds3231Chip } from "../../../sim/chips/ds3231"
import { Pack } from "../../../sim/pack"
import { Bq76952 } from "../../../src/battery/bq76952"
import { Alarm } from "../../../src/core/alarm"
import { Fault, FaultCode } from "../../../src/core/fault"
import { Key } from "../../../src/settings/keys"
import { batteryBench, type BenchOptions } from "../../support/batterybench"
import { SleepTicks } from "../../support/sleepticks"
import { DeviceBuffer } from "../../support/devicebuffer"

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("hex")

describe("the emulated part with CRC", () => {
    const part = () => {
        const pack = new Pack({ spread: 0 })
        pack.setCell(1, 2.92)
        let ms = 0
        return new Bq76952Chip(pack, { nowMs: () => (ms += 1000), crc: true })
    }

    it("answers after a repeated start as in TI's example: 0x14 is 68 33 0B 31", () => {
        const chip = part()
        expect(chip.write(Uint8Array.of(0x14))).toBe(true)
        expect(hex(chip.read(4, true))).toBe("68330b31")
    })

    it("restarts its CRC after a STOP: 0x14 is 68 5D 0B 31", () => {
        const chip = part()
        expect(chip.write(Uint8Array.of(0x14))).toBe(true)
        // 0x5d is the CRC of 0x11 0x68.
        expect(hex(chip.read(4, false))).toBe("685d0b31")
    })

    it("accepts TI's example 3E 22 63 00 00 and refuses another CRC", () => {
        const chip = part()
        expect(chip.write(Uint8Array.of(0x3e, 0x22, 0x63, 0x00, 0x00))).toBe(true)
        expect(chip.write(Uint8Array.of(0x3e, 0x22, 0x62, 0x00, 0x00))).toBe(false)
        expect(chip.write(Uint8Array.of(0x3e, 0x22, 0x00))).toBe(false)
        expect(chip.write(Uint8Array.of(0x3e, 0x22, 0x63, 0x00))).toBe(false)
        expect(chip.counters.refusedCrcs).toBe(3)
    })
})

it("chips without CRC keep the selected register over a STOP", () => {
    const pack = new Pack({ spread: 0 })
    pack.setCell(1, 2.92)
    let ms = 0
    const monitor: I2cChip = new Bq76952Chip(pack, { nowMs: () => (ms += 1000) })
    // 9 September 2001.
    const clock: I2cChip = new Ds3231Chip({ nowSeconds: () => 0, startSeconds: 1_000_000_000 })
    for (const repeatedStart of [true, false]) {
        monitor.write(Uint8Array.of(0x14))
        expect(hex(monitor.read(2, repeatedStart))).toBe("680b")
        clock.write(Uint8Array.of(0x04))
        expect(hex(clock.read(3, repeatedStart))).toBe("090901")
    }
})

describe("the driver of a part with CRC", () => {
    /** The driver's reading of Battery Status from an answer to the read of 0x12. */
    async function configured(answer: string): Promise<boolean> {
        let bytes = "045e010700000000"
        const bus = {
            write: async () => {
                throw new Fault(FaultCode.I2cNoAcknowledge, "not there")
            },
            writeRead: async (_address: number, _out: Buffer, length: number) =>
                DeviceBuffer.from(bytes, "hex").slice(0, length) as unknown as Buffer,
        }
        const driver = new Bq76952(bus, new SleepTicks())
        // The driver detects the CRC and gets no further.
        await expect(driver.readChargeMas()).rejects.toMatchObject({
            code: FaultCode.MonitorNoAnswer,
        })
        bytes = answer
        return await driver.readConfigured()
    }

    it("accepts the first byte's CRC after a STOP and after a repeated start", async () => {
        // Battery Status 0x0104, and 0x010c with POR set.
        expect(await configured("045e0107")).toBe(true)
        expect(await configured("044d0107")).toBe(true)
        expect(await configured("0c660107")).toBe(false)
        expect(await configured("0c750107")).toBe(false)
    })

    it("refuses every other CRC of the first byte, and of the second", async () => {
        const hexByte = (value: number) => value.toString(16).padStart(2, "0")
        for (let check = 0; check < 256; ++check) {
            const first = configured(`04${hexByte(check)}0107`)
            if (["5e", "4d"].includes(hexByte(check))) expect(await first).toBe(true)
            else await expect(first).rejects.toMatchObject({ code: FaultCode.MonitorNoAnswer })
            if (check === 7) continue
            const second = configured(`045e01${hexByte(check)}`)
            await expect(second).rejects.toMatchObject({ code: FaultCode.MonitorNoAnswer })
        }
    })
})

describe.each([
    { wire: "after a STOP, as on the ESP32", repeatedStart: false },
    { wire: "after a repeated start", repeatedStart: true },
])("a monitor with CRC read $wire", ({ repeatedStart }) => {
    const withCrc = (options: BenchOptions = {}) =>
        batteryBench({ repeatedStart, ...options, chip: { crc: true, ...options.chip } })

    it("is detected automatically and measured like one without", async () => {
        const { monitor, pack, alarms, chip } = withCrc()
        pack.setCurrent(-80)
        const state = await monitor.sample()
        expect(state.currentMa).toBe(-80000)
        expect(state.cellMv.length).toBe(16)
        expect(alarms.active.size).toBe(0)
        expect(chip.counters.refusedCrcs).toBe(0)
        expect(hex(chip.memory.read(0x9303, 3))).toBe("07ffff")
    })

    it("gets a CRC after each byte", async () => {
        const { monitor, bus } = withCrc()
        await monitor.sample()
        const outs = bus.log.map(one => one.out)
        // SET_CFGUPDATE.
        expect(outs).toContain("3e90" + check(0x10, 0x3e, 0x90) + "0000")
        expect(bus.log.at(-2)).toMatchObject({ out: "02", readBytes: 116 })
        expect(bus.log.at(-1)).toMatchObject({ out: "68", readBytes: 28 })
    })

    /** The CRC of the polynomial by long division, bit by bit. */
    function check(...bytes: number[]): string {
        let rest = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) << 8n
        for (let bit = BigInt(bytes.length * 8 + 7); bit >= 8n; --bit)
            if ((rest >> bit) & 1n) rest ^= 0x107n << (bit - 8n)
        return rest.toString(16).padStart(2, "0")
    }

    it("is read again after a wrong bit, which does not show", async () => {
        const { monitor, chip, alarms } = withCrc()
        await monitor.sample()
        for (let i = 0; i < 50; ++i) {
            chip.flipBits = 2
            expect((await monitor.sample()).cellMv).toEqual(monitor.last!.cellMv)
            expect(chip.flipBits).toBe(0)
        }
        expect(alarms.changes).toEqual([])
    })

    it("is offline while the wires garble everything, and recovers on its own", async () => {
        const { monitor, chip, alarms } = withCrc()
        await monitor.sample()
        chip.flipBits = 1000
        await expect(monitor.sample()).rejects.toMatchObject({ code: FaultCode.MonitorNoAnswer })
        expect(monitor.last).toBeUndefined()
        expect([...alarms.active]).toEqual([Alarm.MonitorOffline])
        chip.flipBits = 0
        await monitor.sample()
        expect(alarms.active.size).toBe(0)
    })

    it("is found even if it was absent at the start", async () => {
        const { monitor, chip, alarms } = withCrc()
        chip.fault = "offline"
        for (let i = 0; i < 3; ++i) await monitor.sample().catch(() => undefined)
        expect([...alarms.active]).toEqual([Alarm.MonitorOffline])
        chip.fault = "none"
        await monitor.sample()
        expect(alarms.active.size).toBe(0)
    })

    it("is found although the first attempt was disturbed", async () => {
        const { monitor, chip } = withCrc()
        chip.flipBits = 3
        await monitor.sample().catch(() => undefined)
        expect((await monitor.sample()).cellMv.length).toBe(16)
    })

    it("is configured again after it has reset itself", async () => {
        const { monitor, chip, alarms } = withCrc({ settings: [[Key.BatteryShunt, 1000]] })
        await monitor.sample()
        chip.selfReset()
        await monitor.sample()
        expect(hex(chip.memory.read(0x9303, 3))).toBe("06ffff")
        expect(alarms.changes).toEqual([])
    })
})

describe("a monitor without CRC", () => {
    it("never gets a CRC, whatever it measures", async () => {
        for (let seed = 1; seed <= 40; ++seed) {
            const { monitor, bus } = batteryBench({ pack: { seed, spread: 0.02 } })
            await monitor.sample()
            expect(bus.log[0]).toMatchObject({ out: "12", readBytes: 4 })
            const writes = bus.log.filter(one => one.readBytes === 0).map(one => one.out)
            expect(writes[0]).toBe("3e0393")
            expect(writes).toContain("3e9000")
        }
    })
})
