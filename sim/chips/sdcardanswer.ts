import { crc16 } from "./sdcardregisters"
import { spoiled } from "./sdcardtraits"

/** Bytes a card has yet to send; unread ones are lost with the next command. */
export class SdCardAnswer {
    private readonly bytes = new Uint8Array(8192)
    private start = 0
    private end = 0
    /** Bytes from this index on may not go out before that moment. */
    private heldFrom = Infinity
    private heldUntilMs = 0

    get pending(): boolean {
        return this.start < this.end
    }

    clear(): void {
        this.start = this.end = 0
        this.heldFrom = Infinity
    }

    /** The next byte; only while `pending`. */
    take(nowMs: number): number {
        if (this.start === this.heldFrom) {
            if (nowMs < this.heldUntilMs) return 0xff
            this.heldFrom = Infinity
        }
        return this.bytes[this.start++]
    }

    /** Queues idle bytes; whatever is sent next is held until that moment. */
    sendLater(idleBytes: number, untilMs: number): void {
        this.sendIdle(idleBytes)
        this.heldFrom = this.end
        this.heldUntilMs = untilMs
    }

    send(...bytes: number[]): void {
        this.sendBytes(Uint8Array.from(bytes))
    }

    sendIdle(count: number): void {
        this.sendBytes(new Uint8Array(count).fill(0xff))
    }

    /** A data block: start token 0xfe, the data, its CRC-16; one bit of it may be wrong. */
    sendBlock(data: Uint8Array, wrongBit?: number): void {
        const crc = crc16(data)
        this.send(0xfe)
        this.sendBytes(spoiled(data, wrongBit))
        this.send(crc >> 8, crc & 255)
    }

    private sendBytes(bytes: Uint8Array): void {
        if (!this.pending) this.clear()
        this.bytes.set(bytes, this.end)
        this.end += bytes.length
    }
}
