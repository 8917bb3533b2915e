import type { Manners } from "./faults"

/**
 * The altered line of an FTP server.
 * @param number of the reply; -1 for a line that does not end one
 */
export function replyBytes(text: string, number: number, manners: Manners): Buffer {
    if (number < 0) return Buffer.from(text, "latin1")
    const code = text.slice(0, 3)
    const { notYet, lines, longLine, garbageAt, goodbyeAt } = manners
    let out = text
    if (garbageAt === number) return Buffer.from("\0\xfe\x07 nothing like FTP\r\n", "latin1")
    if (goodbyeAt === number) out = "421 Too many users, try later.\r\n"
    if (longLine === number) out = `${code}-${"x".repeat(4090)}\r\n${text}`
    if (lines)
        out = `${code}-Hello\r\n 230 not yet\r\n${code}-${code} nor here\r\n${code}x\r\n\r\n${out}`
    if (notYet && number === 0) out = "120 In a minute.\r\n".repeat(notYet) + out
    return Buffer.from(out, "latin1")
}
