import type { Catalog } from "./catalog"
import { ownCommands } from "./help"
import { flags } from "./manual"

/** Commands of other consoles. */
const elsewhere: Readonly<Record<string, string>> = {
    "?": "help",
    man: "help",
    info: "status",
    version: "status",
    uptime: "status",
    alarms: "status",
    alarm: "status",
    flags: "status",
    get: "show",
    config: "show",
    settings: "show",
    ls: "card ls",
    dir: "card ls",
    cat: "card cat",
    type: "card cat",
    more: "card cat",
    less: "card cat",
    tail: "card tail",
    format: "card format",
    eject: "card eject",
    umount: "card eject",
    unmount: "card eject",
    reboot: "reset now",
    restart: "reset now",
    date: "time",
    clock: "time",
    ntp: "time sync",
    network: "wifi",
    ip: "wifi",
    ifconfig: "wifi",
    scan: "wifi scan",
    send: "ftp send",
    upload: "ftp send",
    events: "journal",
    dmesg: "journal",
    errors: "journal",
    logs: "card ls LOG",
    password: "passwd",
    backup: "export",
    restore: "import",
    quit: "exit",
    bye: "exit",
    logoff: "logout",
    q: "exit",
}
const noDeleting = /^(rm|del|delete|erase|mv|ren|cp|copy|mkdir|put|write)$/

/**
 * A suggestion for a refused line; undefined if nothing is close. It repeats no word of the line.
 */
export function suggestion(line: string, catalog: Catalog): string | undefined {
    const [first = "", second = "", third = ""] = line.trim().toLowerCase().split(/\s+/)
    const commands = [...catalog.commands, ...ownCommands]
    const firstWords = [...new Set(commands.map(one => one.words[0]))]
    if (!firstWords.some(word => word === line.trim().split(/\s+/)[0])) {
        if (noDeleting.test(first)) return cardIsReadOnly
        const named = withItsCommand(first, second, catalog)
        if (named) return didYouMean(named)
        const near = nearest(first, Object.keys(elsewhere)) ?? ""
        return didYouMean(elsewhere[first] ?? nearest(first, firstWords) ?? elsewhere[near])
    }
    if (first === "help") return didYouMean(topicNear(second, firstWords, catalog))
    if (/^(set|show|defaults)$/.test(first) && catalog.settings.length > 0) {
        const known = [...catalog.keys(), ...(first === "set" ? [] : catalog.sections()), "all"]
        if (second === "" || known.includes(second)) return zoneNear(second, third)
        const flag = flagOf(second)
        if (flag) return didYouMean(`help ${flag}`)
        const near = keyNear(second, catalog)
        return near && didYouMean(`${first} ${near}`)
    }
    const longer = commands.filter(one => one.words[0] === first && one.words.length > 1)
    const seconds = longer.map(one => one.words[1])
    if (second === "" || longer.length === 0 || seconds.includes(second)) return undefined
    if (first === "card" && noDeleting.test(second)) return cardIsReadOnly
    const near = nearest(second, seconds)
    if (near) return didYouMean(`${first} ${near}`)
    return `commands: ${first}, ${longer.map(one => one.words.join(" ")).join(", ")}`
}

/** Adds the command to a bare setting, section or flag: `sd.period`, `sd.period=5`, `CLOCK`. */
function withItsCommand(first: string, second: string, catalog: Catalog): string | undefined {
    const [name, value = second] = first.split("=", 2)
    if (catalog.setting(name)) return `${value === "" ? "show" : "set"} ${name}`
    if (catalog.sections().includes(name)) return `show ${name}`
    const flag = flagOf(name)
    return flag && `help ${flag}`
}

function flagOf(typed: string): string | undefined {
    return Object.keys(flags).find(one => one.toLowerCase() === typed)
}

const cardIsReadOnly =
    "the console cannot change files on the card; it has card ls, card cat, card tail, card format, card eject"

function didYouMean(words: string | undefined): string | undefined {
    return words && `did you mean "${words}"?`
}

function topicNear(
    topic: string,
    firstWords: readonly string[],
    catalog: Catalog,
): string | undefined {
    const names = [...firstWords, ...catalog.keys(), ...Object.keys(flags), "keys"]
    const near = nearest(topic, names) ?? elsewhere[topic] ?? keyNear(topic, catalog)
    return near && `help ${near}`
}

/** For `period` the settings that end with it; for `sd.perod` the closest one. */
function keyNear(typed: string, catalog: Catalog): string | undefined {
    const keys = catalog.keys()
    const ending = keys.filter(key => key.endsWith("." + typed) || key.endsWith("_" + typed))
    if (ending.length > 0) return ending.slice(0, 3).join('" or "')
    return nearest(typed, keys) ?? nearest(typed, catalog.sections())
}

function zoneNear(key: string, typed: string): string | undefined {
    if (key !== "time.zone" || !typed.includes("/")) return undefined
    const near = nearest(typed, Intl.supportedValuesOf("timeZone"))
    return near && didYouMean(`set time.zone ${near}`)
}

/** The word with the fewest letter changes from the typed one; undefined if there are too many. */
function nearest(typed: string, words: readonly string[]): string | undefined {
    const allowed = typed.length <= 3 ? 1 : typed.length <= 7 ? 2 : 3
    let best: string | undefined
    let fewest = allowed + 1
    for (const word of words) {
        const changes = changesBetween(typed, word.toLowerCase())
        if (changes >= fewest || changes >= word.length) continue
        fewest = changes
        best = word
    }
    return best
}

/** The number of letters to insert, delete, replace, or swap with the next one. */
export function changesBetween(from: string, to: string): number {
    let before: number[] = []
    let last = Array.from({ length: to.length + 1 }, (_, i) => i)
    for (let i = 1; i <= from.length; ++i) {
        const row = [i]
        for (let j = 1; j <= to.length; ++j) {
            const same = from[i - 1] === to[j - 1] ? 0 : 1
            row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + same)
            const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
            if (swapped) row[j] = Math.min(row[j], before[j - 2] + 1)
        }
        before = last
        last = row
    }
    return last[to.length]
}
