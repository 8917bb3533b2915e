import { column, type Day, type DayName, parseDay, parseName } from "./reader"
import { type DayFigures, figuresOf } from "./statistics"

/** A board according to its files. */
export interface FleetBoard {
    serial: string
    /** Unix seconds of the last record, and its local time's offset from UTC. */
    lastSeconds: number
    offsetMinutes: number
    /** At the end of the last main log. */
    chargePercent: number | undefined
    flags: number
    /** Over all days, V. */
    spread: number
    gaps: number
    days: number
    /** The last day's file. */
    lastPath: string
    /** Two boards made records at the same time under this name. */
    twin: boolean
}

/** A file read. */
export interface FleetFile {
    path: string
    name: DayName
    day: Day
    figures: DayFigures
}

/** Undefined for anything but our day files. */
export function readFleetFile(path: string, bytes: Uint8Array): FleetFile | undefined {
    const day = parseDay(bytes)
    if (!day) return undefined
    const name = parseName(path) ?? { kind: day.kind, date: "" }
    return { path, name, day, figures: figuresOf(day) }
}

/** Files of one board that overlap in time with different values: two boards under one name. */
function overlaps(files: readonly FleetFile[]): boolean {
    const logs = files
        .filter(one => one.day.kind === "log" && one.figures.from !== undefined)
        .sort((one, other) => one.figures.from! - other.figures.from!)
    return logs.some((one, i) => {
        const next = logs[i + 1]
        return (
            next !== undefined && next.figures.from! < one.figures.to! && differs(one.day, next.day)
        )
    })
}

function differs(one: Day, other: Day): boolean {
    const volts = new Map<number, number>()
    const [first, second] = [column(one, "voltage_V"), column(other, "voltage_V")]
    one.times.forEach((time, i) => volts.set(time, first?.[i] ?? NaN))
    let same = 0
    let different = 0
    other.times.forEach((time, i) => {
        if (!volts.has(time)) return void different++
        if (volts.get(time) === (second?.[i] ?? NaN)) same++
        else different++
    })
    // A day sent twice has the same records.
    return different > same
}

/** One row per board, those silent the longest first. */
export function fleetOf(files: readonly FleetFile[]): FleetBoard[] {
    const bySerial = new Map<string, FleetFile[]>()
    for (const one of files) {
        const serial = one.name.serial ?? one.day.serial
        if (serial === "" || one.figures.to === undefined) continue
        bySerial.set(serial, [...(bySerial.get(serial) ?? []), one])
    }
    const boards = [...bySerial].map(([serial, own]) => boardOf(serial, own))
    return boards.sort((one, other) => one.lastSeconds - other.lastSeconds)
}

function boardOf(serial: string, files: readonly FleetFile[]): FleetBoard {
    const logs = files.filter(one => one.day.kind === "log")
    const judged = logs.length > 0 ? logs : [...files]
    const last = judged.reduce((best, one) => (one.figures.to! > best.figures.to! ? one : best))
    const flags = column(last.day, "errors_hex")
    return {
        serial,
        lastSeconds: Math.max(...files.map(one => one.figures.to!)),
        offsetMinutes: last.day.offsets.at(-1) ?? 0,
        chargePercent: last.figures.charge.last,
        flags: flags?.at(-1) ?? 0,
        spread: Math.max(0, ...files.map(one => one.figures.spread?.value ?? 0)),
        gaps: judged.reduce((sum, one) => sum + one.figures.gaps.length, 0),
        days: new Set(judged.map(one => one.name.date)).size,
        lastPath: last.path,
        twin: overlaps(logs) || files.some(one => one.day.otherSerials.includes(serial)),
    }
}
