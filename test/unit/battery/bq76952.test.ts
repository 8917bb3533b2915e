import { describe, expect, it } from "vitest"
import { Bq76952 } from "../../../src/battery/bq76952"
import { buildConfiguration } from "../../../src/battery/configuration"
import { FaultCode } from "../../../src/core/fault"
import { Key } from "../../../src/settings/keys"
import { batteryBench } from "../../support/batterybench"
import { configured, inside, memory } from "../../support/configuredmonitor"

describe("the bytes on the wire", () => {
    it("configures with the documented sequence", async () => {
        const { bus } = await configured()
        const writes = bus.log.filter(t => t.readBytes === 0).map(t => t.out)
        expect(writes.slice(0, 5)).toEqual([
            "3e0100",
            "3e9000",
            "3ea8915530f2414dc7094b",
            "60a60c",
            "3ea891",
        ])
        expect(writes.slice(-3)).toEqual(["3e0393", "3e9200", "3e0393"])
        expect(bus.log.every(t => t.address === 0x08)).toBe(true)
    })

    it("forms checksum and length as in the manual's example", async () => {
        // §13.1: 0x9180 = 0x307A has the checksum 0x44 and the length 6.
        const { bus, chip } = await configured()
        chip.write(Uint8Array.of(0x3e, 0x90, 0x00))
        chip.write(Uint8Array.of(0x3e, 0x80, 0x91, 0x7a, 0x30))
        chip.write(Uint8Array.of(0x60, 0x44, 0x06))
        expect(memory(chip, 0x9180, 2)).toBe("7a30")
        chip.write(Uint8Array.of(0x3e, 0x80, 0x91, 0x7b, 0x30))
        chip.write(Uint8Array.of(0x60, 0x44, 0x06))
        expect(memory(chip, 0x9180, 2)).toBe("7a30")
        expect(bus.log.length).toBeGreaterThan(0)
    })

    it("needs two transactions per sample", async () => {
        const { bus, driver } = await configured()
        bus.log.length = 0
        await driver.readState()
        expect(bus.log).toEqual([
            { address: 8, out: "02", readBytes: 58 },
            { address: 8, out: "68", readBytes: 14 },
        ])
    })
})

describe("samples", () => {
    it("have cells, stack, current and temperatures in their units", async () => {
        const { driver, pack } = await configured()
        for (let cell = 1; cell <= 16; ++cell) pack.setCell(cell, 3.2 + cell / 1000)
        pack.setCurrent(-80)
        pack.setTemperature(0, 31.5)
        pack.setTemperature(1, 25)
        pack.setTemperature(2, -10.3)
        const state = (await driver.readState())!
        expect(state.cellMv).toEqual(Array.from({ length: 16 }, (_, i) => 3201 + i))
        expect([state.cellMinMv, state.cellMaxMv, state.cellMeanMv]).toEqual([3201, 3216, 3208.5])
        expect(state.packMv).toBe(51340)
        expect(state.currentMa).toBe(-80000)
        expect(state.chipDeciC).toBe(315)
        expect(state.temperatureDeciC).toEqual([250, -103])
        expect(state.safety).toBe(0)
        expect(state.atMs).toBeGreaterThan(1000)
    })

    const currents = [
        { shunt: 250, amps: 500, mA: 500000 },
        { shunt: 250, amps: -799.9, mA: -799900 },
        { shunt: 1000, amps: -12.34, mA: -12340 },
        { shunt: 10000, amps: 1.234, mA: 1234 },
        { shunt: 10000, amps: -0.001, mA: -1 },
    ]
    for (const { shunt, amps, mA } of currents)
        it(`show ${amps} A through ${shunt} µΩ`, async () => {
            const { driver, pack } = await configured({
                settings: [[Key.BatteryShunt, shunt]],
                chip: { shuntMicroohm: shunt },
            })
            pack.setCurrent(amps)
            expect((await driver.readState())!.currentMa).toBe(mA)
        })

    it("show half the current when the shunt is half of the setting", async () => {
        const { driver, pack } = await configured({ chip: { shuntMicroohm: 125 } })
        pack.setCurrent(100)
        expect((await driver.readState())!.currentMa).toBe(50000)
    })

    for (const cells of [3, 4, 13, 15, 16])
        it(`have ${cells} cells from their inputs`, async () => {
            const { driver, pack, chip } = await configured({
                pack: { cells },
                settings: [[Key.BatteryCells, cells]],
            })
            for (let cell = 1; cell <= cells; ++cell) pack.setCell(cell, 3.3 + cell / 1000)
            const state = (await driver.readState())!
            expect(state.cellMv).toEqual(Array.from({ length: cells }, (_, i) => 3301 + i))
            chip.balancing = 0x8001
            expect(await driver.readBalancing()).toBe(1 | (1 << (cells - 1)))
        })

    it("do not take shorted inputs for empty cells", async () => {
        const { driver, ticks } = await configured({
            pack: { cells: 8 },
            settings: [[Key.BatteryCells, 8]],
        })
        await driver.readState()
        await ticks.sleep(10000)
        expect((await driver.readState())!.safety).toBe(0)
    })

    it("have the alert when a limit is exceeded, and the status after its delay", async () => {
        const { driver, pack, ticks } = await configured()
        pack.setCell(5, 3.8)
        pack.setTemperature(1, 75)
        // COV in A; OTC and OTD in B.
        expect(await driver.readState()).toMatchObject({ alerts: 0x3008, safety: 0 })
        await ticks.sleep(1990)
        expect(await driver.readState()).toMatchObject({ alerts: 0x3008, safety: 0 })
        await ticks.sleep(30)
        expect(await driver.readState()).toMatchObject({ alerts: 0, safety: 0x3008 })
        pack.setCell(5, undefined)
        pack.setTemperature(1, undefined)
        await driver.readState()
        await ticks.sleep(2900)
        expect((await driver.readState())!.safety).toBe(0x3008)
        await ticks.sleep(200)
        expect(await driver.readState()).toMatchObject({ alerts: 0, safety: 0 })
    })

    it("have temperatures with the factory calibration, which stays unchanged", async () => {
        const factory: [number, number][] = [
            [0x91ca, -25],
            [0x91ce, -13],
            [0x91d0, 21],
        ]
        const { driver, pack, chip } = await configured({
            chip: { factory, sensorErrorC: [2.5, 1.3, -2.1] },
        })
        for (const sensor of [0, 1, 2]) pack.setTemperature(sensor, 25)
        const state = (await driver.readState())!
        expect([state.chipDeciC, ...state.temperatureDeciC]).toEqual([250, 250, 250])
        for (const [address, byte] of factory) expect(chip.memory.i8(address)).toBe(byte)
    })
})

