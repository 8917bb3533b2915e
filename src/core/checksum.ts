/**
 * CRC-16/CCITT (polynomial 0x1021), as SD cards use it on data blocks with `crc` 0 to begin with.
 * @returns the checksum of `length` bytes from `offset`, 0–0xffff
 */
export function crc16(crc: number, bytes: Buffer, offset: number, length: number): number {
    const end = offset + length
    // Bits above the sixteenth are no part of it, and cut off at the end: some 100 ms for a sector.
    for (let i = offset; i < end; ++i) {
        let x = ((crc >> 8) ^ bytes[i]) & 255
        x = x ^ (x >> 4)
        crc = (crc << 8) ^ (x << 12) ^ (x << 5) ^ x
    }
    return crc & 0xffff
}
