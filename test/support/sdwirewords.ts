import type { WireCommand } from "./sdwirerules"

// The meaning of bytes on the wire in words, with sections of the SD Physical Layer Simplified
// Specification 6.00.

export function hex(byte: number): string {
    return byte.toString(16).padStart(2, "0")
}

function bytesText(bytes: readonly number[]): string {
    return bytes.map(hex).join(" ")
}

const meanings: Record<string, (argument: number) => string> = {
    CMD0: () => "reset, to SPI mode (7.2.1)",
    CMD8: () => "2.7–3.6 V? pattern aa to be echoed (7.2.1)",
    CMD9: () => "card-specific data (7.2.6)",
    CMD10: () => "card identification (7.2.6)",
    CMD12: () => "no more blocks (7.2.3)",
    CMD13: () => "is there an error? (7.2.4)",
    CMD16: argument => `blocks of ${argument} bytes (7.2.3)`,
    CMD17: argument => `address ${argument} (7.2.3)`,
    CMD18: argument => `from address ${argument} (7.2.3)`,
    CMD24: argument => `address ${argument} (7.2.4)`,
    CMD25: argument => `from address ${argument} (7.2.4)`,
    CMD55: () => "an application command follows (7.2.11)",
    CMD58: () => "addressed in blocks or in bytes? (7.2.1)",
    CMD59: argument => `CRC ${argument & 1 ? "on" : "off"} (7.2.2)`,
    ACMD23: argument => `${argument} blocks may be erased at once (7.3.1.3)`,
    ACMD41: argument =>
        `ready? ${argument & 0x40000000 ? "host takes high capacity" : "standard capacity"} (7.2.1)`,
}

export function commandText({ name, index, application, argument }: WireCommand): string {
    const meaning = meanings[`${application ? "A" : ""}CMD${index}`]
    return meaning ? `${name}: ${meaning(argument)}` : name
}

const r1Bits = [
    "in idle state",
    "erase reset",
    "illegal command",
    "command CRC error",
    "erase sequence error",
    "address error",
    "parameter error",
]
const statusBits = [
    "card is locked",
    "lock or erase failed",
    "error",
    "card controller error",
    "card ECC failed",
    "write protect violation",
    "erase parameter",
    "out of range",
]

function flagsText(value: number, names: readonly string[], none: string): string {
    const set = names.filter((_, bit) => (value >> bit) & 1)
    return set.length === 0 ? none : set.join(", ")
}

/** @param ready the card has been initialised */
export function answerText({ answer, row, index }: WireCommand, ready: boolean): string {
    const first = flagsText(answer[0], r1Bits, "no error")
    const text = (format: string, meaning: string, section: string) =>
        `${format} ${bytesText(answer)}: ${meaning} (${section})`
    if (answer.length === 1) return text(row.answer === "R1b" ? "R1b" : "R1", first, "7.3.2.1")
    if (row.answer === "R2")
        return text("R2", flagsText(answer[1], statusBits, "no error"), "7.3.2.3")
    if (index === 8) return text("R7", "the voltage suits, pattern echoed", "7.3.2.6")
    if (!ready) return text("R3", "voltages; still starting", "7.3.2.4")
    return text("R3", answer[1] & 0x40 ? "CCS 1, blocks" : "CCS 0, bytes", "7.3.2.4")
}

export function dataResponseText(back: number): string {
    const status = ["", "", "accepted", "", "", "CRC error", "write error"][(back >> 1) & 7]
    return `data response ${hex(back)}: ${status || "unknown"} (7.3.3.1)`
}
