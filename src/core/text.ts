// The only formatter and the only parser of numbers; everything shown or read goes through here.

/**
 * Text from bytes of unknown origin. If they end within a character, the runtime reads past the end
 * of the buffer, so those get one more byte.
 */
export function textOf(bytes: Buffer): string {
    const { length } = bytes
    if (!(bytes[length - 1] >= 128)) return bytes.toString()
    const more = Buffer.alloc(length + 1)
    more.blitAt(0, bytes, 0, length)
    return more.toString().slice(0, -1)
}

/** Pads `text` at the front with `fill` up to `width` characters. */
export function padStart(text: string, width: number, fill: string): string {
    while (text.length < width) text = fill + text
    return text
}

const blanks = "                                        "

/** Pads `text` at the end with spaces up to `width` characters, 40 at most. */
export function padEnd(text: string, width: number): string {
    return text.length < width ? text + blanks.slice(text.length, width) : text
}

/** A whole number, zero-padded to at least `digits` digits. Not for negative numbers. */
export function formatDigits(value: number, digits: number): string {
    return padStart("" + value, digits, "0")
}

/** An integer in units of 10^-decimals with a decimal point: (-305, 2) is "-3.05". */
export function formatScaled(value: number, decimals: number): string {
    const sign = value < 0 ? "-" : ""
    const digits = formatDigits(value < 0 ? -value : value, decimals + 1)
    if (decimals === 0) return sign + digits
    const point = digits.length - decimals
    return sign + digits.slice(0, point) + "." + digits.slice(point)
}

/**
 * "0x0000FF41": an unsigned 32-bit number with a fixed number of digits, which tools that guess
 * types take for text.
 */
export function formatHex(value: number, digits: number): string {
    let text = "0x"
    for (let shift = digits * 4 - 4; shift >= 0; shift -= 4) {
        const nibble = (value >> shift) & 15
        text += "0123456789ABCDEF"[nibble]
    }
    return text
}

/**
 * A decimal integer of up to 10 digits with an optional minus, else undefined ("12x", "", "1.5").
 */
export function parseInteger(text: string): number | undefined {
    const negative = text[0] === "-"
    const first = negative ? 1 : 0
    if (text.length === first || text.length - first > 10) return undefined
    let value = 0
    for (let i = first; i < text.length; ++i) {
        const digit = text.charCodeAt(i) - 48
        if (digit < 0 || digit > 9) return undefined
        value = value * 10 + digit
    }
    return negative ? -value : value
}

/** The field at `index` of `text`, split at `separator`; "" past the last one. */
export function fieldAt(text: string, index: number, separator: string): string {
    let from = 0
    for (; index > 0; --index) {
        from = text.indexOf(separator, from) + 1
        if (from === 0) return ""
    }
    const to = text.indexOf(separator, from)
    return to < 0 ? text.slice(from) : text.slice(from, to)
}

/** The index of the first field equal to `word`, -1 if there is none. */
export function fieldIndex(text: string, word: string, separator: string): number {
    let from = 0
    for (let index = 0; ; ++index) {
        const to = text.indexOf(separator, from)
        if ((to < 0 ? text.slice(from) : text.slice(from, to)) === word) return index
        if (to < 0) return -1
        from = to + 1
    }
}

/** For one-line messages: `text` cut to `length` characters, with control characters as "?". */
export function printable(text: string, length: number): string {
    if (text.length > length) text = text.slice(0, length) + "..."
    for (let i = 0; i < text.length; ++i) {
        const code = text.charCodeAt(i)
        // Clean text, the usual case, is not copied.
        if (code < 32 || (code >= 127 && code < 160))
            text = text.slice(0, i) + "?" + text.slice(i + 1)
    }
    return text
}

/** The ESP32's log cuts lines after 156 bytes. */
const lineBytesMax = 156

/** Prints a log line in pieces that the ESP32 does not cut, split at spaces where possible. */
export function printPieces(line: string, print: (piece: string) => void): void {
    while (line.byteLength > lineBytesMax) {
        // A character may take four bytes.
        let cut = line.byteLength === line.length ? lineBytesMax : lineBytesMax / 4
        const blank = line.slice(0, cut).lastIndexOf(" ")
        if (blank > 0) cut = blank
        print(line.slice(0, cut))
        line = line.slice(cut)
    }
    print(line)
}
