// The board's end of its serial line, defined here independently, from the runtime's jd_usb.c and
// jd_queue.c (jacdac-c): Jacdac frames between marks, log text in between.
// test/fixtures/serial-framing.json has its exact bytes.

const MAGIC = 0xfe
const LITERAL_MAGIC = 0xf8
const RESERVED = 0xf9
const SERIAL_GAP = 0xfa
const FRAME_GAP = 0xfb
const FRAME_START = 0xfc
const FRAME_END = 0xfd

const HEADER_BYTES = 12
const FRAME_BYTES_MAX = 252
/** The driver's buffer. */
const PULL_BYTES = 64
const QUEUE_BYTES = 2048
/** The runtime's log buffer: unread text is lost. */
const LOG_BYTES = 4096

const SRV_USB_BRIDGE = 0x18f61a4a
const DISABLE_PACKETS = 0x80
const ENABLE_PACKETS = 0x81
const DISABLE_LOG = 0x82
const ENABLE_LOG = 0x83
const UNKNOWN_COMMAND = 0xff

const FLAG_COMMAND = 0x01
const FLAG_BROADCAST = 0x04

function crc16(data: Uint8Array): number {
    let crc = 0xffff
    for (const byte of data) {
        let x = (crc >> 8) ^ byte
        x ^= x >> 4
        crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xffff
    }
    return crc
}

/** The capacity of jd_queue.c: a ring in which a frame never wraps. */
class FrameQueue {
    private readonly frames: Uint8Array[] = []
    private front = 0
    private back = 0
    private turnedAt = QUEUE_BYTES

    push(frame: Uint8Array): boolean {
        const bytes = (frame.length + 3) & ~3
        if (this.front <= this.back) {
            if (this.back + bytes <= QUEUE_BYTES) this.back += bytes
            else if (this.front > bytes) {
                this.turnedAt = this.back
                this.back = bytes
            } else return false
        } else if (this.back + bytes < this.front) this.back += bytes
        else return false
        this.frames.push(frame)
        return true
    }

    first(): Uint8Array | undefined {
        return this.frames[0]
    }

    shift(): void {
        const bytes = (this.frames.shift()!.length + 3) & ~3
        if (this.front >= this.turnedAt) {
            this.front = bytes
            this.turnedAt = QUEUE_BYTES
        } else this.front += bytes
    }
}

/** Converts between serial line bytes and frames of the board's bus. */
export class UsbBridge {
    private queue = new FrameQueue()
    private forwarding = false
    private sentOfFrame = 0
    private gap: "none" | "due" | "told" = "none"
    private logText: number[] = []
    private magic = false
    private inFrame = false
    private received: number[] = []
    /** Called when there is something to pull. */
    onReady: () => void = () => undefined

    /** @param toBus gets each complete frame with a correct checksum */
    constructor(private readonly toBus: (frame: Uint8Array) => void) {}

    /** A processor reset: frames have not been requested yet. */
    reset(): void {
        this.queue = new FrameQueue()
        this.forwarding = false
        this.sentOfFrame = 0
        this.gap = "none"
        this.logText = []
        this.magic = this.inFrame = false
        this.received = []
    }

    /**
     * Sends a frame from the board. @returns false if frames are not requested or there is no room
     */
    sendFrame(frame: Uint8Array): boolean {
        if (!this.forwarding) return false
        const queued = this.queue.push(Uint8Array.from(frame))
        if (queued && this.gap === "told") this.gap = "none"
        if (!queued && this.gap === "none") this.gap = "due"
        this.onReady()
        return queued
    }

    /** Adds to the board's log. */
    log(text: string | Uint8Array): void {
        for (const byte of Buffer.from(text)) this.logText.push(byte)
        if (this.logText.length > LOG_BYTES) this.logText.splice(0, this.logText.length - LOG_BYTES)
        this.onReady()
    }

    /** The next bytes for the line, at most 64; none if there is nothing to send. */
    pull(): Uint8Array {
        const out: number[] = []
        if (this.pullFrames(out)) this.pullLog(out)
        return Uint8Array.from(out)
    }

    /** Takes bytes from the line, in pieces of any size. */
    push(bytes: Uint8Array): void {
        for (const byte of bytes) {
            if (this.magic) this.takeMark(byte)
            else if (byte === MAGIC) this.magic = true
            else this.store(byte)
        }
    }

