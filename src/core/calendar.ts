import { formatDigits } from "./text"

// Proleptic Gregorian calendar in Unix seconds, for the years 0001 to 9999. The functions know no
// time zones: given local seconds (UTC plus the offset), they return local time.

export const secondsPerDay = 86400

/** A moment split into its parts. Months 1–12, days 1–31. */
export interface CivilTime {
    year: number
    month: number
    day: number
    hour: number
    minute: number
    second: number
    /** 0 = Monday … 6 = Sunday. */
    weekday: number
}

/**
 * Seconds since 1970-01-01 00:00:00. The year starts in March, so the leap day is its last day;
 * months 13 and 14 are January and February of the next year. Ranges are not checked.
 */
export function secondsFromCivil(
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
): number {
    if (month <= 2) {
        year -= 1
        month += 12
    }
    // 719469 days from the day before 0000-03-01 to 1970-01-01; five months from March have 153
    // days.
    const days =
        365 * year +
        ((year / 4) | 0) -
        ((year / 100) | 0) +
        ((year / 400) | 0) +
        (((153 * month - 457) / 5) | 0) +
        day -
        719469
    return days * secondsPerDay + hour * 3600 + minute * 60 + second
}

/** Splits `seconds` into its parts; fractions of a second are dropped. */
export function civilFromSeconds(seconds: number): CivilTime {
    const days = Math.floor(seconds / secondsPerDay)
    const rest = Math.floor(seconds - days * secondsPerDay)
    // Days since 0000-03-01, then the same plus the leap days that full centuries skipped.
    const gregorian = days + 719468
    const century = ((4 * gregorian + 3) / 146097) | 0
    const julian = gregorian + century - (century >> 2)
    const year = ((4 * julian + 3) / 1461) | 0
    const dayOfYear = julian - ((1461 * year) >> 2)
    const monthFromMarch = ((5 * dayOfYear + 2) / 153) | 0
    const january = monthFromMarch >= 10 ? 1 : 0
    return {
        year: year + january,
        month: monthFromMarch + 3 - 12 * january,
        day: dayOfYear - (((153 * monthFromMarch + 2) / 5) | 0) + 1,
        hour: (rest / 3600) | 0,
        minute: ((rest / 60) | 0) % 60,
        second: rest % 60,
        weekday: (gregorian + 2) % 7,
    }
}

/** "YYYY-MM-DD HH:MM:SS". */
export function formatDateTime(seconds: number): string {
    const t = civilFromSeconds(seconds)
    const parts = [t.month, t.day, t.hour, t.minute, t.second]
    let text = formatDigits(t.year, 4)
    for (let i = 0; i < 5; ++i) text += "-- ::"[i] + formatDigits(parts[i], 2)
    return text
}

/**
 * Seconds of "YYYY-MM-DD" or "YYYY-MM-DD HH:MM:SS"; undefined for any other text and for times that
 * do not exist (30 February, 24:00:00).
 */
export function parseDateTime(text: string): number | undefined {
    if (text.length === 10) text += " 00:00:00"
    const parts = [0, 0, 0, 0, 0, 0]
    let part = 0
    for (let i = 0; i < text.length && part < 6; ++i) {
        const digit = text.charCodeAt(i) - 48
        if (digit >= 0 && digit <= 9) parts[part] = parts[part] * 10 + digit
        else ++part
    }
    const seconds = secondsFromCivil(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5])
    // Formatting it must give the same text, which checks all ranges and separators.
    return formatDateTime(seconds) === text ? seconds : undefined
}

/** Seconds of an HTTP date, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7), else undefined. */
export function parseHttpDate(text: string): number | undefined {
    const month = "JanFebMarAprMayJunJulAugSepOctNovDec".indexOf(text.slice(8, 11)) / 3 + 1
    if (text.slice(25) !== " GMT") return undefined
    const date = text.slice(12, 16) + "-" + formatDigits(month, 2) + "-" + text.slice(5, 7)
    return parseDateTime(date + text.slice(16, 25))
}

/** An offset in minutes east of UTC as "+02:00". */
export function formatOffset(minutes: number): string {
    const size = Math.abs(minutes)
    return (
        (minutes < 0 ? "-" : "+") +
        formatDigits((size / 60) | 0, 2) +
        ":" +
        formatDigits(size % 60, 2)
    )
}

/**
 * The moment as in a FAT directory entry: date word * 65536 + time word, in steps of two seconds
 * (Microsoft FAT specification, "Date and Time Formats").
 */
export function fatStamp(seconds: number): number {
    const t = civilFromSeconds(seconds)
    const date = ((t.year - 1980) << 9) | (t.month << 5) | t.day
    return date * 65536 + ((t.hour << 11) | (t.minute << 5) | (t.second >> 1))
}
