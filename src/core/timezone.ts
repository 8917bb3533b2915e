import { civilFromSeconds, secondsFromCivil, secondsPerDay } from "./calendar"

/** The accepted time zones, for messages. */
export const timeZoneForms =
    "a POSIX rule such as CET-1CEST,M3.5.0,M10.5.0/3 or an offset such as +02:00"

/**
 * A zone as numbers: minutes east of UTC in winter and in summer, then, for a zone with summer
 * time, its start and its end as month 1–12, week 1–5 (5 = the last), weekday 0–6 (0 = Sunday) and
 * minutes of that day. With weekday 7 the week is the number of days after the first of that month.
 */
export type TimeZoneRule = number[]

const enum Part {
    Standard,
    Daylight,
    Start,
    End = 6,
}

// The text being parsed, the position in it, and whether it has broken the grammar.
let text = ""
let at = 0
let wrong = false

function take(expected: string): boolean {
    if (text.slice(at, at + expected.length) !== expected) return false
    at += expected.length
    return true
}

/** Parses the text `before`, followed by a number. */
function takeNumber(before: string, min: number, max: number): number {
    if (!take(before)) wrong = true
    const first = at
    let value = 0
    while (at < text.length) {
        const digit = text.charCodeAt(at) - 48
        if (digit < 0 || digit > 9) break
        value = value * 10 + digit
        ++at
    }
    if (at === first || value < min || value > max) wrong = true
    return value
}

/** `[+-]h[:mm[:00]]` in minutes. */
function takeTime(hoursMax: number): number {
    const negative = take("-")
    if (!negative) take("+")
    let minutes = takeNumber("", 0, hoursMax) * 60
    if (take(":")) minutes += takeNumber("", 0, 59)
    take(":00")
    return negative ? 0 - minutes : minutes
}

/** Parses three or more letters, or anything in angle brackets. */
function takeName(): void {
    const first = at
    if (take("<")) while (at < text.length && !take(">")) ++at
    else while (at < text.length && text.charCodeAt(at) >= 65) ++at
    if (at - first < 3) wrong = true
}

/**
 * `,M3.5.0/3`, `,J60/3` (29 February has no number) or `,59/3` (from 0); without a time it is
 * 02:00.
 */
function takeChangeover(rule: TimeZoneRule): void {
    let month = 1
    let day = 0
    let weekday = 7
    if (take(",M")) {
        month = takeNumber("", 1, 12)
        day = takeNumber(".", 1, 5)
        weekday = takeNumber(".", 0, 6)
    } else if (take(",J")) {
        day = takeNumber("", 1, 365) - 1
        if (day >= 59) {
            month = 3
            day -= 59
        }
    } else day = takeNumber(",", 0, 365)
    rule.push(month, day, weekday, take("/") ? takeTime(167) : 120)
}

/**
 * Parses a POSIX TZ rule (IEEE Std 1003.1 §8.3, with the times -167 to 167 h that zone files use),
 * whose offsets count west, or a plain offset "+02:00", which counts east. Offsets are whole
 * minutes; summer time needs both changeovers.
 * @returns undefined if the text is neither
 */
export function parseTimeZone(zone: string): TimeZoneRule | undefined {
    text = zone
    at = 0
    wrong = false
    const plain = zone[0] === "+" || zone[0] === "-"
    if (!plain) takeName()
    const offset = takeTime(24)
    const rule = [plain ? offset : 0 - offset]
    if (!plain && at < zone.length) {
        takeName()
        rule.push(zone[at] === "," ? rule[0] + 60 : 0 - takeTime(24))
        takeChangeover(rule)
        takeChangeover(rule)
    }
    return wrong || at < zone.length ? undefined : rule
}

/** That year's changeover, in seconds of the local time before it. */
function changeoverSeconds(rule: TimeZoneRule, part: Part, year: number): number {
    const month = rule[part]
    const count = rule[part + 1]
    const weekday = rule[part + 2]
    let day = secondsFromCivil(year, month, 1, 0, 0, 0)
    if (weekday === 7) day += count * secondsPerDay
    else {
        const toWeekday = (weekday + 6 - civilFromSeconds(day).weekday) % 7
        day += (toWeekday + count * 7 - 7) * secondsPerDay
        if (civilFromSeconds(day).month !== month) day -= 7 * secondsPerDay
    }
    return day + rule[part + 3] * 60
}

/** The rule's offset in minutes east of UTC at a moment in Unix seconds. */
export function offsetMinutesAt(rule: TimeZoneRule, epochSeconds: number): number {
    const standard = rule[Part.Standard]
    if (rule.length === 1) return standard
    const local = epochSeconds + standard * 60
    const year = civilFromSeconds(local).year
    const start = changeoverSeconds(rule, Part.Start, year)
    const end = changeoverSeconds(rule, Part.End, year) - (rule[Part.Daylight] - standard) * 60
    // In the southern hemisphere, summer spans the new year.
    const begun = local >= start
    const lasting = local < end
    const summer = start < end ? begun && lasting : begun || lasting
    return summer ? rule[Part.Daylight] : standard
}
