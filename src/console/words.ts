import { Fault, FaultCode } from "../core/fault"
import { printable } from "../core/text"

/** Refuses the current line with this message. */
export function refuse(message: string): never {
    throw new Fault(FaultCode.UsageWrong, message)
}

/** The character that `\` and the text at `index` mean inside quotes. */
function escaped(line: string, index: number): string {
    if (line[index] === "x") {
        const code = Buffer.from(line.slice(index + 1, index + 3), "hex")
        if (code.length === 1) return String.fromCharCode(code[0])
    }
    const at = '"\\rnt'.indexOf(line[index])
    if (at < 0) refuse('unknown escape in quotes; known are \\" \\\\ \\r \\n \\t and \\x41')
    return '"\\\r\n\t'[at]
}

/**
 * Splits a line at spaces. Inside "double quotes" spaces are text and \" \\ \r \n \t \xHH are
 * escapes; outside, a backslash is literal. Throws Fault UsageWrong at a control character, text
 * that is not UTF-8, or an open quote.
 */
export function splitWords(line: string): string[] {
    // A byte that is not UTF-8 arrives as U+FFFD.
    if (printable(line, line.length) !== line || line.indexOf("\ufffd") >= 0)
        refuse("the line has control characters or is not UTF-8 text")
    const words: string[] = []
    // The current word; undefined between words.
    let word: string = undefined
    let quoted = false
    for (let i = 0; i < line.length; ++i) {
        let letter = line[i]
        if (!quoted && letter === " ") {
            if (word !== undefined) words.push(word)
            word = undefined
            continue
        }
        if (word === undefined) word = ""
        if (letter === '"') {
            quoted = !quoted
            continue
        }
        if (quoted && letter === "\\") {
            i += 1
            letter = escaped(line, i)
            if (line[i] === "x") i += 2
        }
        word += letter
    }
    if (quoted) refuse('the closing " is missing')
    if (word !== undefined) words.push(word)
    return words
}

/**
 * Text in quotes that both `splitWords` and JSON parsers read; for text without control characters.
 */
export function quote(text: string): string {
    // Most texts need no escapes, and scanning costs the interpreter more than all else here.
    if (text.indexOf('"') >= 0 || text.indexOf("\\") >= 0) {
        let quoted = ""
        for (let i = 0; i < text.length; ++i) {
            if (text[i] === '"' || text[i] === "\\") quoted += "\\"
            quoted += text[i]
        }
        text = quoted
    }
    return '"' + text + '"'
}
