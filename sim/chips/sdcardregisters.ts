/** Bits of the answer R1 (section 7.3.2.1). */
export const R1 = {
    idle: 0x01,
    illegalCommand: 0x04,
    commandCrcError: 0x08,
    addressError: 0x20,
    parameterError: 0x40,
}

/** CRC-7 of commands and registers: x^7 + x^3 + 1. */
export function crc7(bytes: Uint8Array): number {
    let crc = 0
    for (const byte of bytes) {
        for (let bit = 7; bit >= 0; --bit) {
            const invert = ((byte >> bit) & 1) ^ (crc >> 6)
            crc = ((crc << 1) & 0x7f) ^ (invert ? 0x09 : 0)
        }
    }
    return crc
}

const crc16Table = Uint16Array.from({ length: 256 }, (_, index) => {
    let crc = index << 8
    for (let bit = 0; bit < 8; ++bit) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
    return crc & 0xffff
})

/** CRC-16 of data blocks: x^16 + x^12 + x^5 + 1, from 0. */
export function crc16(bytes: Uint8Array): number {
    let crc = 0
    for (let i = 0; i < bytes.length; ++i)
        crc = ((crc << 8) & 0xffff) ^ crc16Table[(crc >> 8) ^ bytes[i]]
    return crc
}

/** Writes a field of a 128-bit register whose bits count down from 127. */
function setBits(register: Uint8Array, high: number, low: number, value: number): void {
    for (let bit = low; bit <= high; ++bit) {
        const on = Math.floor(value / 2 ** (bit - low)) % 2
        const byte = 15 - (bit >> 3)
        if (on) register[byte] |= 1 << (bit & 7)
        else register[byte] &= ~(1 << (bit & 7))
    }
}

/**
 * Card-specific data, version 1 (section 5.3.2) or 2 (section 5.3.3), for a card of `blocks`
 * blocks.
 * @param protection TMP_WRITE_PROTECT in bit 0, PERM_WRITE_PROTECT in bit 1
 */
export function registerCsd(version: 1 | 2, blocks: number, protection: number): Uint8Array {
    const csd = new Uint8Array(16)
    setBits(csd, 127, 126, version - 1)
    setBits(csd, 119, 112, 0x0e)
    setBits(csd, 103, 96, 0x32)
    setBits(csd, 95, 84, 0x5b5)
    if (version === 1) {
        // Capacity is (C_SIZE + 1) * 2^(C_SIZE_MULT + 2) * 2^READ_BL_LEN bytes.
        const readBlockLength = blocks > 2097152 ? 10 : 9
        let multiplier = 0
        let size = blocks >> (readBlockLength - 9 + 2)
        while (size > 4096 && multiplier < 7) {
            size >>= 1
            multiplier++
        }
        setBits(csd, 83, 80, readBlockLength)
        setBits(csd, 73, 62, size - 1)
        setBits(csd, 49, 47, multiplier)
    } else {
        setBits(csd, 83, 80, 9)
        setBits(csd, 69, 48, Math.floor(blocks / 1024) - 1)
    }
    setBits(csd, 46, 46, 1)
    setBits(csd, 45, 39, 0x7f)
    setBits(csd, 25, 22, 9)
    setBits(csd, 13, 12, protection)
    csd[15] = (crc7(csd.subarray(0, 15)) << 1) | 1
    return csd
}

/** Card identification (section 5.2): maker 0x03, "SD", "BMSIM", revision 1.0, made in 2024-01. */
export function registerCid(): Uint8Array {
    const cid = new Uint8Array(16)
    cid.set([0x03, 0x53, 0x44, 0x42, 0x4d, 0x53, 0x49, 0x4d, 0x10, 0, 0, 0, 1, 0x01, 0x81])
    cid[15] = (crc7(cid.subarray(0, 15)) << 1) | 1
    return cid
}
