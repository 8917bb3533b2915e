import { withHostTime } from "./hosttime"
import { posixZone } from "./zones"

/** The board's version of a line, with a remark for the person. */
export interface Translation {
    line: string | Uint8Array
    /** Set if the line differs from the typed one. */
    remark?: string
    /** Why the line cannot be translated. */
    refusal?: string
}

const zoneLine = /^\s*set\s+"?time\.zone"?\s+"?([^"\s,]+)"?\s*$/
const daysLine = /^(\s*set\s+"?reset\.days"?\s+)(\S+)\s*$/
const dayNames = /\b(mon|tues|wednes|thurs|fri|satur|sun)day\b/gi

/**
 * The line for the board, which knows neither IANA zone names nor the computer's clock, and
 * abbreviates days to three letters.
 * @param nowMs the host's time, Unix ms
 */
export function translated(line: string | Uint8Array, nowMs: number): Translation {
    const timed = withHostTime(line, nowMs)
    if (timed !== line) return { line: timed }
    const text = typeof line === "string" ? line : new TextDecoder("latin1").decode(line)
    const [, zone] = zoneLine.exec(text) ?? []
    try {
        const rule = zone && posixZone(zone, nowMs)
        if (rule) return { line: `set time.zone ${rule}`, remark: `${zone} is ${rule}` }
    } catch (failure) {
        return { line, refusal: (failure as Error).message }
    }
    const [, before, days] = daysLine.exec(text) ?? []
    const short = days?.replace(dayNames, name => name.slice(0, 3))
    return short === undefined || short === days ? { line } : { line: before + short }
}
