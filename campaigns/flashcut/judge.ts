import type { Random } from "../../test/support/random"

/** Settings changed by the campaign, with values of every length each accepts. */
const choices: Record<string, readonly string[]> = {
    "user.address": ["", "Hall 3", "Zürich, Gerüst 7 äöü", "x".repeat(63)],
    "sd.period": ["1", "60", "3600", "86400"],
    "sd.cells": ["off", "on"],
    "ftp.host": ["", "a.example", "h".repeat(63)],
    "ftp.port": ["21", "2121", "65535"],
    "ftp.user": ["anonymous", "", "u".repeat(31)],
    "ftp.period": ["3600", "10", "604800"],
    "reset.max": ["65535", "7", "60000"],
    // All are UTC, so that the journal's times stay the same.
    "time.zone": ["UTC0", "GMT0", "<Zulu>0", "+00:00"],
    "time.server": ["", "t.example:8080"],
    "battery.capacity": ["100000", "280000", "2000000"],
    "battery.cell_overvoltage": ["3650", "3600", "5000"],
    "battery.overtemperature": ["60", "20", "100"],
    "battery.imbalance": ["300", "2000"],
}

/** Default values, as `export` shows them. */
const defaults: Record<string, string> = Object.fromEntries(
    Object.entries(choices).map(([key, values]) => [key, values[0]]),
)

/** What a board may show after a power cut: acknowledged values, or those in flight. */
export class Judge {
    /** Acknowledged resets. */
    count = 0
    private readonly known = new Map<string, string>()
    private readonly inFlight = new Map<string, string>()
    private countInFlight: number | undefined
    private readonly entries = new Map<number, string>()
    private tookInFlight = 0
    private unacknowledged = 0

    choose(random: Random): { key: string; value: string } {
        const key = random.pick(Object.keys(choices))
        return { key, value: random.pick(choices[key]) }
    }

    begin(key: string, value: string): void {
        this.inFlight.set(key, value)
    }

    end(key: string): void {
        this.known.set(key, this.inFlight.get(key)!)
        this.inFlight.delete(key)
    }

    acknowledge(key: string, value: string): void {
        this.known.set(key, value)
    }

    beginCount(value: number): void {
        this.countInFlight = value
    }

    endCount(): void {
        this.count = this.countInFlight!
        this.countInFlight = undefined
    }

    /** A logged entry: it is in flash. */
    entered(logged: string): void {
        const text = withoutNote(logged)
        this.entries.set(numberOf(text), text)
    }

    settings(exported: string): string[] {
        const found = new Map<string, string>()
        // The serial number is in a comment.
        for (const match of exported.matchAll(/^(?:# )?set (\S+) "(.*)"$/gm))
            found.set(match[1], match[2])
        const wrong: string[] = []
        for (const key of new Set([...Object.keys(defaults), ...this.known.keys()])) {
            const old = this.known.get(key) ?? defaults[key]
            const next = this.inFlight.get(key)
            const is = found.get(key)
            if (is !== old && (next === undefined || is !== next))
                wrong.push(
                    `${key} is "${is}", not "${old}"${next === undefined ? "" : ` or "${next}"`}`,
                )
            if (next !== undefined) ++this.tookInFlight
            if (is !== undefined) this.known.set(key, is)
        }
        this.inFlight.clear()
        return wrong
    }

    journal(shown: string): string[] {
        const found = new Map<number, string>()
        const wrong: string[] = []
        for (const match of shown.matchAll(/^Record (\d+) +(#\d+ .*)$/gm)) {
            const number = numberOf(match[2])
            if (found.has(number)) wrong.push(`entry ${number} occurs twice`)
            if (((number - 1) % 32) + 1 !== Number(match[1]))
                wrong.push(`entry ${number} is at position ${match[1]}`)
            found.set(number, withoutNote(match[2]))
        }
        const last = Math.max(0, ...found.keys())
        const acknowledged = Math.max(0, ...this.entries.keys())
        if (last > acknowledged + 4) wrong.push(`entry ${last} after ${acknowledged} acknowledged`)
        for (let number = Math.max(1, last - 31); number <= last; ++number)
            if (!found.has(number)) wrong.push(`entry ${number} of ${last} is missing`)
        for (const [number, text] of this.entries) {
            if (number <= last - 32) this.entries.delete(number)
            else if (found.get(number) !== text)
                wrong.push(`entry ${number} was "${text}", is "${found.get(number)}"`)
        }
        this.unacknowledged += Math.max(0, last - acknowledged)
        for (const [number, text] of found) this.entries.set(number, text)
        const head = /^Last record (#\d+)/m.exec(shown)
        if (head ? numberOf(head[1]) !== last : last !== 0) wrong.push("Last record differs")
        return wrong
    }

    counters(shown: string): string[] {
        const is = Number(/reset\.count +(\d+)/.exec(shown)?.[1])
        const old = this.count
        const next = this.countInFlight
        this.count = is
        this.countInFlight = undefined
        if (is === old || is === next) return []
        return [`reset.count is ${is}, not ${old}${next === undefined ? "" : ` or ${next}`}`]
    }

    /** Complains if the board found a damaged setting. */
    flags(status: string): string[] {
        return /alarms .*SETTINGS/.test(status) ? ["SETTINGS is up"] : []
    }

    takeInFlight(): number {
        const count = this.tookInFlight
        this.tookInFlight = 0
        return count
    }

    takeUnacknowledged(): number {
        const count = this.unacknowledged
        this.unacknowledged = 0
        return count
    }
}

/** An entry without its cause, which a restart forgets. */
function withoutNote(text: string): string {
    return text.replace(/ \((?!too often).*?\)(?=;)/, "")
}

function numberOf(text: string): number {
    return Number(/#(\d+)/.exec(text)![1])
}