    /** @returns false if the driver's buffer ends inside a frame */
    private pullFrames(out: number[]): boolean {
        while (true) {
            if (this.gap === "due" && this.sentOfFrame === 0 && out.length <= PULL_BYTES - 2) {
                this.gap = "told"
                out.push(MAGIC, FRAME_GAP)
            }
            const frame = this.queue.first()
            if (!frame) return true
            if (this.sentOfFrame === 0) {
                if (out.length > PULL_BYTES - 4) return true
                out.push(MAGIC, FRAME_START)
            }
            for (; this.sentOfFrame < frame.length; this.sentOfFrame++) {
                const byte = frame[this.sentOfFrame]
                if (out.length > PULL_BYTES - (byte === MAGIC ? 2 : 1)) return false
                out.push(byte)
                if (byte === MAGIC) out.push(LITERAL_MAGIC)
            }
            if (out.length > PULL_BYTES - 2) return false
            out.push(MAGIC, FRAME_END)
            this.sentOfFrame = 0
            this.queue.shift()
        }
    }

    private pullLog(out: number[]): void {
        let taken = 0
        while (out.length <= PULL_BYTES - 2 && taken < this.logText.length) {
            const byte = this.logText[taken++]
            out.push(byte)
            if (byte === MAGIC) out.push(LITERAL_MAGIC)
        }
        this.logText.splice(0, taken)
    }

    private takeMark(kind: number): void {
        if (kind === MAGIC) {
            // Outside a frame a doubled mark is text, and the second still starts a mark.
            if (this.inFrame) this.frameError("dual magic")
            return
        }
        this.magic = false
        if (kind === LITERAL_MAGIC) this.store(MAGIC)
        else if (kind === FRAME_START) {
            if (this.received.length > 0) this.frameError("second begin")
            this.inFrame = true
        } else if (kind === FRAME_END) {
            if (!this.inFrame) return this.complain("mismatched stop")
            this.inFrame = false
            this.takeFrame(Uint8Array.from(this.received))
            this.received = []
        } else if (kind !== RESERVED && kind !== SERIAL_GAP && kind !== FRAME_GAP && this.inFrame)
            this.frameError("invalid quote")
    }

    // Text towards the board is dropped: the runtime does not use it.
    private store(byte: number): void {
        if (!this.inFrame) return
        if (this.received.length >= FRAME_BYTES_MAX) this.frameError("frame ovf")
        else this.received.push(byte)
    }

    private frameError(reason: string): void {
        this.complain(reason)
        this.inFrame = false
        this.received = []
    }

    private complain(reason: string): void {
        this.log(`! USB: ${reason}\n`)
    }

    private takeFrame(bytes: Uint8Array): void {
        const frame = bytes.slice(0, HEADER_BYTES + (bytes[2] ?? 0))
        if (bytes.length < HEADER_BYTES || frame.length < HEADER_BYTES + bytes[2])
            return this.complain("short frm")
        const view = new DataView(frame.buffer)
        if (view.getUint16(0, true) !== crc16(frame.subarray(2))) return this.complain("crc err")
        const ours = FLAG_BROADCAST | FLAG_COMMAND
        if ((frame[3] & ours) === ours && view.getUint32(4, true) === SRV_USB_BRIDGE)
            this.obey(frame.length >= 16 ? view.getUint16(14, true) : 0)
        else this.toBus(frame)
    }

    private obey(command: number): void {
        const packets = command === ENABLE_PACKETS || command === DISABLE_PACKETS
        if (packets) {
            this.forwarding = command === ENABLE_PACKETS
            this.log(`usb: packets ${command & 1}\n`)
        }
        // The log is always sent, requested or not, as in the runtime.
        const known = packets || command === ENABLE_LOG || command === DISABLE_LOG
        this.queue.push(answer(known ? command : UNKNOWN_COMMAND))
        this.onReady()
    }
}

function answer(command: number): Uint8Array {
    const frame = new Uint8Array(HEADER_BYTES + 4)
    const view = new DataView(frame.buffer)
    frame[2] = 4
    frame[3] = FLAG_BROADCAST
    view.setUint32(4, SRV_USB_BRIDGE, true)
    view.setUint32(8, 0xaaaaaaaa, true)
    frame[13] = 0x3d
    view.setUint16(14, command, true)
    view.setUint16(0, crc16(frame.subarray(2)), true)
    return frame
}
