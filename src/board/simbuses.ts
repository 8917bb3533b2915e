import * as ds from "@devicescript/core"
import { Fault, FaultCode } from "../core/fault"
import { I2cBus, SpiBus, Light } from "../core/seams"
import { AnswerBuffers } from "./answerbuffers"

// The simulated board's wires. A message announces a transfer to the host, which runs the emulated
// chips. The answer arrives in the only call in which the host can write into a buffer.

interface RandomBuffer {
    fillRandom(): void
}

function exchange(buffer: Buffer): void {
    ;(buffer as unknown as RandomBuffer).fillRandom()
}

/** Sends the host a message that it does not answer. */
async function tell(topic: string): Promise<void> {
    await ds._twinMessage(topic, hex`00`)
}

export class SimSpiBus implements SpiBus {
    private readonly answers = new AnswerBuffers()

    async setClockHz(hz: number): Promise<void> {
        await tell("spi-clock " + hz)
    }

    async select(on: boolean): Promise<void> {
        await tell(on ? "spi-select 1" : "spi-select 0")
    }

    async transfer(out: Buffer): Promise<Buffer> {
        const answer = this.answers.of(out.length)
        answer.blitAt(0, out, 0, out.length)
        await tell("spi")
        exchange(answer)
        // As on the ESP32, other fibers run until the host reports the end of the transfer.
        await ds.suspend()
        return answer
    }
}

/** Like the ESP32's, this transfer ends before its call returns: no other fiber runs meanwhile. */
export class SimI2cBus implements I2cBus {
    async write(address: number, out: Buffer): Promise<void> {
        await this.writeRead(address, out, 0)
    }

    async writeRead(address: number, out: Buffer, readBytes: number): Promise<Buffer> {
        // Its length tells the host how much to read. The last byte returns the status.
        const answer = Buffer.alloc(readBytes + 1)
        answer[0] = address
        await ds._twinMessage("i2c", out)
        exchange(answer)
        if (answer[readBytes] !== 0)
            throw new Fault(FaultCode.I2cNoAcknowledge, "no acknowledge on I2C", address)
        return answer.slice(0, readBytes)
    }
}

export class SimLight implements Light {
    async set(on: boolean): Promise<void> {
        await tell(on ? "light 1" : "light 0")
    }
}
