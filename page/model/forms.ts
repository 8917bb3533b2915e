import { quoteWord } from "../../console/secrets"
import type { Setting } from "./description"
import { isZone } from "./zones"

/** How a setting is shown and changed. Unknown types are text: a board may have its own. */
export type FieldKind =
    | "switch"
    | "number"
    | "choice"
    | "days"
    | "time"
    | "zone"
    | "secret"
    | "moment"
    | "shown"
    | "text"

const kinds: Record<string, FieldKind> = {
    flag: "switch",
    number: "number",
    enum: "choice",
    days: "days",
    time: "time",
    zone: "zone",
    secret: "secret",
    timestamp: "moment",
    count: "shown",
    hash: "shown",
}

export const dayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

export function fieldKind(setting: Setting): FieldKind {
    return kinds[setting.type] ?? "text"
}

export function isWritable(setting: Setting): boolean {
    return !["moment", "shown"].includes(fieldKind(setting))
}

/** One bit per day; bit 0 is Monday. */
export function daysOf(value: string): number {
    if (value === "all") return 0x7f
    if (/^0x[0-9a-f]+$/i.test(value)) return Number(value) & 0x7f
    return value.split(",").reduce((days, name) => {
        const bit = dayNames.indexOf(name.trim())
        return bit < 0 ? days : days | (1 << bit)
    }, 0)
}

export function formatDays(days: number): string {
    if (days === 0) return "none"
    if (days === 0x7f) return "all"
    return dayNames.filter((_, bit) => (days >> bit) & 1).join(",")
}

const bytesOf = (value: string) => new TextEncoder().encode(value).length

/**
 * The problem with a value, checked before the board is asked; undefined if there is none. The
 * board decides: it knows rules that types cannot express.
 */
export function problemWith(setting: Setting, value: string): string | undefined {
    const allowed = setting.allowed || `${setting.min}–${setting.max}`
    const wrong = `allowed: ${allowed}`
    if (/\p{Cc}/u.test(value)) return "no line ends or control characters"
    switch (setting.type) {
        case "number": {
            const number = Number(value)
            const whole = /^-?\d+$/.test(value.trim())
            return whole && number >= setting.min && number <= setting.max ? undefined : wrong
        }
        case "text":
        case "folder":
            return bytesOf(value) >= setting.min && bytesOf(value) <= setting.max
                ? undefined
                : wrong
        case "name":
            return /^[\w-]*$/.test(value) &&
                value.length >= setting.min &&
                value.length <= setting.max
                ? undefined
                : wrong
        case "secret":
            return value === "" || (bytesOf(value) >= setting.min && bytesOf(value) <= setting.max)
                ? undefined
                : wrong
        case "zone":
            return isZone(value) ? undefined : wrong
        case "time":
            return /^([01]\d|2[0-3]):[0-5]\d$/.test(value) ? undefined : wrong
        default:
            return undefined
    }
}

/** The line that changes a setting. */
export function setLine(key: string, value: string): string {
    return `set ${key} ${quoteWord(value)}`
}

/** The lines of a file saved from a board (`export`), or written by hand. */
export interface Backup {
    changes: Map<string, string>
    /** Settings of the board that a file never contains. */
    secrets: string[]
    /** Lines that do not belong in a backup. */
    strange: string[]
}

/**
 * Parses a backup. Settings the board does not have stay in: the board refuses them with a reason.
 */
export function parseBackup(file: string, settings: readonly Setting[]): Backup {
    const changes = new Map<string, string>()
    const strange: string[] = []
    for (const raw of file.replace(/^\uFEFF/, "").split(/\r?\n/)) {
        const line = raw.trim()
        if (line === "" || line.startsWith("#") || ["import", "end"].includes(line)) continue
        const [, key, value] = /^set\s+(\S+)\s+(.*)$/.exec(line) ?? []
        if (key === undefined) strange.push(line)
        else changes.set(key, unquoted(value))
    }
    const secrets = settings
        .filter(one => one.type === "secret" && one.value === "set" && !changes.has(one.key))
        .map(one => one.key)
    return { changes, secrets, strange }
}

const escapes: Record<string, string> = { r: "\r", n: "\n", t: "\t" }

function unquoted(word: string): string {
    if (!word.startsWith('"')) return word
    return word
        .replace(/^"|"$/g, "")
        .replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (_, code: string | undefined, one: string) =>
            code ? String.fromCharCode(parseInt(code, 16)) : (escapes[one] ?? one),
        )
}
