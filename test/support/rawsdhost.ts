import { DeviceBuffer } from "./devicebuffer"
import { SdWireChecker } from "./sdwirechecker"
import { wireCrc7, wireCrc16 } from "./sdwirerules"

/** How to send a command, besides its argument. */
interface Sending {
    /** The sixth byte; right by default. */
    crc?: number
    /** Bytes clocked before and after; 1 and 16 by default. */
    before?: number
    after?: number
}

/** A host that sends anything, right or wrong, and keeps the select low unless told otherwise. */
export class RawSdHost {
    constructor(readonly wire: SdWireChecker) {}

    async wake(bytes = 10, clockHz = 400_000): Promise<void> {
        await this.wire.select(false)
        await this.wire.setClockHz(clockHz)
        await this.clock(bytes)
        await this.wire.select(true)
    }

    /** Deselects the card meanwhile. */
    async setClockHz(hz: number): Promise<void> {
        await this.wire.select(false)
        await this.wire.setClockHz(hz)
        await this.wire.select(true)
    }

    async bytes(out: readonly number[]): Promise<Uint8Array> {
        return await this.wire.transfer(DeviceBuffer.from(out) as unknown as Buffer)
    }

    async clock(bytes: number): Promise<Uint8Array> {
        return await this.bytes(new Array<number>(bytes).fill(0xff))
    }

    /** @returns the answer's bytes from R1 on, and the bytes after it */
    async send(index: number, argument = 0, sending: Sending = {}): Promise<Uint8Array> {
        const { before = 1, after = 16 } = sending
        const frame = [0x40 | index, argument >>> 24, argument >>> 16, argument >>> 8, argument]
        const bytes = frame.map(byte => byte & 255)
        const out = [
            ...new Array<number>(before).fill(0xff),
            ...bytes,
            sending.crc ?? (wireCrc7(bytes) << 1) | 1,
            ...new Array<number>(after).fill(0xff),
        ]
        const back = (await this.bytes(out)).subarray(before + 6)
        // The byte after CMD12 has no meaning.
        const from = back.findIndex((byte, at) => byte < 0x80 && (index !== 12 || at > 0))
        return from < 0 ? new Uint8Array() : back.subarray(from)
    }

    async initialise(argument = 0x40000000): Promise<void> {
        do await this.send(55)
        while ((await this.send(41, argument))[0] !== 0)
    }

    /** The whole start-up according to the standard. */
    async start(): Promise<void> {
        await this.wake()
        await this.send(0)
        const version2 = (await this.send(8, 0x1aa))[0] === 1
        await this.initialise(version2 ? 0x40000000 : 0)
        const conditions = await this.send(58)
        if (!version2 || (conditions[1] & 0x40) === 0) await this.send(16, 512)
        await this.setClockHz(20_000_000)
        await this.send(9, 0, { after: 40 })
    }

    /** A data block with its token, and clocks until the card is ready. */
    async block(token: number, data: readonly number[], crc = wireCrc16(data), clocks = 30) {
        const tail = [crc >> 8, crc & 255, ...new Array<number>(clocks).fill(0xff)]
        return await this.bytes([0xff, token, ...data, ...tail])
    }
}
