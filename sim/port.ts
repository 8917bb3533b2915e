import type { I2cChip, SpiChip } from "./chips/chip"
import { delays, i2cMsPerByte, i2cNoAnswerMs } from "./cpu"
import { Chance, drawMs, type Random } from "./random"
import type { BusTime } from "./vm"

/** A large frame's length, device and service come before its topic. */
const TOPIC_OFFSET = 16
/** The bus clock until the firmware sets it. */
const FIRST_SPI_HZ = 400_000
/** Transfers up to this size do not use DMA: the driver waits for them. */
const POLLED_BYTES = 4

/** A transfer announced by the firmware: its answer to the buffer's bytes, and its time. */
interface Transfer {
    answer(out: Uint8Array): Uint8Array
    time(bytes: number): BusTime
}

export interface BusOptions {
    /** Seed 1 by default. */
    chance?: Chance
    /** The firmware has set the status light. */
    onLight?(on: boolean): void
    /** Repeated start between write and read; the ESP32's driver sends a STOP and a new start. */
    repeatedStart?: boolean
}

/**
 * Carries the firmware's bus transfers to the emulated chips. A message describes the transfer; its
 * bytes are exchanged in place, in the buffer that the firmware next fills with random bytes: the
 * runtime has no other call in which the host could answer. Transfers take the ESP32's time.
 */
export class BusPort {
    /** Total time of SPI transfers on the wire, in board ms. */
    busyMs = 0
    private announced: Transfer | undefined
    private hz = FIRST_SPI_HZ
    private readonly spiDelays: Random
    private readonly i2cDelays: Random

    constructor(
        private readonly spi: SpiChip,
        private readonly i2c: readonly I2cChip[],
        private readonly options: BusOptions = {},
    ) {
        const chance = options.chance ?? new Chance(1)
        this.spiDelays = chance.stream("SPI delays")
        this.i2cDelays = chance.stream("I2C delays")
    }

    /** A large frame from the firmware: topic, zero byte, data. */
    fromBoard(frame: Uint8Array): void {
        const end = frame.indexOf(0, TOPIC_OFFSET)
        const topic = Buffer.from(frame.buffer, frame.byteOffset + TOPIC_OFFSET, end - TOPIC_OFFSET)
        const words = topic.toString("latin1").split(" ")
        const data = frame.subarray(end + 1)
        if (words[0] === "spi") this.announced = this.spiTransfer
        else if (words[0] === "spi-clock") this.setSpiClock(Number(words[1]))
        else if (words[0] === "spi-select") this.spi.select(words[1] === "1")
        else if (words[0] === "light") this.options.onLight?.(words[1] === "1")
        else if (words[0] === "i2c") this.announced = this.i2cTransfer(Uint8Array.from(data))
    }

    /**
     * @returns the transfer's duration; undefined if none was announced and the buffer is unchanged
     */
    exchange(buffer: Uint8Array): BusTime | undefined {
        const transfer = this.announced
        this.announced = undefined
        if (!transfer) return undefined
        buffer.set(transfer.answer(Uint8Array.from(buffer)))
        return transfer.time(buffer.length)
    }

    private setSpiClock(hz: number): void {
        this.hz = hz
        this.spi.configure(hz)
    }

    private readonly spiTransfer: Transfer = {
        answer: out => this.spi.transfer(out),
        time: bytes => {
            const wireMs = (bytes * 8000) / this.hz
            this.busyMs += wireMs
            const delayMs = drawMs(delays.spi, this.spiDelays)
            if (bytes <= POLLED_BYTES) return { blockedMs: wireMs, waitMs: delayMs }
            return { waitMs: wireMs + delayMs }
        },
    }

    /**
     * The buffer holds the address; it receives the bytes read and the status (1: not
     * acknowledged).
     */
    private i2cTransfer(out: Uint8Array): Transfer {
        let blockedMs = i2cNoAnswerMs
        return {
            answer: buffer => {
                const readBytes = buffer.length - 1
                const chip = this.i2c.find(one => one.address === buffer[0])
                const acknowledged = chip !== undefined && (out.length === 0 || chip.write(out))
                const answer = new Uint8Array(readBytes + 1)
                const wanted = acknowledged && readBytes > 0
                const read = wanted ? chip.read(readBytes, this.options.repeatedStart) : undefined
                if (read) answer.set(read)
                answer[readBytes] = acknowledged && (readBytes === 0 || read) ? 0 : 1
                // Each direction starts with the address.
                const bytes = 1 + out.length + (readBytes > 0 ? 1 + readBytes : 0)
                if (answer[readBytes] === 0)
                    blockedMs = drawMs(delays.i2c, this.i2cDelays) + bytes * i2cMsPerByte
                return answer
            },
            time: () => ({ blockedMs }),
        }
    }
}
