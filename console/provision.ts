// Set-up files for many boards from one template and a table of their differences.

import { parseCsv, type CsvRow } from "./csv"
import { lineBytesMax } from "./protocol"
import { quoteWord } from "./secrets"
import { beginsImport, endsImport, withoutMark } from "./setupfile"

/** The set-up file of one board. */
export interface SetupFile {
    serial: string
    /** File name, `ACME-7.txt`. */
    name: string
    text: string
}

export interface Provision {
    files: SetupFile[]
    /** The problems, each with its line; if there are any, there are no files. */
    problems: string[]
}

const serialKey = "user.serial"
const passwordKey = "console.password"
/** Keys that an export omits, so a template need not name them. */
const alwaysKnown = [serialKey, passwordKey, "wifi.password", "ftp.password"]
const secretBytesMax = 63

/**
 * @param template lines of an export or a person @param csv a heading of keys, then one row per
 * board
 */
export function provision(template: string, csv: string): Provision {
    const lines = withoutMark(template).trimEnd().split(/\r?\n/)
    const problems = templateProblems(lines)
    let rows: CsvRow[] = []
    try {
        rows = parseCsv(csv).filter(row => !row.fields[0].startsWith("#"))
    } catch (failure) {
        return { files: [], problems: [...problems, (failure as Error).message] }
    }
    const [heading, ...boards] = rows
    if (!heading) return { files: [], problems: [...problems, "the table is empty"] }
    const keys = heading.fields.map(keyOf)
    problems.push(...headingProblems(heading, keys, lines))
    if (boards.length === 0) problems.push("the table has no rows below its heading")
    const seen = new Map<string, number>()
    if (problems.length === 0)
        for (const row of boards) problems.push(...rowProblems(row, keys, seen))
    if (problems.length > 0) return { files: [], problems }
    return { files: boards.map(row => setupFile(lines, keys, row)), problems }
}

/** Accepts `serial`, and upper case. */
function keyOf(title: string): string {
    const key = title.trim().toLowerCase()
    return key === "serial" ? serialKey : key
}

/** The setting of a line; "" for other lines. */
function settingOf(line: string): string {
    return /^\s*(?:#\s*)?(?:set\s+)?"?([a-z]+\.[a-z_]+)"?\s/.exec(line + " ")?.[1] ?? ""
}

function templateProblems(lines: readonly string[]): string[] {
    const begins = lines.filter(beginsImport).length
    const ends = lines.filter(endsImport).length
    if (begins > 1 || begins !== ends)
        return ["the template must have one block from import to end, or none"]
    return []
}

function headingProblems(
    heading: CsvRow,
    keys: readonly string[],
    template: readonly string[],
): string[] {
    const known = new Set([...alwaysKnown, ...template.map(settingOf)])
    const problems: string[] = []
    if (!keys.includes(serialKey)) problems.push(`there is no column ${serialKey}`)
    for (const [i, key] of keys.entries())
        if (!known.has(key) || key === "")
            problems.push(`"${heading.fields[i].trim()}" is not a setting in the template`)
        else if (keys.indexOf(key) !== i) problems.push(`the column ${key} appears twice`)
    return problems.map(problem => `line ${heading.line}: ${problem}`)
}

function rowProblems(row: CsvRow, keys: readonly string[], seen: Map<string, number>): string[] {
    const problems: string[] = []
    if (row.fields.length !== keys.length)
        return [`line ${row.line}: ${row.fields.length} fields, the heading has ${keys.length}`]
    const serial = row.fields[keys.indexOf(serialKey)].trim()
    if (!/^[A-Za-z0-9_-]{1,16}$/.test(serial))
        problems.push(`the serial number ${JSON.stringify(serial)} is not 1–16 of A-Z a-z 0-9 _ -`)
    // They would share a file name on some computers and FTP servers.
    const before = seen.get(serial.toLowerCase())
    if (before !== undefined) problems.push(`the serial number ${serial} is also in line ${before}`)
    else seen.set(serial.toLowerCase(), row.line)
    for (const [i, key] of keys.entries()) {
        const wrong = valueProblem(key, row.fields[i])
        if (wrong) problems.push(`${key} ${wrong}`)
    }
    return problems.map(problem => `line ${row.line}: ${problem}`)
}

/** The problem with a value, without the value: it may be a password. */
function valueProblem(key: string, value: string): string | undefined {
    const bytes = new TextEncoder().encode(value).length
    if (/\p{Cc}/u.test(value)) return "contains a control character or a line end"
    if (key.endsWith("password") && bytes > secretBytesMax)
        return `has ${bytes} bytes, at most ${secretBytesMax}`
    if (key === "wifi.password" && bytes > 0 && bytes < 8) return `has ${bytes} bytes, at least 8`
    const lineBytes = new TextEncoder().encode(lineFor(key, value)).length
    return lineBytes > lineBytesMax
        ? `makes a line of ${lineBytes} bytes, at most ${lineBytesMax}`
        : undefined
}

function lineFor(key: string, value: string): string {
    return key === passwordKey ? `passwd ${quoteWord(value)}` : `set ${key} ${quoteWord(value)}`
}

/** An empty field keeps the setting of the template, or of the board. */
function setupFile(template: readonly string[], keys: readonly string[], row: CsvRow): SetupFile {
    const values = row.fields.map((field, i) => (keys[i] === serialKey ? field.trim() : field))
    const given = keys.filter((_, i) => values[i] !== "")
    const own = keys.flatMap((key, i) =>
        values[i] !== "" && key !== passwordKey ? [lineFor(key, values[i])] : [],
    )
    const rest = template.filter(line => !given.includes(settingOf(line)))
    const at = rest.findIndex(beginsImport)
    const lines =
        at < 0
            ? ["import", ...own, "end", ...rest]
            : [...rest.slice(0, at + 1), ...own, ...rest.slice(at + 1)]
    const password = values[keys.indexOf(passwordKey)]
    if (password) lines.push(lineFor(passwordKey, password))
    const serial = values[keys.indexOf(serialKey)]
    return { serial, name: `${serial}.txt`, text: [`# ${serial}`, ...lines].join("\n") + "\n" }
}
