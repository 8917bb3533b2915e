// POSIX rules for IANA time zones, derived from the JavaScript runtime's data.

const minuteMs = 60_000
const dayMs = 86_400_000
/** A rule must hold for this many years. */
const years = 8
const lookEveryMs = 7 * dayMs

/** A change of a zone's offset from UTC, both in minutes east. */
interface Change {
    atMs: number
    before: number
    after: number
}

/** Possible zone names that are not POSIX rules. */
const zoneNames = /^([a-z_]+(\/[a-z0-9_+-]+)*|(est5e|cst6c|mst7m|pst8p)dt)$/i

/**
 * The board's form of an IANA name: an offset, or a POSIX rule. Undefined if there is no such zone.
 * Throws a RangeError for a zone whose changes follow no yearly rule.
 */
export function posixZone(name: string, nowMs: number): string | undefined {
    if (!zoneNames.test(name)) return undefined
    let offsetAt: (ms: number) => number
    try {
        offsetAt = offsetsOf(name)
    } catch {
        return undefined
    }
    const thisYear = new Date(nowMs).getUTCFullYear()
    // A country may be changing its rule: then try from next year on.
    for (const year of [thisYear, thisYear + 1]) {
        const changes = changesOf(offsetAt, Date.UTC(year, 0, 1), Date.UTC(year + years, 0, 1))
        const now = offsetAt(year === thisYear ? nowMs : Date.UTC(year, 0, 1))
        if (changes.length === 0) return formatOffset(now)
        const rule = ruleOf(changes)
        if (rule) return rule
    }
    throw new RangeError(
        `${name}: its clock changes follow no yearly rule; set the offset, such as ${formatOffset(offsetAt(nowMs))}`,
    )
}

/** Minutes east of UTC at a moment in Unix ms. Throws a RangeError for an unknown zone. */
function offsetsOf(zone: string): (ms: number) => number {
    const format = new Intl.DateTimeFormat("en-US", {
        timeZone: zone,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
    })
    return ms => {
        const parts: Record<string, number> = {}
        for (const { type, value } of format.formatToParts(ms)) parts[type] = Number(value)
        const { year, month, day, hour, minute } = parts
        const local = Date.UTC(year, month - 1, day, hour, minute)
        return Math.round((local - Math.floor(ms / minuteMs) * minuteMs) / minuteMs)
    }
}

function changesOf(offsetAt: (ms: number) => number, fromMs: number, toMs: number): Change[] {
    const changes: Change[] = []
    for (let ms = fromMs; ms < toMs; ms += lookEveryMs) {
        const before = offsetAt(ms)
        let high = Math.min(ms + lookEveryMs, toMs)
        const after = offsetAt(high)
        if (before === after) continue
        for (let low = ms; high - low > minuteMs;) {
            const middle = Math.floor((low + high) / 2 / minuteMs) * minuteMs
            if (offsetAt(middle) === before) low = middle
            else high = middle
        }
        changes.push({ atMs: high, before, after })
    }
    return changes
}

/** The rule for one change forward and one back per year; undefined if there is none. */
function ruleOf(changes: readonly Change[]): string | undefined {
    const forward = changes.filter(one => one.after > one.before)
    const back = changes.filter(one => one.after < one.before)
    if (forward.length !== years || back.length !== years) return undefined
    const { before: standard, after: daylight } = forward[0]
    const regular = changes.every(
        ({ before, after }) =>
            Math.min(before, after) === standard && Math.max(before, after) === daylight,
    )
    const start = changeoverOf(forward)
    const end = changeoverOf(back)
    if (!regular || !start || !end) return undefined
    const summer = daylight === standard + 60 ? "" : posixOffset(daylight)
    const names = [standard, daylight].map(zoneLabel)
    return `${names[0]}${posixOffset(standard)}${names[1]}${summer},${start},${end}`
}

/**
 * `M3.5.0`: the month, the week (5 is the last), the weekday and, unless it is 2, the hour, if they
 * fit all years.
 */
function changeoverOf(changes: readonly Change[]): string | undefined {
    // "The Saturday before the last Sunday" is the last Sunday, some hours earlier.
    for (const shift of [0, 1, -1, 2, -2]) {
        const common = changes.map(change => formsOf(change, shift)).reduce(shared)
        if (common.length > 0) return common[0]
    }
    return undefined
}

function shared(some: string[], others: string[]): string[] {
    return some.filter(one => others.includes(one))
}

function formsOf({ atMs, before }: Change, shift: number): string[] {
    const local = atMs + before * minuteMs
    const day = Math.floor(local / dayMs) + shift
    const minutes = Math.round((local - day * dayMs) / minuteMs)
    const date = new Date(day * dayMs)
    const month = date.getUTCMonth() + 1
    const dayOfMonth = date.getUTCDate()
    const last = new Date((day + 7) * dayMs).getUTCMonth() + 1 !== month
    const weeks = [...(last ? [5] : []), Math.ceil(dayOfMonth / 7)].filter(
        (week, i, all) => all.indexOf(week) === i,
    )
    const time = minutes === 120 ? "" : "/" + formatHours(minutes)
    return weeks.map(week => `M${month}.${week}.${date.getUTCDay()}${time}`)
}

function formatHours(minutes: number): string {
    const size = Math.abs(minutes)
    const rest = size % 60
    const text = Math.floor(size / 60) + (rest === 0 ? "" : ":" + String(rest).padStart(2, "0"))
    return (minutes < 0 ? "-" : "") + text
}

/** POSIX counts west of UTC. */
function posixOffset(minutes: number): string {
    return formatHours(minutes === 0 ? 0 : -minutes)
}

function zoneLabel(minutes: number): string {
    return `<${formatOffset(minutes).replace(/:00$/, "").replace(":", "")}>`
}

function formatOffset(minutes: number): string {
    const size = Math.abs(minutes)
    const digits = [Math.floor(size / 60), size % 60].map(one => String(one).padStart(2, "0"))
    return (minutes < 0 ? "-" : "+") + digits.join(":")
}
