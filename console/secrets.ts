import type { Catalog } from "./catalog"
import { changesBetween } from "./suggestion"

/** What has to be asked for, without echo, before a line can be run. */
export interface SecretQuestion {
    /** A second one asks for the same once more. */
    prompts: string[]
    /** The whole line. */
    line(secret: string): string
}

const bare = (word: string) => word.replaceAll('"', "").toLowerCase()

function isSecretKey(key: string, catalog: Catalog | undefined): boolean {
    const type = catalog?.setting(key)?.type
    // What is no setting, or not known to be one, may be a mistyped one.
    return type === undefined ? /pas+w|secret|psk/.test(key) : type === "secret" || type === "hash"
}

/** The words of a line; people write `key=value` too. */
function wordsOf(line: string): string[] {
    return line.trim().split(/[\s=]+/)
}

/** True when a line has a password in it: it is not to be kept, nor shown again. */
export function hidesSecret(line: string, catalog?: Catalog): boolean {
    const [command, key = "", ...rest] = wordsOf(line).map(bare)
    if (command === "set") return isSecretKey(key, catalog) && rest.length > 0
    // A command with a letter wrong, or a key without its "set", too.
    const mistyped = ["login", "passwd"].some(word => changesBetween(command, word) <= 1)
    return (mistyped || isSecretKey(command, catalog)) && key !== ""
}

/** The line with what it hides left out. */
export function withoutSecret(line: string, catalog?: Catalog): string {
    if (!hidesSecret(line, catalog)) return line
    const words = wordsOf(line)
    return [...words.slice(0, bare(words[0]) === "set" ? 2 : 1), "…"].join(" ")
}

/** What `login`, `passwd` and `set` of a secret setting want to know when they come without it. */
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

/** A word in quotes, as the board takes it back. */
export function quoteWord(text: string): string {
    const quoted = text.replace(/["\\]/g, "\\$&")
    return `"${quoted.replace(/\p{Cc}/gu, one => "\\x" + one.charCodeAt(0).toString(16).padStart(2, "0"))}"`
}
