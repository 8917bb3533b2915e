/**
 * The four characters that Jacdac tools show for a device, from its identifier.
 * @param identifierHex 16 hexadecimal digits
 * Source: Jacdac short device identifiers: FNV-1 folded to 30 bits, two letters and two digits.
 */
export function shortDeviceId(identifierHex: string): string {
    const id = Buffer.from(identifierHex, "hex")
    let hash = 0x811c9dc5 | 0
    for (let i = 0; i < id.length; ++i) hash = Math.imul(hash, 0x1000193) ^ id[i]
    hash = (hash ^ (hash >>> 30)) & 0x3fffffff
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    const high = Math.idiv(hash, 26 * 26)
    return (
        letters[hash % 26] +
        letters[Math.idiv(hash, 26) % 26] +
        (high % 10) +
        (Math.idiv(high, 10) % 10)
    )
}
