import { describe, expect, it } from "vitest"
import { blockSum, crc16, swapped } from "../../../src/core/checksum"
import { generator } from "../../../sim/random"
import { DeviceBuffer } from "../../support/devicebuffer"

/** The polynomial, bit by bit. */
function reference(bytes: Uint8Array): number {
    let crc = 0
    for (const byte of bytes)
        for (let bit = 7; bit >= 0; --bit) {
            const out = ((crc >> 15) ^ (byte >> bit)) & 1
            crc = ((crc << 1) & 0xffff) ^ (out ? 0x1021 : 0)
        }
    return crc
}

function randomBytes(length: number, seed: number): Buffer {
    const random = generator(seed)
    const bytes = DeviceBuffer.alloc(length)
    for (let at = 0; at < length; ++at) bytes[at] = Math.floor(random() * 256)
    return bytes as unknown as Buffer
}

describe("the checksum", () => {
    it("is the textbook CRC", () => {
        const bytes = DeviceBuffer.from("123456789") as unknown as Buffer
        expect(crc16(0, bytes, 0, 9)).toBe(0x31c3)
        expect(crc16(0, bytes, 0, 0)).toBe(0)
    })

    it("follows the polynomial, at once and in pieces, for any length and offset", () => {
        for (const length of [1, 2, 3, 17, 96, 511, 512]) {
            const bytes = randomBytes(length, length)
            const whole = reference(bytes)
            expect(crc16(0, bytes, 0, length)).toBe(whole)
            const cut = length >> 1
            expect(crc16(crc16(0, bytes, 0, cut), bytes, cut, length - cut)).toBe(whole)
            expect(crc16(0, bytes, cut, length - cut)).toBe(reference(bytes.slice(cut, length)))
        }
    })

    it("is 0 over data followed by their checksum", () => {
        const bytes = randomBytes(18, 3)
        bytes.setAt(16, "u16", swapped(crc16(0, bytes, 0, 16)))
        expect(crc16(0, bytes, 0, 18)).toBe(0)
    })

    it("of a block is the same, its high byte first", () => {
        for (let seed = 0; seed < 50; ++seed) {
            const bytes = randomBytes(512, seed)
            // Random blocks, some of 6-bit bytes, some ending in zeros.
            if (seed % 3 === 1) for (let at = 0; at < 512; ++at) bytes[at] &= 0x3f
            if (seed % 3 === 2) bytes.fillAt(seed * 10, 512 - seed * 10, 0)
            expect(blockSum(bytes)).toBe(swapped(reference(bytes)))
        }
        expect(blockSum(DeviceBuffer.alloc(512) as unknown as Buffer)).toBe(0)
        for (let bit = 0; bit < 4096; ++bit) {
            const bytes = DeviceBuffer.alloc(512) as unknown as Buffer
            bytes[bit >> 3] = 0x80 >> (bit & 7)
            expect(blockSum(bytes)).toBe(swapped(reference(bytes)))
        }
    })
})
