// Parses a day file of the card, main log or cell log (docs/reference/logs.md). A file may be torn,
// cut, empty, or foreign: lines that are no records are skipped and counted.

export type DayKind = "log" | "cell"

/** A day: one list per column, all of one length. Unmeasured values are NaN. */
export interface Day {
    kind: DayKind
    serial: string
    /** The names of the columns after `time,utc_offset,serial`. */
    names: string[]
    /** Unix seconds. */
    times: Float64Array
    /** Minutes from UTC. */
    offsets: Int16Array
    columns: Float64Array[]
    /** Lines that are not records. */
    badLines: number
    /** Other serial numbers in the file. */
    otherSerials: string[]
}

const comma = 44
const lineFeed = 10
const carriageReturn = 13
const fixedColumns = 3
/** `2026-11-22 13:19:45,+01:00,` */
const timeBytes = 19
const offsetBytes = 6

/** Days from 1970 to the civil date; Howard Hinnant's formula. */
function daysFromCivil(year: number, month: number, day: number): number {
    const y = month <= 2 ? year - 1 : year
    const era = Math.floor(y / 400)
    const yearOfEra = y - era * 400
    const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
    const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
    return era * 146097 + dayOfEra + dayOfYear - 719468
}

class LineReader {
    constructor(private readonly bytes: Uint8Array) {}

    /** A number of `count` decimal digits; NaN if one is invalid. */
    digits(at: number, count: number): number {
        let value = 0
        for (let i = at; i < at + count; i++) {
            const digit = this.bytes[i] - 48
            if (!(digit >= 0 && digit <= 9)) return NaN
            value = value * 10 + digit
        }
        return value
    }

    /** Seconds of the local time at that place; NaN if invalid. */
    localTime(at: number): number {
        const { bytes } = this
        if (bytes[at + 4] !== 45 || bytes[at + 7] !== 45 || bytes[at + 10] !== 32) return NaN
        if (bytes[at + 13] !== 58 || bytes[at + 16] !== 58) return NaN
        const month = this.digits(at + 5, 2)
        const day = this.digits(at + 8, 2)
        const hour = this.digits(at + 11, 2)
        const minute = this.digits(at + 14, 2)
        const second = this.digits(at + 17, 2)
        const fits = month >= 1 && month <= 12 && day >= 1 && day <= 31
        if (!fits || !(hour < 24 && minute < 60 && second < 60)) return NaN
        const days = daysFromCivil(this.digits(at, 4), month, day)
        return days * 86400 + hour * 3600 + minute * 60 + second
    }

    /** Minutes of `+01:00`; NaN if invalid. */
    offset(at: number): number {
        const sign = this.bytes[at] === 43 ? 1 : this.bytes[at] === 45 ? -1 : NaN
        if (this.bytes[at + 3] !== 58) return NaN
        return sign * (this.digits(at + 1, 2) * 60 + this.digits(at + 4, 2))
    }

    /**
     * A decimal number, or `0x` and hexadecimal digits; NaN if empty; undefined for anything else.
     */
    value(from: number, to: number): number | undefined {
        const { bytes } = this
        if (from === to) return NaN
        if (bytes[from] === 48 && (bytes[from + 1] | 32) === 120) return this.hex(from + 2, to)
        let at = from
        const negative = bytes[at] === 45
        if (negative) at++
        let value = 0
        let scale = 0
        const first = at
        for (; at < to; at++) {
            const digit = bytes[at] - 48
            if (digit >= 0 && digit <= 9) {
                value = value * 10 + digit
                scale *= 10
            } else if (bytes[at] === 46 && scale === 0) scale = 1
            else return undefined
        }
        if (at === first) return undefined
        const size = scale > 1 ? value / scale : value
        return negative ? -size : size
    }

    private hex(from: number, to: number): number | undefined {
        let value = 0
        for (let at = from; at < to; at++) {
            const digit = parseInt(String.fromCharCode(this.bytes[at]), 16)
            if (Number.isNaN(digit)) return undefined
            value = value * 16 + digit
        }
        return to > from ? value : undefined
    }

    text(from: number, to: number): string {
        return new TextDecoder().decode(this.bytes.subarray(from, to))
    }
}

/** Columns that grow with the records. */
class Columns {
    times = new Float64Array(1024)
    offsets = new Int16Array(1024)
    columns: Float64Array[]
    count = 0

    constructor(readonly width: number) {
        this.columns = Array.from({ length: width }, () => new Float64Array(1024))
    }

    room(): void {
        if (this.count < this.times.length) return
        const grown = <T extends Float64Array | Int16Array>(list: T): T => {
            const more = new (list.constructor as new (length: number) => T)(list.length * 2)
            more.set(list as never)
            return more
        }
        this.times = grown(this.times)
        this.offsets = grown(this.offsets)
        this.columns = this.columns.map(grown)
    }
}

/** The first line's names; undefined if it is not one of ours. */
function headerOf(line: string): { kind: DayKind; names: string[] } | undefined {
    const names = line.split(",")
    if (names.slice(0, fixedColumns).join() !== "time,utc_offset,serial") return undefined
    const rest = names.slice(fixedColumns)
    if (rest[0] === "voltage_V") return { kind: "log", names: rest }
    return rest[0] === "cell1_V" ? { kind: "cell", names: rest } : undefined
}

