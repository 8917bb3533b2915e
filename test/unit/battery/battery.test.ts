import { describe, expect, it } from "vitest"
import { BatteryMonitor } from "../../../src/battery/monitor"
import { Alarm } from "../../../src/core/alarm"
import { Fault, FaultCode } from "../../../src/core/fault"
import { Key } from "../../../src/settings/keys"
import { batteryBench } from "../../support/batterybench"
import { DeviceBuffer } from "../../support/devicebuffer"

describe("the battery monitor", () => {
    it("configures the chip on its own and publishes the first sample", async () => {
        const { monitor, alarms } = batteryBench()
        expect(monitor.last).toBeUndefined()
        const state = await monitor.sample()
        expect(monitor.last).toBe(state)
        expect(state.cellMv.length).toBe(16)
        expect(state.socPermille).toBeGreaterThan(0)
        expect(alarms.active.size).toBe(0)
    })

    it("needs four transactions per further sample", async () => {
        const { monitor, bus } = batteryBench()
        await monitor.sample()
        for (let i = 0; i < 10; ++i) {
            bus.log.length = 0
            await monitor.sample()
            expect(bus.log.length).toBe(4)
        }
    })

    it("reads charge and balancing alternately", async () => {
        const { monitor, bus, chip } = batteryBench()
        await monitor.sample()
        chip.balancing = 0x0005
        bus.log.length = 0
        expect((await monitor.sample()).balancing).toBe(5)
        expect(bus.log[0].out).toBe("3e8300")
        bus.log.length = 0
        expect((await monitor.sample()).balancing).toBe(5)
        expect(bus.log[0].out).toBe("3e7600")
    })

    it("raises MONITOR_OFFLINE without an answer, and recovers on its own", async () => {
        const { monitor, chip, alarms } = batteryBench()
        await monitor.sample()
        chip.fault = "offline"
        const thrown = await monitor.sample().catch(fault => fault)
        expect(thrown).toBeInstanceOf(Fault)
        expect(thrown.code).toBe(FaultCode.MonitorNoAnswer)
        expect(monitor.last).toBeUndefined()
        expect([...alarms.active]).toEqual([Alarm.MonitorOffline])
        chip.fault = "none"
        await monitor.sample()
        expect(monitor.last).toBeDefined()
        expect(alarms.active.size).toBe(0)
    })

    for (const fault of ["garbage", "stalled"] as const)
        it(`publishes nothing from a ${fault} chip, and configures it again`, async () => {
            const { monitor, chip, alarms, bus } = batteryBench()
            await monitor.sample()
            chip.fault = fault
            const thrown = await monitor.sample().catch(fault => fault)
            expect(thrown.code).toBe(FaultCode.MonitorNonsense)
            expect(monitor.last).toBeUndefined()
            expect(alarms.active.has(Alarm.MonitorOffline)).toBe(true)
            chip.fault = "none"
            bus.log.length = 0
            await monitor.sample()
            expect(bus.log.some(t => t.out === "3e9000")).toBe(true)
            expect(alarms.active.size).toBe(0)
        })

    it("gives up within seconds on a hanging bus, and recovers on its own", async () => {
        const { monitor, bus, alarms, ticks } = batteryBench()
        const before = await monitor.sample()
        const plain = { write: bus.write, writeRead: bus.writeRead }
        // With the clock line held, the runtime ends a transaction with an error after a second.
        const hang = async () => {
            ticks.ms += 1000
            throw new Fault(FaultCode.I2cNoAcknowledge, "I2C: timeout")
        }
        Object.assign(bus, { write: hang, writeRead: hang })
        const sinceMs = ticks.ms
        await expect(monitor.sample()).rejects.toMatchObject({ code: FaultCode.MonitorNoAnswer })
        expect(ticks.ms - sinceMs).toBeLessThan(4000)
        expect(monitor.last).toBeUndefined()
        expect([...alarms.active]).toEqual([Alarm.MonitorOffline])
        Object.assign(bus, plain)
        const after = await monitor.sample()
        expect(after.cellMv).toEqual(before.cellMv)
        expect(alarms.active.size).toBe(0)
    })

    it("configures a chip that has reset itself, within the same sample", async () => {
        const { monitor, chip, alarms, settings } = batteryBench()
        settings.with([[Key.BatteryShunt, 1000]])
        await monitor.sample()
        chip.selfReset()
        const state = await monitor.sample()
        expect(state.cellMv.length).toBe(16)
        expect(Buffer.from(chip.memory.read(0x9303, 3)).toString("hex")).toBe("06ffff")
        expect(alarms.changes).toEqual([])
    })

    it("gives up on a chip that resets itself every time", async () => {
        const { monitor, chip, bus } = batteryBench()
        const writeRead = bus.writeRead.bind(bus)
        bus.writeRead = async (address, out, bytes) => {
            if (bytes === 58) chip.selfReset()
            return writeRead(address, out, bytes)
        }
        await expect(monitor.sample()).rejects.toMatchObject({ code: FaultCode.MonitorNonsense })
    })

    it("applies a changed setting before the next sample", async () => {
        const { monitor, chip, settings } = batteryBench()
        await monitor.sample()
        settings.with([[Key.BatteryCellOvervoltage, 3550]])
        monitor.reconfigure()
        await monitor.sample()
        expect(chip.memory.u8(0x9278)).toBe(70)
    })

    it("does not lose a change that comes while it configures", async () => {
        const { monitor, chip, settings, bus } = batteryBench()
        await monitor.sample()
        const write = bus.write.bind(bus)
        bus.write = async (address, out) => {
            await write(address, out)
            if (Buffer.from(out).toString("hex") !== "3e9200") return
            bus.write = write
            settings.with([[Key.BatteryCellOvervoltage, 3450]])
            monitor.reconfigure()
        }
        monitor.reconfigure()
        await monitor.sample()
        await monitor.sample()
        expect(chip.memory.u8(0x9278)).toBe(68)
    })

    it("raises the flags of exceeded limits", async () => {
        const { monitor, pack, alarms, ticks } = batteryBench()
        pack.setCell(3, 3.7)
        await monitor.sample()
        await ticks.sleep(2000)
        await monitor.sample()
        expect([...alarms.active].sort()).toEqual([Alarm.CellOvervoltage, Alarm.CellImbalance])
    })
})

