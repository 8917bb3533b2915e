// Time zones by their names, as the POSIX rules that the board takes. The rules come from the browser's own table.

const posix =
    /^[A-Za-z]{3,}[+-]?\d{1,2}(:\d\d)?([A-Za-z]{3,}([+-]?\d{1,2}(:\d\d)?)?(,M\d+\.\d\.\d(\/-?\d+(:\d\d)?)?){2})?$|^<[^>]+>[+-]?\d{1,2}(:\d\d)?(<[^>]+>([+-]?\d{1,2}(:\d\d)?)?(,M\d+\.\d\.\d(\/-?\d+(:\d\d)?)?){2})?$/
const offset = /^[+-]\d\d:\d\d$/
const hourMs = 3_600_000

/** True for what looks like a rule or an offset; the board judges in the end. */
export function isZone(value: string): boolean {
    return posix.test(value) || offset.test(value)
}

/** The names that this browser knows. */
export function zoneNames(): string[] {
    return Intl.supportedValuesOf?.("timeZone") ?? []
}

function offsetMinutes(format: Intl.DateTimeFormat, atMs: number): number {
    const parts = Object.fromEntries(
        format.formatToParts(atMs).map(part => [part.type, Number(part.value)]),
    )
    const { year, month, day, hour, minute, second } = parts
    const local = Date.UTC(year, month - 1, day, hour, minute, second)
    return Math.round((local - Math.floor(atMs / 1000) * 1000) / 60_000)
}

/** "UTC+1" is an hour behind in POSIX: the sign is the other way round. */
function posixOffset(minutes: number): string {
    const size = Math.abs(minutes)
    const rest = size % 60 ? ":" + String(size % 60).padStart(2, "0") : ""
    return (minutes > 0 ? "-" : "") + Math.floor(size / 60) + rest
}

/** A name of digits and signs, which says nothing of the place and is never wrong. */
function abbreviation(minutes: number): string {
    const size = Math.abs(minutes)
    const rest = size % 60 ? String(size % 60).padStart(2, "0") : ""
    return `<${minutes < 0 ? "-" : "+"}${String(Math.floor(size / 60)).padStart(2, "0")}${rest}>`
}

/** When the offset changes, to the minute: the first moment with the new one. */
function changesIn(format: Intl.DateTimeFormat, year: number): number[] {
    const changes: number[] = []
    const step = 24 * hourMs
    const end = Date.UTC(year + 1, 0, 1)
    for (let at = Date.UTC(year, 0, 1); at < end; at += step) {
        const before = offsetMinutes(format, at)
        if (offsetMinutes(format, at + step) === before) continue
        let low = at
        let high = at + step
        while (high - low > 60_000) {
            const middle = Math.floor((low + high) / 120_000) * 60_000
            if (offsetMinutes(format, middle) === before) low = middle
            else high = middle
        }
        changes.push(high)
    }
    return changes
}

/**
 * `M3.5.0/2`: month, week (5 the last one), day of the week, local time before the change.
 * @param late midnight is the end of the day before: Chile's "first Sunday from the 2nd" is a Saturday's 24:00
 */
function ruleOf(localMs: number, last: boolean, late: boolean): string {
    const local = new Date(localMs - (late ? 24 * hourMs : 0))
    const week = last ? 5 : Math.ceil(local.getUTCDate() / 7)
    const minutes = local.getUTCHours() * 60 + local.getUTCMinutes() + (late ? 1440 : 0)
    const rest = minutes % 60 ? ":" + String(minutes % 60).padStart(2, "0") : ""
    const time = minutes === 120 ? "" : `/${Math.floor(minutes / 60)}${rest}`
    return `M${local.getUTCMonth() + 1}.${week}.${local.getUTCDay()}${time}`
}

/** The one rule of all these changes, in local time; undefined when there is none. */
function commonRule(moments: readonly number[]): string | undefined {
    for (const late of [false, true]) {
        const days = moments.map(one => one - (late ? 24 * hourMs : 0))
        for (const last of days.every(isLastOfMonth) ? [true, false] : [false]) {
            const rules = new Set(moments.map(one => ruleOf(one, last, late)))
            if (rules.size === 1) return [...rules][0]
        }
    }
    return undefined
}

function isLastOfMonth(localMs: number): boolean {
    const day = new Date(localMs)
    return new Date(localMs + 7 * 24 * hourMs).getUTCMonth() !== day.getUTCMonth()
}

/**
 * The rule of a zone from that year on; undefined when no POSIX rule says it (Morocco's summer time follows the moon), or
 * the name is unknown.
 */
export function posixZone(name: string, year: number): string | undefined {
    let format: Intl.DateTimeFormat
    try {
        format = new Intl.DateTimeFormat("en", {
            timeZone: name,
            hourCycle: "h23",
            year: "numeric",
            month: "numeric",
            day: "numeric",
            hour: "numeric",
            minute: "numeric",
            second: "numeric",
        })
    } catch {
        return undefined
    }
    const years = [0, 1, 2, 3, 4, 5].map(more => changesIn(format, year + more))
    const january = offsetMinutes(format, Date.UTC(year, 0, 1))
    if (years.every(changes => changes.length === 0))
        return abbreviation(january) + posixOffset(january)
    if (years.some(changes => changes.length !== 2)) return undefined
    const july = offsetMinutes(format, (years[0][0] + years[0][1]) / 2)
    const standard = Math.min(january, july)
    const summer = Math.max(january, july)
    const rules = [january, july].map((before, index) =>
        commonRule(years.map(changes => changes[index] + before * 60_000)),
    )
    const [first, second] = rules
    if (first === undefined || second === undefined) return undefined
    const order = january === standard ? [first, second] : [second, first]
    const dst = summer === standard + 60 ? "" : posixOffset(summer)
    return `${abbreviation(standard)}${posixOffset(standard)}${abbreviation(summer)}${dst},${order.join()}`
}
