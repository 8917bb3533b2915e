import { generator } from "../../sim/random"

/** Random bytes, the same in each run. */
export function noise(count: number, seed = 20261122): Uint8Array {
    const random = generator(seed)
    return Uint8Array.from({ length: count }, () => random() * 256)
}

function crc16(data: Uint8Array): number {
    let crc = 0xffff
    for (const byte of data) {
        let x = (crc >> 8) ^ byte
        x ^= x >> 4
        crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xffff
    }
    return crc
}

export interface PacketOptions {
    serviceIndex: number
    command: number
    /** True for a command, false for a report. */
    isCommand?: boolean
}

/**
 * A Jacdac frame with a right checksum around any body.
 * @param deviceId 16 hexadecimal digits; by default the first bytes of the body
 */
export function sealedFrame(body: Uint8Array, deviceId?: string, flags = 0): Uint8Array {
    const sizeBytes = Math.max(4, (body.length + 3) & ~3)
    const frame = new Uint8Array(12 + sizeBytes)
    frame[2] = sizeBytes
    frame[3] = flags
    if (deviceId) frame.set(Buffer.from(deviceId, "hex"), 4)
    else frame.set(body.subarray(0, 8), 4)
    frame.set(body, 12)
    new DataView(frame.buffer).setUint16(0, crc16(frame.subarray(2)), true)
    return frame
}

/** A frame with one packet. */
export function packetFrame(
    deviceId: string,
    { serviceIndex, command, isCommand = true }: PacketOptions,
    payload: Uint8Array,
): Uint8Array {
    const body = new Uint8Array(4 + payload.length)
    body[0] = payload.length
    body[1] = serviceIndex
    new DataView(body.buffer).setUint16(2, command, true)
    body.set(payload, 4)
    return sealedFrame(body, deviceId, isCommand ? 1 : 0)
}

/** A frame as sent over the serial line. */
export function onTheLine(frame: Uint8Array): Uint8Array {
    const body = Buffer.from(frame).toString("latin1").replaceAll("\xfe", "\xfe\xf8")
    return Buffer.from(`\xfe\xfc${body}\xfe\xfd`, "latin1")
}
