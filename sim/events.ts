import { withoutMark } from "../console/setupfile"
import type { ChipEvents } from "./chipevents"
import { parseDuration } from "./duration"
import type { WifiEvents } from "./wifi/air"

/** Outside events that affect the board, as a line that begins with `!`. */
export interface WorldEvents {
    cardOut(): void
    cardIn(imagePath?: string): void
    setWifi(up: boolean): void
    /** The networks around the board; without them the board has its access point only. */
    readonly air?: WifiEvents
    setFtp(mode: "up" | "down" | "hang"): Promise<void>
    powerCut(): void
    /** Absent if the program does not run on a board. */
    deploy?(): void
    readonly chips: Pick<ChipEvents, keyof ChipEvents>
    showLight(): void
}

/** A server that takes longer never answers. */
const DHCP_SECONDS_MAX = 3600

const usage =
    "events: !card out | !card in [IMAGE] | !wifi down|up | !wifi network NAME [PASSWORD] | " +
    "!wifi gone|back|hide NAME | !wifi password NAME [NEW] | !wifi dhcp SECONDS|usual | " +
    "!wifi scan silent|ok | !ftp down|up|hang | !power cut | !deploy | !cell N VOLTS|free | " +
    "!current AMPERES|free | !temp N CELSIUS|free | !monitor down|up | !clock down|up|lost | !light"

/** Blanks separate words; `"…"` keeps them. */
function quotedWords(text: string): string[] {
    return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(found => found[1] ?? found[2])
}

/** The change of the networks around the board; undefined if the line is no such change. */
function wifiChange(line: string): ((air: WifiEvents) => void) | undefined {
    const [, what, name = "", more, ...rest] = quotedWords(line.slice(1))
    if (name === "" || rest.length > 0) return undefined
    if (what === "network") return air => air.addNetwork(name, more)
    if (what === "password") return air => air.setPassword(name, more)
    if (more !== undefined) return undefined
    if (what === "gone" || what === "back") return air => air.setInRange(name, what === "back")
    if (what === "hide") return air => air.setHidden(name, true)
    if (what === "scan" && (name === "ok" || name === "silent")) return air => air.setScans(name)
    if (what !== "dhcp") return undefined
    if (name === "usual") return air => air.setDhcpMs(undefined)
    const seconds = Number(name)
    const possible = seconds >= 0 && seconds <= DHCP_SECONDS_MAX
    return possible ? air => air.setDhcpMs(seconds * 1000) : undefined
}

/** Carries out an event line; throws an Error that says what is wrong with it. */
export async function runEvent(line: string, world: WorldEvents): Promise<void> {
    const words = line.slice(1).trim().split(/\s+/)
    const [name, first, second] = words
    const number = (text: string | undefined) => {
        const value = Number(text || "none")
        if (text === undefined || !Number.isFinite(value)) throw new Error(`${line}: ${usage}`)
        return value
    }
    /** "free" ends the override. */
    const fixed = (text: string | undefined) => (text === "free" ? undefined : number(text))
    switch (`${name} ${first}`) {
        case "card out":
            return world.cardOut()
        case "card in":
            return world.cardIn(words.slice(2).join(" ") || undefined)
        case "wifi up":
        case "wifi down":
            return world.setWifi(first === "up")
        case "ftp up":
        case "ftp down":
        case "ftp hang":
            return world.setFtp(first as "up" | "down" | "hang")
        case "power cut":
            return world.powerCut()
        case "monitor up":
        case "monitor down":
            return world.chips.setMonitor(first === "up")
        case "clock down":
        case "clock up":
        case "clock lost":
            return world.chips.setClock(first as "down" | "up" | "lost")
    }
    const change = name === "wifi" ? wifiChange(line) : undefined
    if (change && world.air) change(world.air)
    else if (change) throw new Error(`${line}: there is only one network here, use !wifi down|up`)
    else if (name === "light" && words.length === 1) world.showLight()
    else if (name === "deploy" && words.length === 1 && world.deploy) world.deploy()
    else if (name === "cell" && words.length === 3)
        world.chips.setCell(number(first), fixed(second))
    else if (name === "current" && words.length === 2) world.chips.setCurrent(fixed(first))
    else if (name === "temp" && words.length === 3)
        world.chips.setTemperature(number(first), fixed(second))
    else throw new Error(`${line}: ${usage}`)
}

/** One line of an --exec file; `line` is for display, a command goes to the board byte for byte. */
export type ScriptStep =
    | { kind: "command"; line: string; bytes: Uint8Array; allowed: boolean }
    | { kind: "sleep"; line: string; boardMs: number }
    | { kind: "event"; line: string; allowed: boolean }

/**
 * The steps of an --exec file, without comments, blank lines and anything after `exit`. Throws on
 * an invalid sleep.
 */
export function parseScript(file: Uint8Array): ScriptStep[] {
    const steps: ScriptStep[] = []
    // Latin-1 keeps each byte, so that invalid UTF-8 reaches the board unchanged.
    for (const raw of withoutMark(Buffer.from(file).toString("latin1")).split(/\r?\n/)) {
        const allowed = raw.startsWith("-")
        const bytes = Buffer.from(allowed ? raw.slice(1) : raw, "latin1")
        const line = bytes.toString("utf8").trimEnd()
        if (line.trim() === "" || line.trimStart().startsWith("#")) continue
        // As in the terminal.
        if (line.trim() === "exit") break
        if (/^\s*sleep(\s|$)/.test(line)) {
            const boardMs = parseDuration(line.trim().slice(5))
            if (boardMs === undefined)
                throw new Error(`"${line}": sleep takes a duration such as 90s, 10m, 2h or 3d`)
            steps.push({ kind: "sleep", line, boardMs })
        } else if (line.startsWith("!")) steps.push({ kind: "event", line, allowed })
        else steps.push({ kind: "command", line, bytes, allowed })
    }
    return steps
}
