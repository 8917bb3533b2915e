// Jacdac frames and log text on one serial line, as the DeviceScript runtime mixes them (jacdac-c,
// jd_usb.c). 0xFE begins a mark; the next byte gives its kind. 0xFE never occurs in UTF-8, so log
// text needs no marks.

import {
    crc,
    JD_FRAME_FLAG_COMMAND,
    JD_FRAME_FLAG_IDENTIFIER_IS_SERVICE_CLASS,
    JD_FRAME_FLAG_LOOPBACK,
    SRV_USB_BRIDGE,
    UsbBridgeCmd,
    UsbBridgeQByte as Mark,
} from "jacdac-ts"

const frameHeaderBytes = 12
const frameBytesMax = frameHeaderBytes + 240
/** Longer log lines are shown in pieces, because noise may never contain a line end. */
const logLineBytesMax = 1024
const lineFeed = 10

export interface LineReceiver {
    /** A whole frame with a correct checksum, including the board's answers to `bridgeCommand`. */
    onFrame(frame: Uint8Array): void
    /** One line of the board's log, unchanged, without its line feed. */
    onLogLine(line: Uint8Array): void
}

/**
 * Decodes the bytes of the serial line. Broken parts are dropped; it resynchronises at the next
 * frame.
 */
export class LineDecoder {
    private marked = false
    private frame: number[] | undefined
    private text: number[] = []

    constructor(private readonly receiver: LineReceiver) {}

    push(bytes: Uint8Array): void {
        for (const byte of bytes) {
            if (this.marked) this.mark(byte)
            else if (byte === Mark.Magic) this.marked = true
            else this.store(byte)
        }
    }

    private mark(kind: number): void {
        this.marked = kind === Mark.Magic
        if (kind === Mark.LiteralMagic) this.store(Mark.Magic)
        else if (kind === Mark.FrameStart) this.frame = []
        else if (kind === Mark.FrameEnd) this.endFrame()
        else if (kind < Mark.LiteralMagic || kind > Mark.Magic || this.marked) {
            this.frame = undefined
            if (!this.marked) this.store(kind)
        }
    }

    private store(byte: number): void {
        if (this.frame) {
            this.frame.push(byte)
            if (this.frame.length > frameBytesMax) this.frame = undefined
        } else if (byte === lineFeed || this.text.push(byte) >= logLineBytesMax) this.endText()
    }

    private endText(): void {
        this.receiver.onLogLine(Uint8Array.from(this.text))
        this.text = []
    }

    private endFrame(): void {
        const bytes = Uint8Array.from(this.frame ?? [])
        this.frame = undefined
        if (bytes.length < frameHeaderBytes) return
        const frame = bytes.slice(0, frameHeaderBytes + bytes[2])
        const whole = frame.length === frameHeaderBytes + bytes[2]
        if (whole && (frame[0] | (frame[1] << 8)) === crc(frame.slice(2)))
            this.receiver.onFrame(frame)
    }
}

/** Encodes a frame for the serial line. */
export function encodeFrame(frame: Uint8Array): Uint8Array {
    const line: number[] = [Mark.Magic, Mark.FrameStart]
    for (const byte of frame) {
        line.push(byte)
        if (byte === Mark.Magic) line.push(Mark.LiteralMagic)
    }
    line.push(Mark.Magic, Mark.FrameEnd)
    return Uint8Array.from(line)
}

/** A frame for the board's USB bridge itself. */
export function bridgeCommand(command: UsbBridgeCmd): Uint8Array {
    const frame = new Uint8Array(frameHeaderBytes + 4)
    const view = new DataView(frame.buffer)
    frame[2] = 4
    frame[3] =
        JD_FRAME_FLAG_COMMAND | JD_FRAME_FLAG_IDENTIFIER_IS_SERVICE_CLASS | JD_FRAME_FLAG_LOOPBACK
    view.setUint32(4, SRV_USB_BRIDGE, true)
    // The high half of a broadcast's device identifier, and a broadcast's service index.
    view.setUint32(8, 0xaaaaaaaa, true)
    frame[13] = 0x3d
    view.setUint16(14, command, true)
    view.setUint16(0, crc(frame.slice(2)), true)
    return frame
}

/** True for a frame of the board's USB bridge itself. */
export function isBridgeFrame(frame: Uint8Array): boolean {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
    return (
        (frame[3] & JD_FRAME_FLAG_IDENTIFIER_IS_SERVICE_CLASS) !== 0 &&
        view.getUint32(4, true) === SRV_USB_BRIDGE
    )
}