describe("the coulomb counter", () => {
    it("is read as whole and fractional 0.1 Ah", async () => {
        const { driver, pack, ticks } = await configured()
        pack.setCurrent(-36)
        const before = await driver.readChargeMas()
        await ticks.sleep(100000)
        expect((await driver.readChargeMas()) - before).toBeCloseTo(-3600000, 0)
    })

    it("is exact in all its 64 bits, also at both ends", async () => {
        const { driver, chip } = await configured({ settings: [[Key.BatteryShunt, 10000]] })
        const write = chip.write.bind(chip)
        let data = ""
        chip.write = out => {
            const done = write(out)
            if (Buffer.from(out).toString("hex") === "3e7600")
                inside(chip).respond([...Buffer.from(data.padEnd(64, "0"), "hex")])
            return done
        }
        // Steps of 1 mA: whole mAh, then a fraction of 2^32; mA·s in mA·s × 2^32.
        const cases: [whole: number, fraction: number][] = [
            [0, 0],
            [0, 1],
            [0, 0xffffffff],
            [-1, 0xffffffff],
            [-1, 0],
            [2 ** 20, 0x80000001],
            [-(2 ** 20), 0x7fffffff],
        ]
        for (const [whole, fraction] of cases) {
            const bytes = Buffer.alloc(8)
            bytes.writeInt32LE(whole)
            bytes.writeUInt32LE(fraction, 4)
            data = bytes.toString("hex")
            const exact = (BigInt(whole) * 2n ** 32n + BigInt(fraction)) * 3600n
            const measured = await driver.readChargeMas()
            // As exact as a double can be; for a month's charge that is fully exact.
            expect(measured).toBe(Number(exact) / 2 ** 32)
        }
        for (const whole of [-(2 ** 31), 2 ** 31 - 1]) {
            const bytes = Buffer.alloc(8, 0xff)
            bytes.writeInt32LE(whole)
            data = bytes.toString("hex")
            const apart = (await driver.readChargeMas()) - (whole + 1) * 3600
            expect(Math.abs(apart)).toBeLessThan(0.002)
        }
    })

    it("has no gap at a carry from the fraction to the whole part", async () => {
        const { driver, pack, ticks } = await configured({
            settings: [[Key.BatteryShunt, 10000]],
            chip: { shuntMicroohm: 10000 },
        })
        pack.setCurrent(-0.9)
        let before = await driver.readChargeMas()
        const first = before
        for (let i = 0; i < 200; ++i) {
            await ticks.sleep(997)
            const now = await driver.readChargeMas()
            expect(now - before).toBeLessThan(-800)
            expect(now - before).toBeGreaterThan(-1000)
            before = now
        }
        expect((before - first) / (-900 * 200 * 0.997)).toBeCloseTo(1, 2)
    })

    it("is exact where the whole part turns negative", async () => {
        const { driver, chip } = await configured()
        const answer = (hex: string) => {
            const write = chip.write.bind(chip)
            chip.write = out => {
                const done = write(out)
                if (Buffer.from(out).toString("hex") === "3e7600")
                    inside(chip).respond([...Buffer.from(hex.padEnd(64, "0"), "hex")])
                return done
            }
        }
        // -1 + 0x80000000 / 2^32 = -0.5 units of 100 mAh = -180 A·s
        answer("ffffffff00000080")
        expect(await driver.readChargeMas()).toBe(-180000)
        answer("0100000000000040")
        expect(await driver.readChargeMas()).toBe(450000)
    })
})

