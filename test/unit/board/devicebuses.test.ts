import { beforeEach, expect, it, vi } from "vitest"
import { FaultCode } from "../../../src/core/fault"
import type { I2cBus, SpiBus } from "../../../src/core/seams"
import { DeviceBuffer } from "../../support/devicebuffer"

// The real buses, on natives that record their calls.

const runtime = vi.hoisted(() => ({ calls: [] as unknown[][], status: 0 }))

vi.mock("@devicescript/core", () => ({
    GPIOMode: { OutputHigh: 18, OutputLow: 17 },
    spiConfigure: (...args: unknown[]) => void runtime.calls.push(args),
    spiXfer: async (out: Uint8Array, into: Uint8Array) => {
        if (out[0] === 0xee) throw new Error("SPI busy")
        into.set(out)
    },
    _i2cTransaction: async (address: number, out: Uint8Array, into?: Uint8Array) => {
        runtime.calls.push([address, [...out], into?.length])
        into?.fill(7)
        return runtime.status
    },
}))

interface RuntimePin {
    gpio: number
    setMode(mode: number): void
}

// Its DeviceScript types conflict with Node's.
const { DeviceI2cBus, DeviceSpiBus } = await vi.importActual<{
    DeviceI2cBus: new () => I2cBus
    DeviceSpiBus: new (...pins: RuntimePin[]) => SpiBus
}>("../../../src/board/device")

const bytes = (...values: number[]) => DeviceBuffer.from(values) as never

beforeEach(() => {
    Object.assign(runtime, { calls: [], status: 0 })
})

function spi() {
    const modes: number[] = []
    const pin = (gpio: number) => ({ gpio, setMode: (mode: number) => void modes.push(mode) })
    const bus = new DeviceSpiBus(pin(19), pin(23), pin(18), pin(5))
    return { bus, modes }
}

it("SPI: passes on its pins and the clock, and drives chip select itself", async () => {
    const { bus, modes } = spi()
    await bus.setClockHz(400_000)
    await bus.select(true)
    expect(runtime.calls).toEqual([[19, 23, 18, 0, 400_000]])
    expect(modes).toEqual([18, 17])
})

it("SPI: returns the received bytes, and names a failure", async () => {
    const { bus } = spi()
    expect([...(await bus.transfer(bytes(1, 2, 3)))]).toEqual([1, 2, 3])
    await expect(bus.transfer(bytes(0xee))).rejects.toMatchObject({
        code: FaultCode.SpiFailed,
        message: "SPI: SPI busy",
    })
})

it("I²C: writes without a following read, and reads the requested length", async () => {
    const bus = new DeviceI2cBus()
    await bus.write(0x08, bytes(0x3e, 1))
    expect([...(await bus.writeRead(0x08, bytes(0x12), 2))]).toEqual([7, 7])
    expect(runtime.calls).toEqual([
        [0x08, [0x3e, 1], undefined],
        [0x08, [0x12], 2],
    ])
})

it("I²C: names the device and the transaction that got no answer", async () => {
    const bus = new DeviceI2cBus()
    runtime.status = -2
    await expect(bus.writeRead(0x68, bytes(0x0f), 3)).rejects.toMatchObject({
        code: FaultCode.I2cNoAcknowledge,
        evidence: 0x68,
        message: expect.stringMatching(/^I2C: I2C error -2 dev=104: write .*, read 3 B$/),
    })
    await expect(bus.write(0x68, bytes(0x0f))).rejects.toMatchObject({
        message: expect.stringMatching(/, read 0 B$/),
    })
})
