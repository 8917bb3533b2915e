import { Packet } from "jacdac-ts"
import { SRV_SIMPORT, SimportBus, SimportCmd } from "./constants"
import type { I2cChip, SpiChip } from "./chips/chip"

/** Payload bytes of a Jacdac packet less the reply's own fields. */
const REPLY_BYTES = 224
const TOPIC_OFFSET = 16

/** Carries the firmware's bus transfers to the emulated chips and their answers back. */
export class BusPort {
    private serverId = ""
    private serviceIndex = 1
    /** The last I²C transfer's status and what was read, until the board takes them. */
    private i2cAnswer: Uint8Array | undefined

    constructor(
        private readonly spi: SpiChip,
        private readonly i2c: readonly I2cChip[],
        private readonly toBoard: (frame: Uint8Array) => void,
        private readonly onLight: (on: boolean) => void = () => undefined,
    ) {}

    /** Learns from an announcement where the firmware's end of the wires is. */
    announced(deviceId: string, serviceClasses: readonly number[]): void {
        const index = serviceClasses.indexOf(SRV_SIMPORT)
        if (index < 0) return
        this.serverId = deviceId
        this.serviceIndex = index
    }

    /** A large frame of the firmware: topic, zero byte, data. */
    fromBoard(frame: Uint8Array): void {
        const end = frame.indexOf(0, TOPIC_OFFSET)
        const topic = Buffer.from(frame.buffer, frame.byteOffset + TOPIC_OFFSET, end - TOPIC_OFFSET)
        const words = topic.toString("latin1").split(" ")
        const data = frame.subarray(end + 1)
        this.serverId = Buffer.from(frame.buffer, frame.byteOffset + 8, 8).toString("hex")
        if (words[0] === "spi") this.reply(SimportBus.Spi, 0, this.spi.transfer(data))
        else if (words[0] === "spi-select") this.spi.select(words[1] === "1")
        else if (words[0] === "light") this.onLight(words[1] === "1")
        else if (words[0] === "i2c") this.transferI2c(Number(words[1]), data, Number(words[2]))
    }

    /**
     * I²C answers at once, as on the ESP32, where the transfer blocks: the runtime has just one call by which
     * the host hands over bytes in the same instant, the one for random numbers.
     * @returns what the board's next call is to get instead, undefined when no transfer is under way
     */
    takeAnswer(bytes: number): Uint8Array | undefined {
        const answer = this.i2cAnswer
        this.i2cAnswer = undefined
        return answer?.length === bytes ? answer : undefined
    }

    private transferI2c(address: number, out: Uint8Array, readBytes: number): void {
        const chip = this.i2c.find(one => one.address === address)
        const acknowledged = chip !== undefined && (out.length === 0 || chip.write(out))
        const answer = new Uint8Array(readBytes + 1)
        const read = acknowledged && readBytes > 0 ? chip.read(readBytes) : undefined
        if (read) answer.set(read)
        // The last byte is the status: 1 is no acknowledge.
        answer[readBytes] = acknowledged && (readBytes === 0 || read) ? 0 : 1
        this.i2cAnswer = answer
    }

    private reply(bus: SimportBus, status: number, answer: Uint8Array): void {
        let offset = 0
        do {
            const part = answer.subarray(offset, offset + REPLY_BYTES)
            const payload = new Uint8Array(6 + part.length)
            const view = new DataView(payload.buffer)
            payload[0] = bus
            payload[1] = status
            view.setUint16(2, answer.length, true)
            view.setUint16(4, offset, true)
            payload.set(part, 6)
            this.send(payload)
            offset += part.length
        } while (offset < answer.length)
    }

    private send(payload: Uint8Array): void {
        const packet = Packet.from(SimportCmd.Reply, payload)
        packet.deviceIdentifier = this.serverId
        packet.serviceIndex = this.serviceIndex
        packet.isCommand = true
        this.toBoard(packet.toBuffer())
    }
}
