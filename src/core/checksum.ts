/**
 * CRC-16/CCITT (polynomial 0x1021), as SD cards use it on data blocks with `crc` 0 to begin with.
 * @returns the checksum of `length` bytes from `offset`, 0–0xffff
 */
export function crc16(crc: number, bytes: Buffer, offset: number, length: number): number {
    for (let i = offset; i < offset + length; ++i) {
        let x = ((crc >> 8) ^ bytes[i]) & 255
        x = x ^ (x >> 4)
        crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xffff
    }
    return crc
}
