import * as ds from "@devicescript/core"
import { Server } from "@devicescript/server"
import { Fault, FaultCode } from "../core/fault"
import { I2cBus, SpiBus, StatusLight } from "../core/seams"

const enum Limit {
    AnswerMs = 5000,
}

/** One transfer at a time: the fiber that waits and the answer as it grows. */
class Exchange {
    private waiting: ds.Fiber
    private answer: Buffer
    private missingBytes = 0
    private status = 0

    /** Sends `data` under `topic` and waits for the host's answer; undefined is no acknowledge or no answer. */
    async run(topic: string, data: Buffer): Promise<Buffer | undefined> {
        this.answer = undefined
        this.waiting = ds.Fiber.self()
        await ds._twinMessage(topic, data)
        await ds.suspend(Limit.AnswerMs)
        this.waiting = undefined
        const answer = this.missingBytes === 0 && this.status === 0 ? this.answer : undefined
        this.answer = undefined
        return answer
    }

    take(status: number, length: number, offset: number, data: Buffer): void {
        if (!this.answer) {
            this.answer = Buffer.alloc(length)
            this.missingBytes = length
            this.status = status
        }
        this.answer.blitAt(offset, data, 0, data.length)
        this.missingBytes -= data.length
        if (this.missingBytes <= 0 && this.waiting) {
            const fiber = this.waiting
            this.waiting = undefined
            fiber.resume(undefined)
        }
    }
}

/** The firmware's end of the simulated board's wires; the other end is the host that runs the emulated chips. */
export class Simport extends Server implements ds.SimportServerSpec {
    readonly spi = new Exchange()

    constructor() {
        super(ds.Simport.spec)
    }

    // The runtime hands all fields over as one array (the declared parameters are the service's).
    reply(fields: any): void {
        if (fields[0] === ds.SimportBus.Spi)
            this.spi.take(fields[1], fields[2], fields[3], fields[4])
    }
}

/** Something that the host need not answer. */
async function tell(topic: string): Promise<void> {
    await ds._twinMessage(topic, hex`00`)
}

export class SimSpiBus implements SpiBus {
    constructor(private readonly port: Simport) {}

    setClockHz(hz: number): void {
        tell.start("spi-clock " + hz)
    }

    async select(on: boolean): Promise<void> {
        await tell(on ? "spi-select 1" : "spi-select 0")
    }

    async transfer(out: Buffer): Promise<Buffer> {
        const answer = await this.port.spi.run("spi", out)
        if (!answer) throw new Fault(FaultCode.SpiFailed, "the SPI bus does not answer")
        return answer
    }
}

/** Like the ESP32's, this host is done when its call returns: no other fiber runs in between. */
export class SimI2cBus implements I2cBus {
    async write(address: number, out: Buffer): Promise<void> {
        await this.writeRead(address, out, 0)
    }

    async writeRead(address: number, out: Buffer, readBytes: number): Promise<Buffer> {
        const answer = Buffer.alloc(readBytes + 1)
        await ds._twinMessage("i2c " + address + " " + readBytes, out)
        // The host has what was read ready, and behind it the status, for who asks for random numbers next.
        ;(answer as any).fillRandom()
        if (answer[readBytes] !== 0)
            throw new Fault(FaultCode.I2cNoAcknowledge, "no acknowledge on I2C", address)
        return answer.slice(0, readBytes)
    }
}

export class SimStatusLight implements StatusLight {
    async set(on: boolean): Promise<void> {
        await tell(on ? "light 1" : "light 0")
    }
}
