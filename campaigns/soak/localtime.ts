/**
 * Summer time in central Europe in 2027, by directive 2000/84/EC: last Sundays of March and
 * October, 01:00 UTC.
 */
const summer = { from: Date.UTC(2027, 2, 28, 1) / 1000, to: Date.UTC(2027, 9, 31, 1) / 1000 }

/** Minutes east of UTC at that time of 2027. */
export function offsetMinutesAt(unixSeconds: number): number {
    return unixSeconds >= summer.from && unixSeconds < summer.to ? 120 : 60
}

/** "YYYY-MM-DD HH:MM:SS", local. */
export function localText(unixSeconds: number): string {
    const local = new Date((unixSeconds + offsetMinutesAt(unixSeconds) * 60) * 1000)
    return local.toISOString().slice(0, 19).replace("T", " ")
}
