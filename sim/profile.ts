import { readFileSync } from "node:fs"
import { withoutMark } from "../console/setupfile"
import type { MonitorCondition } from "./chips/bq76952"
import { drive, idle, type PackCondition, type PackOptions, type Scenario, solar } from "./pack"

// The current through the simulated pack: one of the built-in days, or a file.

/** The scenarios by their command-line names. */
export const scenarios: Readonly<Record<string, Scenario>> = { solar, drive, idle }

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
const namedAtMost = 5

/**
 * A profile of lines `seconds,amperes` (charging positive), seconds rising: each line holds until
 * the next, and the profile repeats from the last line's time on. Blank lines, # comments and a
 * heading are skipped. Throws an Error that lists the bad lines by their number in the file.
 */
export function parseProfile(csv: string): Scenario {
    const times: number[] = []
    const currents: number[] = []
    const bad: string[] = []
    let headed = false
    for (const [index, line] of withoutMark(csv).split(/\r?\n/).entries()) {
        const text = line.trim()
        if (text === "" || text.startsWith("#")) continue
        const fields = text.split(",").map(field => field.trim())
        const wrong = problemWith(fields, times.at(-1))
        if (wrong === undefined) {
            times.push(Number(fields[0]))
            currents.push(Number(fields[1]))
        } else if (!headed && times.length + bad.length === 0 && isHeading(fields)) headed = true
        else bad.push(`line ${index + 1}: ${wrong}: "${text.slice(0, 60)}"`)
    }
    if (bad.length > namedAtMost)
        bad.splice(namedAtMost, Infinity, `${bad.length} bad lines in all`)
    if (bad.length > 0) throw new Error(bad.join("\n"))
    if (times.length === 0) throw new Error("there is no line of seconds,amperes")
    return follow(times, currents)
}

function isHeading(fields: readonly string[]): boolean {
    return fields.length === 2 && fields.every(field => /^[a-z]/i.test(field))
}

function problemWith(fields: readonly string[], before: number | undefined): string | undefined {
    if (fields.length !== 2) return "there must be two fields, seconds,amperes"
    for (const field of fields) {
        if (!decimal.test(field)) return `"${field.slice(0, 20)}" is not a decimal number`
        if (!Number.isFinite(Number(field))) return `"${field.slice(0, 20)}" is too large`
    }
    const seconds = Number(fields[0])
    if (seconds < 0) return "seconds start at 0"
    if (before !== undefined && seconds <= before)
        return `seconds must rise, the previous line has ${before}`
    return undefined
}

function follow(times: readonly number[], currents: readonly number[]): Scenario {
    const period = times.at(-1)!
    return seconds => {
        const at = period > 0 ? seconds % period : 0
        let low = 0
        let high = times.length
        while (high - low > 1) {
            const middle = (low + high) >> 1
            if (times[middle] <= at) low = middle
            else high = middle
        }
        return currents[low]
    }
}

/**
 * The pack's options from `--scenario NAME` and `--profile FILE`. A profile starts at the board's
 * power-on.
 */
export function packOptions(options: { scenario?: string; profile?: string }): PackOptions {
    const { scenario, profile } = options
    if (profile === undefined) return { scenario: scenarios[scenario ?? "solar"] }
    if (scenario !== undefined) throw new Error("--scenario and --profile cannot be combined")
    try {
        return { scenario: parseProfile(readFileSync(profile, "utf8")), startHour: 0 }
    } catch (failure) {
        throw new Error(`--profile ${profile}: ${(failure as Error).message}`, { cause: failure })
    }
}

/** State of battery and monitor chip between two runs of the simulator. */
export interface BatteryCondition {
    pack?: PackCondition
    monitor?: MonitorCondition
}

/** A condition from a file; undefined if it is not a valid one. */
export function parseCondition(text: string): BatteryCondition | undefined {
    try {
        const { pack, monitor } = JSON.parse(text)
        const { charge, temperatureC } = pack
        if (!(charge >= -0.02 && charge <= 1.05 && Math.abs(temperatureC) <= 200)) return undefined
        if (monitor === undefined) return { pack }
        const { memory, coulombs, seconds } = monitor
        const whole = /^([0-9a-f]{2})+$/.test(memory) && Number.isFinite(coulombs) && seconds >= 0
        return whole ? { pack, monitor } : undefined
    } catch {
        return undefined
    }
}