/** The serial numbers of a file, hardly ever more than one. */
class Serials {
    first = ""
    readonly others = new Set<string>()
    private firstBytes: Uint8Array | undefined

    constructor(
        private readonly bytes: Uint8Array,
        private readonly reader: LineReader,
    ) {}

    take(from: number, to: number): void {
        const { bytes, firstBytes } = this
        if (
            firstBytes?.length === to - from &&
            firstBytes.every((byte, i) => byte === bytes[from + i])
        )
            return
        const text = this.reader.text(from, to)
        if (firstBytes) this.others.add(text)
        else {
            this.first = text
            this.firstBytes = bytes.subarray(from, to)
        }
    }
}

/**
 * Undefined if the file does not begin as a day file; a file without records is a day without
 * records.
 */
export function parseDay(bytes: Uint8Array): Day | undefined {
    const reader = new LineReader(bytes)
    const endOf = (from: number) => {
        const at = bytes.indexOf(lineFeed, from)
        return at < 0 ? bytes.length : at
    }
    const firstEnd = endOf(0)
    const header = headerOf(reader.text(0, firstEnd).replace(/^\uFEFF|\r$/g, ""))
    if (!header) return undefined
    const data = new Columns(header.names.length)
    const serials = new Serials(bytes, reader)
    let badLines = 0
    for (let from = firstEnd + 1; from < bytes.length;) {
        const end = endOf(from)
        const to = bytes[end - 1] === carriageReturn ? end - 1 : end
        // A record is complete only with its line end.
        const taken = end < bytes.length && takeRecord(reader, bytes, from, to, data, serials)
        if (to > from && !taken) badLines++
        from = end + 1
    }
    return {
        ...header,
        serial: serials.first,
        times: data.times.subarray(0, data.count),
        offsets: data.offsets.subarray(0, data.count),
        columns: data.columns.map(column => column.subarray(0, data.count)),
        badLines,
        otherSerials: [...serials.others],
    }
}

/** @returns false if the line is not a record */
function takeRecord(
    reader: LineReader,
    bytes: Uint8Array,
    start: number,
    to: number,
    data: Columns,
    serials: Serials,
): boolean {
    const serialAt = start + timeBytes + offsetBytes + 2
    if (bytes[start + timeBytes] !== comma || bytes[serialAt - 1] !== comma) return false
    const local = reader.localTime(start)
    const offset = reader.offset(start + timeBytes + 1)
    const serialEnd = bytes.indexOf(comma, serialAt)
    if (Number.isNaN(local + offset) || serialEnd < 0 || serialEnd >= to) return false
    data.room()
    if (!takeFields(reader, bytes, serialEnd + 1, to, data)) return false
    serials.take(serialAt, serialEnd)
    data.times[data.count] = local - offset * 60
    data.offsets[data.count] = offset
    data.count++
    return true
}

/** @returns false unless there are exactly as many values as columns */
function takeFields(
    reader: LineReader,
    bytes: Uint8Array,
    from: number,
    to: number,
    { columns, count, width }: Columns,
): boolean {
    let at = from
    for (let i = 0; i < width; i++) {
        let end = at
        while (end < to && bytes[end] !== comma) end++
        if (end === to && i < width - 1) return false
        const value = reader.value(at, end)
        if (value === undefined) return false
        columns[i][count] = value
        at = end + 1
    }
    return at === to + 1
}

/** A column by name; undefined if the file has none. */
export function column(day: Day, name: string): Float64Array | undefined {
    const index = day.names.indexOf(name)
    return index < 0 ? undefined : day.columns[index]
}

/**
 * A parsed file name: of the card (`LOG/20261122.CSV`) or of the server
 * (`ACME-7-LOG-20261122.CSV`).
 */
export interface DayName {
    kind: DayKind
    /** `2026-11-22` */
    date: string
    /** Only in the server's names. */
    serial?: string
}

/** Undefined for other files. @param path including the folder, if known */
export function parseName(path: string): DayName | undefined {
    const name = path.split(/[/\\]/).at(-1)!.toUpperCase()
    const dated = (digits: string) =>
        `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`
    const sent = /^([A-Z0-9_-]+)-(LOG|CELL)-(\d{8})(-\d+)?\.CSV$/.exec(name)
    if (sent)
        return {
            kind: sent[2] === "LOG" ? "log" : "cell",
            date: dated(sent[3]),
            serial: path.split(/[/\\]/).at(-1)!.slice(0, sent[1].length),
        }
    const folder = path.split(/[/\\]/).at(-2)?.toUpperCase()
    // The journal's files have the same names.
    if (folder === "EVT") return undefined
    const kind = folder === "CELL" ? "cell" : "log"
    const whole = /^(20\d{6})\.CSV$/.exec(name)
    if (whole) return { kind, date: dated(whole[1]) }
    const part = /^(\d{6})(\d\d)\.CSV$/.exec(name)
    return part ? { kind, date: dated("20" + part[1]) } : undefined
}
