import type { ChipEvents } from "./chipevents"
import { parseDuration } from "./duration"

/** What can happen to the board from outside, as a line that begins with `!`. */
export interface WorldEvents {
    cardOut(): void
    cardIn(imagePath?: string): void
    setWifi(up: boolean): void
    setFtp(mode: "up" | "down" | "hang"): Promise<void>
    powerCut(): void
    readonly chips: Pick<ChipEvents, keyof ChipEvents>
    showLight(): void
}

const usage =
    "events: !card out | !card in [IMAGE] | !wifi down|up | !ftp down|up|hang | !power cut | " +
    "!cell N VOLTS | !current AMPERES | !temp N CELSIUS | !monitor down|up | !clock down|up|lost | !light"

/** Carries out an event line; throws an Error that says what is wrong with it. */
export async function runEvent(line: string, world: WorldEvents): Promise<void> {
    const words = line.slice(1).trim().split(/\s+/)
    const [name, first, second] = words
    const number = (text: string | undefined) => {
        const value = Number(text)
        if (text === undefined || !Number.isFinite(value)) throw new Error(`${line}: ${usage}`)
        return value
    }
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
    if (name === "light" && words.length === 1) world.showLight()
    else if (name === "cell" && words.length === 3)
        world.chips.setCell(number(first), number(second))
    else if (name === "current" && words.length === 2) world.chips.setCurrent(number(first))
    else if (name === "temp" && words.length === 3)
        world.chips.setTemperature(number(first), number(second))
    else throw new Error(`${line}: ${usage}`)
}

/**
 * One line of an --exec file; `line` is for showing, a command goes to the board as its very bytes. While one that
 * is not waited for runs, the script goes on.
 */
export type ScriptStep =
    | { kind: "command"; line: string; bytes: Uint8Array; allowed: boolean; waited: boolean }
    | { kind: "sleep"; line: string; boardMs: number }
    | { kind: "event"; line: string; allowed: boolean }

/** The steps of an --exec file; comments and blank lines are left out. Throws on a sleep it cannot read. */
export function parseScript(file: Uint8Array): ScriptStep[] {
    const steps: ScriptStep[] = []
    // Latin-1 keeps each byte, so that what is no UTF-8 reaches the board as it stands in the file.
    for (const raw of Buffer.from(file).toString("latin1").split(/\r?\n/)) {
        const allowed = raw.startsWith("-")
        const waited = !/^-?& /.test(raw)
        const bytes = Buffer.from(raw.replace(/^-/, "").replace(/^& /, ""), "latin1")
        const line = bytes.toString("utf8").trimEnd()
        if (line.trim() === "" || line.trimStart().startsWith("#")) continue
        if (/^\s*sleep(\s|$)/.test(line)) {
            const boardMs = parseDuration(line.trim().slice(5))
            if (boardMs === undefined)
                throw new Error(`"${line}": sleep takes a duration such as 90s, 10m, 2h or 3d`)
            steps.push({ kind: "sleep", line, boardMs })
        } else if (line.startsWith("!")) steps.push({ kind: "event", line, allowed })
        else steps.push({ kind: "command", line, bytes, allowed, waited })
    }
    return steps
}
