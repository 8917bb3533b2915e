// The firmware's I²C seam on emulated chips, in this process.

import { Fault, FaultCode } from "../../src/core/fault"
import type { I2cChip } from "../../sim/chips/chip"
import { DeviceBuffer } from "./devicebuffer"

/** One transaction as seen on the wire. */
export interface Transaction {
    address: number
    out: string
    readBytes: number
}

/** Bounds the memory of a board that runs for days. */
const loggedMax = 1000

export class ChipI2cBus {
    /** The first transactions since a test emptied this list. */
    readonly log: Transaction[] = []

    /**
     * @param repeatedStart the host starts a read after a write without a STOP; the ESP32 does not
     */
    constructor(
        private readonly chips: I2cChip[],
        private readonly repeatedStart = false,
    ) {}

    async write(address: number, out: Uint8Array): Promise<void> {
        this.record(address, out, 0)
        if (!this.chip(address)?.write(out)) throw this.noAcknowledge(address)
    }

    async writeRead(address: number, out: Uint8Array, readBytes: number): Promise<DeviceBuffer> {
        this.record(address, out, readBytes)
        const chip = this.chip(address)
        const answer = chip?.write(out) ? chip.read(readBytes, this.repeatedStart) : undefined
        if (answer === undefined) throw this.noAcknowledge(address)
        return DeviceBuffer.from(answer)
    }

    private chip(address: number): I2cChip | undefined {
        return this.chips.find(chip => chip.address === address)
    }

    private record(address: number, out: Uint8Array, readBytes: number): void {
        if (this.log.length >= loggedMax) return
        this.log.push({ address, out: Buffer.from(out).toString("hex"), readBytes })
    }

    private noAcknowledge(address: number): Fault {
        return new Fault(FaultCode.I2cNoAcknowledge, "no acknowledge", address)
    }
}
