import type { Catalog, CommandSchema, SettingSchema } from "./catalog"
import { helpColumn } from "./catalog"
import { flags, keyboard, manual, ownLines } from "./manual"

/** The output of `help`: a line to run on the board, then the manual's text. */
export interface Help {
    line?: string
    text: string
}

/** The terminal's own lines, as commands. */
export const ownCommands: readonly CommandSchema[] = Object.entries(ownLines).map(
    ([words, { arguments: taken, help }]) => ({
        words: words.split(" "),
        arguments: taken === "" ? [] : [taken],
        help,
    }),
)

const typedExamples: Readonly<Record<string, string>> = {
    flag: "on",
    days: "Mon,Thu",
    time: "03:30",
    name: "ACME-7",
    text: '"a text with spaces"',
    host: "ftp.example.org",
    "host:port": "192.0.2.1:3128",
    "host[:port]": "example.org",
    folder: "logs/battery",
    zone: "Europe/Berlin",
}

/** The help on a topic; undefined if there is no such topic. */
export function helpOn(topic: string, catalog: Catalog): Help | undefined {
    const words = topic.trim().toLowerCase().split(/\s+/)
    const name = words.join(" ")
    if (name === "") return { line: "help", text: overview() }
    if (name === "keys") return { text: keyboard }
    const flag = Object.keys(flags).find(one => one.toLowerCase() === name)
    // FTP is both a command and a flag.
    if (flag && (topic.trim() === flag || !isCommand(words, catalog.commands)))
        return { text: aboutFlag(flag, catalog) }
    if (isCommand(words, ownCommands)) return { text: aboutOwn(name) }
    if (isCommand(words, catalog.commands)) return aboutCommand(name, catalog)
    const setting = catalog.setting(name)
    if (setting) return { line: `show ${name}`, text: aboutSetting(setting) }
    if (catalog.sections().includes(name))
        return { line: `show ${name}`, text: `"help ${name}.…" explains one of them` }
    return undefined
}

function isCommand(words: readonly string[], commands: readonly CommandSchema[]): boolean {
    return commands.some(one => words.every((word, i) => one.words[i] === word))
}

function overview(): string {
    const own = Object.entries(ownLines).map(
        ([words, { arguments: taken, help }]) =>
            `${words} ${taken}`.trim().padEnd(helpColumn) + help,
    )
    return [
        "",
        "of the terminal:",
        ...own,
        "",
        "more: help set, help sd.period, help CELL_IMBALANCE, help keys",
    ].join("\n")
}

function aboutOwn(name: string): string {
    return Object.entries(ownLines)
        .filter(([words]) => words === name || words.startsWith(name + " "))
        .map(([words, { arguments: taken, help, notes }]) =>
            [`${words} ${taken}`.trim().padEnd(helpColumn) + help, notes].join("\n").trimEnd(),
        )
        .join("\n")
}

/**
 * The board explains all commands that begin with the first word, the manual the ones asked for.
 */
function aboutCommand(name: string, catalog: Catalog): Help {
    const [first] = name.split(" ")
    const entries = manual.flatMap(([, all]) => all)
    const exact = entries.filter(one => one.words === name)
    const asked = exact.length > 0 ? exact : entries.filter(one => one.words.startsWith(name + " "))
    const lines = asked.flatMap(({ notes, examples }) => [
        notes,
        ...examples.filter(line => !/^[+!]/.test(line)).map(line => "  " + line),
    ])
    const own = ownCommands
        .filter(one => one.words[0] === first && one.words.length > 1)
        .map(one => one.words.join(" ").padEnd(helpColumn) + one.help)
    if (catalog.sections().includes(first) && first === name)
        lines.push(`its settings: show ${first}`)
    return { line: `help ${first}`, text: [...own, ...lines].join("\n") }
}

function aboutSetting(setting: SettingSchema): string {
    const { key, type, unit, default: fallback } = setting
    const lines = []
    if (fallback !== undefined && type !== "timestamp" && type !== "count")
        lines.push(`  default: ${fallback || '""'}${type === "number" ? " " + unit : ""}`)
    const example = exampleOf(setting)
    lines.push(example ? `  example: ${example}` : `  ${key} is kept by the board`)
    return lines.join("\n").trimEnd()
}

function exampleOf({ key, type, unit, default: fallback }: SettingSchema): string | undefined {
    if (type === "count" || type === "timestamp") return undefined
    if (type === "hash") return "passwd, which asks for it"
    if (type === "secret") return `set ${key}, which asks for it`
    if (type === "enum") return `set ${key} ${unit.split(",").at(-1)}`
    return `set ${key} ${typedExamples[type] ?? fallback ?? "…"}`
}

function aboutFlag(flag: string, catalog: Catalog): string {
    const known = catalog.alarms.some(one => one.name === flag)
    return `error flag ${flag}: ${flags[flag]}${known ? '\n"status" says whether it is up, "journal" since when.' : ""}`
}
