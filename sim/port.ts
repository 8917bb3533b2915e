import type { I2cChip, SpiChip } from "./chips/chip"

/** A large frame's length, device and service come before its topic. */
const TOPIC_OFFSET = 16

/**
 * Carries the firmware's bus transfers to the emulated chips. A message says what is to be done; the bytes go in place,
 * in the buffer that the firmware has filled with random ones next: the runtime has no other call in which the host
 * could answer.
 */
export class BusPort {
    /** The transfer that was announced: what comes back for what is in the buffer. */
    private announced: ((out: Uint8Array) => Uint8Array) | undefined

    constructor(
        private readonly spi: SpiChip,
        private readonly i2c: readonly I2cChip[],
        private readonly onLight: (on: boolean) => void = () => undefined,
        /** The ESP32's driver ends a write with a STOP and begins the read behind it anew. */
        private readonly repeatedStart = false,
    ) {}

    /** A large frame of the firmware: topic, zero byte, data. */
    fromBoard(frame: Uint8Array): void {
        const end = frame.indexOf(0, TOPIC_OFFSET)
        const topic = Buffer.from(frame.buffer, frame.byteOffset + TOPIC_OFFSET, end - TOPIC_OFFSET)
        const words = topic.toString("latin1").split(" ")
        const data = frame.subarray(end + 1)
        if (words[0] === "spi") this.announced = out => this.spi.transfer(out)
        else if (words[0] === "spi-clock") this.spi.configure(Number(words[1]))
        else if (words[0] === "spi-select") this.spi.select(words[1] === "1")
        else if (words[0] === "light") this.onLight(words[1] === "1")
        else if (words[0] === "i2c") this.transferI2c(Number(words[1]), data, Number(words[2]))
    }

    /** @returns false when no transfer was announced: the buffer is as it was */
    exchange(buffer: Uint8Array): boolean {
        const transfer = this.announced
        this.announced = undefined
        if (transfer) buffer.set(transfer(Uint8Array.from(buffer)))
        return transfer !== undefined
    }

    private transferI2c(address: number, out: Uint8Array, readBytes: number): void {
        const chip = this.i2c.find(one => one.address === address)
        const acknowledged = chip !== undefined && (out.length === 0 || chip.write(out))
        const answer = new Uint8Array(readBytes + 1)
        const wanted = acknowledged && readBytes > 0
        const read = wanted ? chip.read(readBytes, this.repeatedStart) : undefined
        if (read) answer.set(read)
        // The last byte is the status: 1 is no acknowledge.
        answer[readBytes] = acknowledged && (readBytes === 0 || read) ? 0 : 1
        this.announced = () => answer
    }
}
