import * as ds from "@devicescript/core"
import { i2c } from "@devicescript/i2c"
import { spi } from "@devicescript/spi"
import { Fault, FaultCode, faultMessage } from "../core/fault"
import { I2cBus, SpiBus, StatusLight } from "../core/seams"
import { AnswerBuffers } from "./answerbuffers"

/** The runtime's own pins; @devicescript/gpio would bring 400 bytes of events that nobody here waits for. */
interface RuntimePin {
    setMode(mode: ds.GPIOMode): void
}

function drive(pin: ds.OutputPin, high: boolean): void {
    ;(pin as unknown as RuntimePin).setMode(high ? ds.GPIOMode.OutputHigh : ds.GPIOMode.OutputLow)
}

/** The library's own transfer makes a buffer each time. */
interface RuntimeSpi {
    spiXfer(out: Buffer, into: Buffer): Promise<void>
}

/** The ESP32's SPI host with one device on it. Chip select is ours: the runtime drives none. */
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
        spi.configure({ miso: this.miso, mosi: this.mosi, sck: this.sck, hz })
    }

    async select(on: boolean): Promise<void> {
        drive(this.chipSelect, !on)
    }

    async transfer(out: Buffer): Promise<Buffer> {
        const answer = this.answers.of(out.length)
        try {
            await (ds as unknown as RuntimeSpi).spiXfer(out, answer)
            return answer
        } catch (thrown) {
            throw new Fault(FaultCode.SpiFailed, "SPI: " + faultMessage(thrown))
        }
    }
}

/** The ESP32's I²C host on the pins that the board definition names. */
export class DeviceI2cBus implements I2cBus {
    async write(address: number, out: Buffer): Promise<void> {
        await this.writeRead(address, out, 0)
    }

    async writeRead(address: number, out: Buffer, readBytes: number): Promise<Buffer> {
        try {
            return await i2c.xfer(address, out, readBytes)
        } catch (thrown) {
            throw new Fault(FaultCode.I2cNoAcknowledge, "I2C: " + faultMessage(thrown), address)
        }
    }
}

/** An LED between a pin and ground. */
export class PinStatusLight implements StatusLight {
    constructor(private readonly pin: ds.OutputPin) {}

    async set(on: boolean): Promise<void> {
        drive(this.pin, on)
    }
}