describe("trouble at each transaction", () => {
    type Bench = ReturnType<typeof batteryBench>
    const garbleOnce = ({ chip }: Bench) => {
        const read = chip.read.bind(chip)
        chip.read = length => {
            chip.read = read
            chip.fault = "garbage"
            const answer = read(length)
            chip.fault = "none"
            return answer
        }
    }
    const troubles: { title: string; strike: (bench: Bench) => void }[] = [
        { title: "one missing acknowledge", strike: ({ chip }) => (chip.missAcknowledges = 1) },
        { title: "nine missing acknowledges", strike: ({ chip }) => (chip.missAcknowledges = 9) },
        { title: "one answer of garbage", strike: garbleOnce },
        { title: "a reset of the chip", strike: ({ chip }) => chip.selfReset() },
        {
            title: "a reset of the chip and 200 ms",
            strike: ({ chip, ticks }) => {
                chip.selfReset()
                ticks.ms += 200
            },
        },
    ]

    /**
     * One start and two samples with trouble before one transaction.
     * @returns false when that transaction never came
     */
    async function struckAt(
        number: number,
        strike: (bench: Bench) => void,
        crc: boolean,
    ): Promise<boolean> {
        const bench = batteryBench({
            settings: [[Key.BatteryShunt, 1000]],
            chip: { shuntMicroohm: 1000, crc, seed: number },
        })
        bench.pack.setCurrent(-12.34)
        bench.monitor.restore(DeviceBuffer.from("20bf020080510100", "hex") as never)
        let count = 0
        for (const name of ["write", "writeRead"] as const) {
            const plain = bench.bus[name].bind(bench.bus) as (
                ...args: unknown[]
            ) => Promise<unknown>
            bench.bus[name] = (async (...args: unknown[]) => {
                if (++count === number) strike(bench)
                return plain(...args)
            }) as never
        }
        for (let i = 0; i < 2; ++i) {
            const state = await bench.monitor.sample().catch(() => undefined)
            expect(bench.monitor.last).toBe(state)
            expect(bench.alarms.active.has(Alarm.MonitorOffline)).toBe(state === undefined)
            if (state !== undefined) expect(state.currentMa).toBe(-12340)
            if (state !== undefined) expect(state.socPermille).toBe(500)
        }
        if (count < number) return false
        bench.chip.missAcknowledges = 0
        const state = await bench.monitor.sample()
        expect(state.currentMa).toBe(-12340)
        expect(state.cellMv.every(mv => mv > 3000)).toBe(true)
        expect(Buffer.from(bench.chip.memory.read(0x9303, 3)).toString("hex")).toBe("06ffff")
        return true
    }

    for (const crc of [false, true])
        for (const { title, strike } of troubles)
            it(`${title}${crc ? " with CRC" : ""}: a whole sample or none, and the next is right`, async () => {
                let number = 1
                while (await struckAt(number, strike, crc)) ++number
                expect(number).toBeGreaterThan(50)
            })
})

