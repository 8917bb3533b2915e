import { describe, expect, it } from "vitest"
import { Bq76952Chip } from "../../sim/chips/bq76952"
import { Pack } from "../../sim/pack"
import { FaultCode } from "../../src/core/fault"
import type { I2cBus } from "../../src/core/seams"
import { ChipI2cBus } from "../support/chipi2cbus"
import { DeviceBuffer } from "../support/devicebuffer"

interface Wiring {
    bus: I2cBus
    /** Makes the chip at 0x08 fall silent, or answer again. */
    silence(on: boolean): void
}

/** The contract of I2cBus; a BQ76952 is at 0x08, no chip at 0x55. */
function i2cBusContract(name: string, wire: () => Wiring): void {
    const bytes = (...values: number[]) => DeviceBuffer.from(values) as never

    describe(name, () => {
        it("reads as many bytes as requested", async () => {
            const { bus } = wire()
            for (const length of [1, 2, 32, 42]) {
                const answer = await bus.writeRead(0x08, bytes(0x12), length)
                expect(answer.length).toBe(length)
            }
        })

        it("passes the written bytes to the chip in order", async () => {
            const { bus } = wire()
            await bus.write(0x08, bytes(0x3e, 0x01, 0x00))
            const answer = await bus.writeRead(0x08, bytes(0x3e), 4)
            expect([...(answer as unknown as Uint8Array)]).toEqual([0x01, 0x00, 0x95, 0x76])
        })

        it("gives each caller its own buffer", async () => {
            const { bus } = wire()
            const first = await bus.writeRead(0x08, bytes(0x3e), 4)
            first[0] = 0xaa
            const second = await bus.writeRead(0x08, bytes(0x3e), 4)
            expect(second[0]).toBe(0)
        })

        it("does not change the bytes to write", async () => {
            const { bus } = wire()
            const out = bytes(0x3e, 0x01, 0x00)
            await bus.write(0x08, out)
            expect([...out]).toEqual([0x3e, 0x01, 0x00])
        })

        it("throws I2cNoAcknowledge with the address when there is no chip", async () => {
            const { bus } = wire()
            const fault = { code: FaultCode.I2cNoAcknowledge, evidence: 0x55 }
            await expect(bus.write(0x55, bytes(0))).rejects.toMatchObject(fault)
            await expect(bus.writeRead(0x55, bytes(0), 1)).rejects.toMatchObject(fault)
        })

        it("works again after the chip was silent", async () => {
            const { bus, silence } = wire()
            silence(true)
            await expect(bus.writeRead(0x08, bytes(0x12), 2)).rejects.toMatchObject({
                code: FaultCode.I2cNoAcknowledge,
            })
            silence(false)
            expect((await bus.writeRead(0x08, bytes(0x12), 2)).length).toBe(2)
        })
    })
}

i2cBusContract("the bus of emulated chips in this process", () => {
    const chip = new Bq76952Chip(new Pack(), { nowMs: () => 1000 })
    return {
        bus: new ChipI2cBus([chip]) as never,
        silence: on => (chip.fault = on ? "offline" : "none"),
    }
})
