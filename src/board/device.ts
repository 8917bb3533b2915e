import * as ds from "@devicescript/core"
import { Fault, FaultCode, faultMessage } from "../core/fault"
import { I2cBus, SpiBus, Light } from "../core/seams"
import { AnswerBuffers } from "./answerbuffers"

/**
 * The runtime's own natives. @devicescript/gpio would add 400 bytes for pin events, `i2c` and `spi`
 * 500 for methods, all unused, and `spi` allocates a buffer per transfer.
 */
interface RuntimePin {
    setMode(mode: ds.GPIOMode): void
}

interface RuntimeBuses {
    spiConfigure(miso: number, mosi: number, sck: number, mode: number, hz: number): void
    spiXfer(out: Buffer, into: Buffer): Promise<void>
    /** 0, or the step that failed: -1 the write, -2 the read. */
    _i2cTransaction(address: number, out: Buffer, into?: Buffer): Promise<number>
}

function drive(pin: ds.OutputPin, high: boolean): void {
    ;(pin as unknown as RuntimePin).setMode(high ? ds.GPIOMode.OutputHigh : ds.GPIOMode.OutputLow)
}

/** The ESP32's SPI host with one device. We drive chip select; the runtime does not. */
export class DeviceSpiBus implements SpiBus {
    private readonly answers = new AnswerBuffers()

    constructor(
        private readonly miso: ds.InputPin,
        private readonly mosi: ds.OutputPin,
        private readonly sck: ds.OutputPin,
        private readonly chipSelect: ds.OutputPin,
    ) {
        drive(chipSelect, true)
    }

    async setClockHz(hz: number): Promise<void> {
        ;(ds as unknown as RuntimeBuses).spiConfigure(
            this.miso.gpio,
            this.mosi.gpio,
            this.sck.gpio,
            0,
            hz,
        )
    }

    async select(on: boolean): Promise<void> {
        drive(this.chipSelect, !on)
    }

    async transfer(out: Buffer): Promise<Buffer> {
        const answer = this.answers.of(out.length)
        try {
            await (ds as unknown as RuntimeBuses).spiXfer(out, answer)
            return answer
        } catch (thrown) {
            throw new Fault(FaultCode.SpiFailed, "SPI: " + faultMessage(thrown))
        }
    }
}

/** The ESP32's I²C host on the pins of the board definition. */
export class DeviceI2cBus implements I2cBus {
    async write(address: number, out: Buffer): Promise<void> {
        await this.writeRead(address, out, 0)
    }

    async writeRead(address: number, out: Buffer, readBytes: number): Promise<Buffer> {
        try {
            const answer = readBytes ? Buffer.alloc(readBytes) : undefined
            const status = await (ds as unknown as RuntimeBuses)._i2cTransaction(
                address,
                out,
                answer,
            )
            if (status !== 0)
                throw new Error(
                    `I2C error ${status} dev=${address}: write ${out}, read ${readBytes} B`,
                )
            return answer
        } catch (thrown) {
            throw new Fault(FaultCode.I2cNoAcknowledge, "I2C: " + faultMessage(thrown), address)
        }
    }
}

/** An LED between a pin and ground. */
export class PinLight implements Light {
    constructor(private readonly pin: ds.OutputPin) {}

    async set(on: boolean): Promise<void> {
        drive(this.pin, on)
    }
}
