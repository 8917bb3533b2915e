import type { Evidence } from "./evidence"
import { intlOffsetMinutes } from "../../test/support/intloffset"
import { type Calm, Timeline } from "./timeline"

export type Files = Map<string, Buffer>
export type Complain = (text: string) => void

/** A clock is read to the second, and may differ by one from its set time. */
const edgeSeconds = 2
const columns = {
    LOG: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,[+-]\d\d:\d\d,[\w-]{1,16},(\d+\.\d{3}|),(-?\d+\.\d{3}|),(\d+\.\d|),(\d\.\d{3}|),(\d\.\d{3}|),(\d+|),(\d+|),(-?\d+\.\d|),(-?\d+\.\d|),0x[0-9A-F]{8}$/,
    CELL: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,[+-]\d\d:\d\d,[\w-]{1,16}(,\d\.\d{3}|,){16}(,-?\d+\.\d|,)+,(0x[0-9A-F]{4}|)$/,
}
const headers = {
    LOG: "time,utc_offset,serial,voltage_V,current_A,soc_pct,cell_min_V,cell_max_V,cell_min_no,cell_max_no,temp_min_C,temp_max_C,errors_hex",
    CELL: `time,utc_offset,serial,${Array.from({ length: 16 }, (_, i) => `cell${i + 1}_V`).join(",")},temp1_C,`,
}
type Log = "LOG" | "CELL"
const logs: Log[] = ["LOG", "CELL"]

/** Unix seconds of a record, from its own text. */
function secondsOf(record: string): number {
    const [time, offset] = record.split(",", 2)
    return Date.parse(`${time.replace(" ", "T")}${offset}`) / 1000
}

export function localDay(time: string): string {
    return time.slice(0, 10).replaceAll("-", "")
}

/** Whether a file is the day's first, YYYYMMDD.CSV, or a later one, YYMMDDnn.CSV. */
export function isOfDay(name: string, day: string): boolean {
    return name.startsWith(day) || name.startsWith(day.slice(2))
}

/** "YYYY-MM-DD HH:MM:SS" in an IANA zone. */
export function localText(zone: string, unixSeconds: number): string {
    const local = new Date((unixSeconds + intlOffsetMinutes(zone, unixSeconds) * 60) * 1000)
    return local.toISOString().slice(0, 19).replace("T", " ")
}

/** Judges the records of all cards: their form, order and completeness. */
export class Records {
    /** Each record's second and number of occurrences, by card and log. */
    private readonly times = new Map<string, Map<number, number>>()
    count = 0
    expected = 0

    constructor(
        private readonly evidence: Evidence,
        private readonly timeline: Timeline,
        private readonly complain: Complain,
    ) {}

    judge(cards: { A: Files; B: Files }): void {
        for (const card of ["A", "B"] as const)
            for (const [path, content] of cards[card]) {
                const [, log] = /^(LOG|CELL)\/\d{8}\.CSV$/.exec(path) ?? []
                if (log) this.judgeFile(card, log as Log, path, content.toString("latin1"))
            }
        if (this.timeline.setBackMs.length === 0)
            for (const [place, times] of this.times)
                for (const [seconds, often] of times)
                    if (often > 1)
                        this.complain(`${place}: ${often} records of ${this.local(seconds)}`)
        for (const calm of this.timeline.calm) this.judgeCalm(calm)
        for (const calm of new Timeline(this.evidence, true).calm) this.judgeCalm(calm)
    }

    /**
     * The first line names the columns; each line is complete, of that day, and not earlier than
     * the previous one.
     */
    private judgeFile(card: string, log: Log, path: string, text: string): void {
        const where = `card ${card}, ${path}`
        const lines = text.split("\r\n")
        if (lines.at(-1) !== "") this.complain(`${where}: the last line is torn`)
        if (!lines[0].startsWith(headers[log])) this.complain(`${where} begins with ${lines[0]}`)
        const times = this.times.get(`${card} ${log}`) ?? new Map<number, number>()
        this.times.set(`${card} ${log}`, times)
        let last = -Infinity
        let backwards = 0
        for (const line of lines.slice(1, -1)) {
            this.count++
            const seconds = secondsOf(line)
            times.set(seconds, (times.get(seconds) ?? 0) + 1)
            if (seconds <= last) backwards++
            last = seconds
            this.judgeLine(where, log, path.slice(log.length + 1), line)
        }
        if (backwards > this.timeline.setBackMs.length)
            this.complain(`${where}: ${backwards} records out of order`)
    }

    private judgeLine(where: string, log: Log, name: string, line: string): void {
        const { zone, serial } = this.evidence.life
        const [time, offset, of, ...values] = line.split(",")
        const wanted = intlOffsetMinutes(zone.name, secondsOf(line))
        const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(offset ?? "") ?? []
        const right = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1) === wanted
        // Until it is set up, a board has its default serial number and uses UTC.
        const setUp = of !== serial
        if (!columns[log].test(line)) this.complain(`${where}: not a record: ${line}`)
        else if (!setUp && !right) this.complain(`${where}: ${line} is not in ${zone.name}`)
        else if (!isOfDay(name, localDay(time)))
            this.complain(`${where}: from another day: ${line}`)
        else if (setUp && of !== "BMS-SA11") this.complain(`${where}: from another board: ${line}`)
        else if (log === "LOG") this.judgeValues(where, line, values.map(Number))
    }

    /** 16 LFP cells with almost no load. */
    private judgeValues(where: string, line: string, values: number[]): void {
        const [volts, , charge, low, high, lowest, highest, cold, hot] = values
        if (values[0] === 0) return
        const sound =
            volts > 16 * low - 0.1 &&
            volts < 16 * high + 0.1 &&
            low <= high &&
            charge >= 0 &&
            charge <= 100 &&
            lowest >= 1 &&
            highest <= 16 &&
            cold <= hot
        if (!sound) this.complain(`${where}: impossible values: ${line}`)
    }

    /** Each multiple of the period has its record. */
    private judgeCalm(calm: Calm): void {
        const { period, originSeconds, card } = calm
        const from = originSeconds + calm.fromMs / 1000 + edgeSeconds
        const to = originSeconds + calm.toMs / 1000 - edgeSeconds
        for (const log of calm.cells ? logs : logs.slice(0, 1)) {
            const places = card ? [card] : ["A", "B"]
            const times = places.map(place => this.times.get(`${place} ${log}`))
            const missing: number[] = []
            for (let at = Math.ceil(from / period) * period; at < to; at += period) {
                this.expected++
                if (!times.some(one => one?.has(at))) missing.push(at)
            }
            if (missing.length > 0)
                this.complain(
                    `card ${places.join(" and ")}, ${log}: ${missing.length} records missing, the first of ${this.local(missing[0])} ` +
                        `(board time ${(missing[0] - originSeconds).toFixed(0)} s)`,
                )
        }
    }

    private local(seconds: number): string {
        return localText(this.evidence.life.zone.name, seconds)
    }
}
