import { BatteryState } from "../battery/state"
import { alarmName } from "../core/alarm"
import { formatDateTime, formatOffset, parseDateTime } from "../core/calendar"
import { formatDigits, formatHex, formatScaled, parseInteger, textOf } from "../core/text"
import { At } from "../journal/journal"

/** The three logs. */
export const enum LogKind {
    Main,
    Cell,
    Event,
}

/** The first columns of each log. */
export const startColumns = "time,utc_offset,serial"

export const mainHeader =
    "time,utc_offset,serial,voltage_V,current_A,soc_pct,cell_min_V,cell_max_V,cell_min_no,cell_max_no,temp_min_C,temp_max_C,errors_hex"

/** The cell log's columns for this many cells and thermistors. */
export function cellHeader(cells: number, thermistors: number): string {
    let text = startColumns
    for (let number = 1; number <= cells; ++number) text += `,cell${number}_V`
    for (let number = 1; number <= thermistors; ++number) text += `,temp${number}_C`
    return text + ",balancing_hex"
}

export const eventHeader = startColumns + ",number,flag,change,errors_hex,marks,reason"

/** Stands for the columns of the event log, see header(). */
export const eventColumns = 1

/**
 * A log's header by its columns: 0 for the main log, 1 for the events, else cells * 16 +
 * thermistors.
 */
export function header(columns: number): string {
    if (columns === eventColumns) return eventHeader
    return columns === 0 ? mainHeader : cellHeader(columns >> 4, columns & 15)
}

/** The beginning of every record: local time, offset and serial number. */
export function recordStart(epochSeconds: number, offsetMinutes: number, serial: string): string {
    const local = epochSeconds + offsetMinutes * 60
    return `${formatDateTime(local)},${formatOffset(offsetMinutes)},${serial}`
}

function indexOfExtreme(values: number[], sign: number): number {
    let index = 0
    for (let i = 1; i < values.length; ++i) if (values[i] * sign > values[index] * sign) index = i
    return index
}

/** Decimals of the main log's numbers, and of the cell log's: 16 cells, then thermistors. */
const mainDecimals = hex`030301030300000101`
const cellDecimals = hex`03030303 03030303 03030303 03030303 01010101 01010101`

/**
 * A record's line: `values` with the decimals from `from` to the table's `end`; missing ones are
 * empty.
 */
function recordLine(
    start: string,
    values: number[],
    decimals: Buffer,
    from: number,
    end: number,
    last: string,
): string {
    const fields = [start]
    for (let i = from; i < end; ++i) {
        const value = values[i - from]
        fields.push(value === undefined ? "" : formatScaled(value, decimals[i]))
    }
    fields.push(last + "\r\n")
    return fields.join(",")
}

/** A line of the main log with its line end; without a state its fields are empty. */
export function mainRecord(start: string, state: BatteryState | undefined, errors: number): string {
    let values: number[] = []
    if (state) {
        const cells = state.cellMv
        const degrees = state.temperatureDeciC
        const lowest = indexOfExtreme(cells, -1)
        const highest = indexOfExtreme(cells, 1)
        values = [
            state.packMv,
            state.currentMa,
            state.socPermille,
            cells[lowest],
            cells[highest],
            lowest + 1,
            highest + 1,
            degrees[indexOfExtreme(degrees, -1)],
            degrees[indexOfExtreme(degrees, 1)],
        ]
    }
    return recordLine(start, values, mainDecimals, 0, mainDecimals.length, formatHex(errors, 8))
}

/** A line of the cell log with its line end; without a state its fields are empty. */
export function cellRecord(
    start: string,
    state: BatteryState | undefined,
    cells: number,
    thermistors: number,
): string {
    const values = state ? [...state.cellMv, ...state.temperatureDeciC] : []
    const balancing = state ? formatHex(state.balancing, 4) : ""
    return recordLine(start, values, cellDecimals, 16 - cells, 16 + thermistors, balancing)
}

/** A line of the event log with its line end: a journal entry and its reason. */
export function eventRecord(start: string, entry: Buffer, note: string): string {
    const flags = entry.getAt(At.Flags, "u32")
    const alarm = entry[At.Alarm]
    // A field must not contain commas.
    const reason = Buffer.from(note)
    for (let at = 0; (at = reason.indexOf(44)) >= 0;) reason[at] = 59
    const change = (flags >> alarm) & 1 ? "appeared" : "disappeared"
    const number = entry.getAt(At.Sequence, "u32")
    return `${start},${number},${alarmName(alarm)},${change},${formatHex(flags, 8)},${entry[At.Marks]},${textOf(reason)}\r\n`
}

/** The day of a record as in file names: "20261122". */
export function dayDigits(line: string): string {
    return line.slice(0, 4) + line.slice(5, 7) + line.slice(8, 10)
}

/** The name of a day's file: YYYYMMDD.CSV, or YYMMDDnn.CSV with a number from 1. */
export function logFileName(day: string, number: number): string {
    const digits = number === 0 ? day : day.slice(2) + formatDigits(number, 2)
    return digits + ".CSV"
}

function commasIn(line: string): number {
    let commas = 0
    for (let i = line.indexOf(","); i >= 0; i = line.indexOf(",", i + 1)) ++commas
    return commas
}

/** Tells a file's own records at its end from other data there. */
export class TailCheck {
    /** The last accepted record and its UTC time, 0 before the first. */
    lastLine = ""
    lastSeconds = 0

    private readonly commas: number

    /** For the file with that name (without its directory) and header line. */
    constructor(
        private readonly name: string,
        private readonly header: string,
    ) {
        this.commas = commasIn(header)
    }

    /**
     * True for the header, and for a whole record of this file's day and columns that is not older
     * (in UTC) than the last accepted one. The line end may be cut off.
     */
    accepts(line: string): boolean {
        if (line.slice(0, this.header.length) === this.header) return true
        const day = dayDigits(line)
        if (day !== this.name.slice(0, 8) && day.slice(2) !== this.name.slice(0, 6)) return false
        const size = parseInteger(line.slice(21, 23)) * 60 + parseInteger(line.slice(24, 26))
        const offset = line[20] === "-" ? 0 - size : size
        const seconds = parseDateTime(line.slice(0, 19)) - offset * 60
        if (!(seconds >= this.lastSeconds) || commasIn(line) !== this.commas) return false
        this.lastSeconds = seconds
        this.lastLine = line
        return true
    }
}
