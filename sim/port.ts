import type { I2cChip, SpiChip } from "./chips/chip"
import { delays, i2cMsPerByte, i2cNoAnswerMs } from "./cpu"
import { Chance, drawMs, type Random } from "./random"
import type { BusTime } from "./vm"

/** A large frame's length, device and service come before its topic. */
const TOPIC_OFFSET = 16
/** What the bus runs at until the firmware sets it. */
const FIRST_SPI_HZ = 400_000
/** A transfer of so few bytes is not left to the DMA: the driver waits for it. */
const POLLED_BYTES = 4

/** A transfer that the firmware has announced: what comes back for what is in the buffer. */
interface Transfer {
    answer(out: Uint8Array): Uint8Array
    time(bytes: number): BusTime
}

export interface BusOptions {
    /** That of seed 1 unless told. */
    chance?: Chance
    /** The firmware has set the status light. */
    onLight?(on: boolean): void
    /** The ESP32's driver ends a write with a STOP and begins the read behind it anew. */
    repeatedStart?: boolean
}

/**
 * Carries the firmware's bus transfers to the emulated chips. A message says what is to be done;
 * the bytes go in place, in the buffer that the firmware has filled with random ones next: the
 * runtime has no other call in which the host could answer. Transfers take the ESP32's time.
 */
export class BusPort {
    /** How long SPI transfers were on the wire, in board ms. */
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

    /** A large frame of the firmware: topic, zero byte, data. */
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
     * @returns how long the transfer takes; undefined when none was announced: the buffer is as it
     * was
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

    /** The buffer holds the address; it takes what is read, and the status: 1 is no acknowledge. */
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
                // Each direction begins with the address.
                const bytes = 1 + out.length + (readBytes > 0 ? 1 + readBytes : 0)
                if (answer[readBytes] === 0)
                    blockedMs = drawMs(delays.i2c, this.i2cDelays) + bytes * i2cMsPerByte
                return answer
            },
            time: () => ({ blockedMs }),
        }
    }
}
