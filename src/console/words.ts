import { Fault, FaultCode } from "../core/fault"
import { formatHex } from "../core/text"

/** Refuses the line in hand with this message. */
export function refuse(message: string): never {
    throw new Fault(FaultCode.UsageWrong, message)
}

/** The character that `\` and this one stand for inside quotes. */
function escaped(letter: string): string {
    const at = "\"\\rnt".indexOf(letter)
    if (at < 0) refuse('unknown escape in quotes: use \\" \\\\ \\r \\n \\t \\x41 or \\u0041')
    return "\"\\\r\n\t"[at]
}

/** The character of the hexadecimal digits at `from`, before `to`. */
function hexadecimal(line: string, from: number, to: number): string {
    let code = 0
    for (let i = from; i < to; ++i) {
        const digit = i < line.length ? "0123456789abcdefABCDEF".indexOf(line[i]) : -1
        if (digit < 0) refuse("\\x wants two hexadecimal digits, \\u four")
        code = code * 16 + (digit > 15 ? digit - 6 : digit)
    }
    return String.fromCharCode(code)
}

/**
 * Splits a line at its blanks. Inside "double quotes" blanks count as text and
 * \" \\ \r \n \t \xHH \uHHHH stand for one character; outside, a backslash is itself.
 * Throws Fault UsageWrong at a control character, text that is not UTF-8, or an open quote.
 */
export function splitWords(line: string): string[] {
    const words: string[] = []
    let word = ""
    let begun = false
    let quoted = false
    for (let i = 0; i < line.length; ++i) {
        let letter = line[i]
        const code = letter.charCodeAt(0)
        if ((code < 32 && code !== 9) || code === 127 || code === 0xfffd)
            refuse("the line holds control characters or is not UTF-8 text")
        if (letter === '"') {
            quoted = !quoted
            begun = true
        } else if (!quoted && (code === 32 || code === 9)) {
            if (begun) words.push(word)
            word = ""
            begun = false
        } else {
            if (quoted && letter === "\\") {
                ++i
                if (line[i] === "x" || line[i] === "u") {
                    const end = i + (line[i] === "x" ? 3 : 5)
                    letter = hexadecimal(line, i + 1, end)
                    i = end - 1
                } else if (i < line.length) letter = escaped(line[i])
            }
            word += letter
            begun = true
        }
    }
    if (quoted) refuse('the closing " is missing')
    if (begun) words.push(word)
    return words
}

/** Text in quotes, in one line, that both `splitWords` and a JSON reader take back. */
export function quote(text: string): string {
    let quoted = '"'
    for (let i = 0; i < text.length; ++i) {
        const letter = text[i]
        const code = letter.charCodeAt(0)
        if (letter === '"' || letter === "\\") quoted += "\\"
        quoted += code < 32 || code === 127 ? "\\u" + formatHex(code, 4) : letter
    }
    return quoted + '"'
}
