import { crc16 } from "../../src/core/checksum"
import { DeviceBuffer } from "./devicebuffer"

/** A backup that anyone with the card can make: right in everything except the seal. */
export function forgedCopy(
    generation: number,
    entries: Record<string, string | Uint8Array>,
    shortId = "AB12",
): DeviceBuffer {
    const head = DeviceBuffer.alloc(4)
    head.setAt(0, "u32", generation)
    const parts = [DeviceBuffer.from("BMSBAK1\n" + shortId), head]
    for (const [key, value] of Object.entries(entries)) {
        const bytes = DeviceBuffer.from(value as never)
        parts.push(DeviceBuffer.from([key.length, bytes.length]), DeviceBuffer.from(key), bytes)
    }
    const body = DeviceBuffer.concat(...parts)
    const crc = crc16(0, body as never, 0, body.length)
    return DeviceBuffer.concat(body, DeviceBuffer.from([crc & 255, crc >> 8]))
}

/** A flash value of settings with this one line. */
export function settingsValue(digit: string, text: string): string {
    const bytes = DeviceBuffer.from(digit + text)
    const check = 48 + (crc16(0, bytes as never, 0, bytes.length) & 63)
    return `1\n${digit}${String.fromCharCode(check)}${text}`
}