describe("a chip in trouble", () => {
    it("gets three tries before it counts as silent", async () => {
        const { driver, chip } = await configured()
        chip.missAcknowledges = 2
        expect((await driver.readState())!.cellMv.length).toBe(16)
        chip.missAcknowledges = 3
        await expect(driver.readState()).rejects.toMatchObject({
            code: FaultCode.MonitorNoAnswer,
            evidence: 0x02,
        })
    })

    it("gives no sample after it has reset itself", async () => {
        const { driver, chip } = await configured()
        chip.selfReset()
        expect(await driver.readState()).toBeUndefined()
        expect(await driver.readConfigured()).toBe(false)
    })

    it("gives no sample in CONFIG_UPDATE mode", async () => {
        const { driver, chip } = await configured()
        chip.write(Uint8Array.of(0x3e, 0x90, 0x00))
        expect(await driver.readState()).toBeUndefined()
    })

    it("is refused when it is another part", async () => {
        const bench = batteryBench()
        const respond = inside(bench.chip).respond.bind(bench.chip)
        inside(bench.chip).respond = (data: ArrayLike<number>) =>
            respond(data.length === 2 ? [0x42, 0x76] : data)
        const driver = new Bq76952(bench.bus as never, bench.ticks)
        await expect(
            driver.configure(16, buildConfiguration(bench.settings)),
        ).rejects.toMatchObject({ code: FaultCode.MonitorNonsense, evidence: 1 })
        expect(bench.bus.log.some(t => t.out === "3e9000")).toBe(false)
    })

    it("is refused when data memory does not keep the written values", async () => {
        const bench = batteryBench()
        bench.chip.memory.write = () => undefined
        const driver = new Bq76952(bench.bus as never, bench.ticks)
        await expect(
            driver.configure(16, buildConfiguration(bench.settings)),
        ).rejects.toMatchObject({ code: FaultCode.MonitorNonsense, evidence: 0x91a8 })
    })

    it("does not wait for ever on a subcommand that never completes", async () => {
        const { driver, chip, ticks } = await configured()
        chip.fault = "stalled"
        const before = ticks.ms
        await expect(driver.readBalancing()).rejects.toMatchObject({
            code: FaultCode.MonitorNonsense,
            evidence: 0x83,
        })
        expect(ticks.ms - before).toBeLessThan(200)
    })

    it("never yields a sample of garbage", async () => {
        const { driver, chip } = await configured({ chip: { seed: 3 } })
        chip.fault = "garbage"
        for (let i = 0; i < 500; ++i) {
            const state = await driver.readState().catch(() => undefined)
            expect(state).toBeUndefined()
            await expect(driver.readChargeMas()).rejects.toMatchObject({
                code: FaultCode.MonitorNonsense,
            })
        }
    })

    it("gives no sample while one cell wire or the stack is off by volts", async () => {
        const { driver, chip } = await configured()
        const measure = inside(chip).measureVoltages.bind(chip)
        inside(chip).measureVoltages = () => {
            measure()
            inside(chip).view.setInt16(0x34, 2000, true)
        }
        await expect(driver.readState()).rejects.toMatchObject({
            code: FaultCode.MonitorNonsense,
            evidence: 0x34,
        })
    })

    it("does not hide errors of another kind", async () => {
        const { driver, bus } = await configured()
        bus.writeRead = async () => {
            throw new TypeError("a bug")
        }
        await expect(driver.readState()).rejects.toBeInstanceOf(TypeError)
    })
})