describe("the stored charge", () => {
    const restart = (bench: ReturnType<typeof batteryBench>) => {
        const monitor = new BatteryMonitor(
            bench.bus as never,
            bench.ticks,
            bench.settings,
            bench.alarms,
            bench.persist,
        )
        const value = bench.kept[bench.kept.length - 1]
        monitor.restore(value === undefined ? undefined : DeviceBuffer.from(value, "hex"))
        return monitor
    }

    it("is stored with the first sample, then once per hour, in 8 bytes", async () => {
        const { monitor, kept, ticks } = batteryBench()
        await monitor.sample()
        expect(kept.length).toBe(1)
        expect(kept[0].length).toBe(16)
        await ticks.sleep(3590_000)
        await monitor.sample()
        expect(kept.length).toBe(1)
        await ticks.sleep(11_000)
        await monitor.sample()
        expect(kept.length).toBe(2)
    })

    it("survives a restart, with the charge that passed in the meantime", async () => {
        const bench = batteryBench({ pack: { initialCharge: 0.6 } })
        bench.pack.setCurrent(-20)
        await bench.monitor.sample()
        const before = bench.monitor.last!.socPermille!
        // Half an hour after the last store the board is off for another half: 20 Ah of 100.
        await bench.ticks.sleep(1800_000)
        const monitor = restart(bench)
        await bench.ticks.sleep(1800_000)
        const after = (await monitor.sample()).socPermille!
        expect(before - after).toBeGreaterThanOrEqual(199)
        expect(before - after).toBeLessThanOrEqual(201)
    })

    it("ignores a counter that a reset of the chip has cleared", async () => {
        const bench = batteryBench({ pack: { initialCharge: 0.6 } })
        bench.pack.setCurrent(-20)
        await bench.monitor.sample()
        const before = bench.monitor.last!.socPermille!
        await bench.ticks.sleep(600_000)
        bench.chip.selfReset()
        const monitor = restart(bench)
        expect((await monitor.sample()).socPermille).toBe(before)
    })

    it("is ignored if it has another length", async () => {
        const { monitor } = batteryBench()
        monitor.restore(DeviceBuffer.from([1, 2, 3]) as never)
        expect((await monitor.sample()).socPermille).toBeGreaterThan(0)
    })

    it("is capped at the capacity", async () => {
        const { monitor } = batteryBench()
        monitor.restore(DeviceBuffer.from("ffffff7f00000000", "hex") as never)
        expect((await monitor.sample()).socPermille).toBe(1000)
    })

    it("does not hold back the sample when storing it fails", async () => {
        const bench = batteryBench()
        const failing = new BatteryMonitor(
            bench.bus as never,
            bench.ticks,
            bench.settings,
            bench.alarms,
            async () => {
                throw new Fault(FaultCode.FlashWriteFailed, "flash is worn out")
            },
        )
        await expect(failing.sample()).rejects.toMatchObject({ code: FaultCode.FlashWriteFailed })
        expect(failing.last).toBeDefined()
        expect(bench.alarms.active.size).toBe(0)
        await failing.sample()
    })
})
