import type { Catalog } from "./catalog"
import { changesBetween } from "./suggestion"

/** Secrets to ask for, without echo, before a line can run. */
export interface SecretQuestion {
    /** A second prompt asks for the same again. */
    prompts: string[]
    /** The whole line. */
    line(secret: string): string
}

const bare = (word: string) => word.replaceAll('"', "").toLowerCase()

function isSecretKey(key: string, catalog: Catalog | undefined): boolean {
    const type = catalog?.setting(key)?.type
    // An unknown setting may be a mistyped one.
    return type === undefined ? /pas+w|secret|psk/.test(key) : type === "secret" || type === "hash"
}

/** The words of a line, which may be written `key=value`. */
function wordsOf(line: string): string[] {
    return line.trim().split(/[\s=]+/)
}

/** True if a line contains a password: it must not be kept or shown again. */
export function hidesSecret(line: string, catalog?: Catalog): boolean {
    const [command, key = "", ...rest] = wordsOf(line).map(bare)
    if (command === "set") return isSecretKey(key, catalog) && rest.length > 0
    // Also a command with one wrong letter, or a key without its "set".
    const mistyped = ["login", "passwd"].some(word => changesBetween(command, word) <= 1)
    return (mistyped || isSecretKey(command, catalog)) && key !== ""
}

/** The line without its secret. */
export function withoutSecret(line: string, catalog?: Catalog): string {
    if (!hidesSecret(line, catalog)) return line
    const words = wordsOf(line)
    return [...words.slice(0, bare(words[0]) === "set" ? 2 : 1), "…"].join(" ")
}

/** The question for `login`, `passwd` and `set` of a secret setting typed without the secret. */
export function secretQuestion(line: string, catalog?: Catalog): SecretQuestion | undefined {
    const words = line.trim().split(/\s+/)
    const filled = (secret: string) => `${line.trim()} ${quoteWord(secret)}`
    if (words.length === 1 && words[0] === "login") return { prompts: ["password: "], line: filled }
    if (words.length === 1 && words[0] === "passwd")
        return { prompts: ["new password: ", "repeat it: "], line: filled }
    if (words.length === 2 && words[0] === "set" && isSecretKey(bare(words[1]), catalog))
        return { prompts: [`${words[1]}: `, "repeat it: "], line: filled }
    return undefined
}

/** A word in quotes, as the board parses it. */
export function quoteWord(text: string): string {
    const quoted = text.replace(/["\\]/g, "\\$&")
    return `"${quoted.replace(/\p{Cc}/gu, one => "\\x" + one.charCodeAt(0).toString(16).padStart(2, "0"))}"`
}
