import { fieldAt, fieldIndex, formatDigits, padStart, parseInteger } from "../core/text"
import { parseTimeZone, timeZoneForms } from "../core/timezone"
import { Row } from "./schema"

const dayNames = "Mon,Tue,Wed,Thu,Fri,Sat,Sun"
const switchNames = "off,on,no,yes,false,true,0,1"

/** True when every character is an ASCII letter, a digit or one of `others`. */
function consistsOf(text: string, others: string): boolean {
    for (let i = 0; i < text.length; ++i) {
        const code = text.charCodeAt(i)
        const letter = code | 32
        const digit = code >= 48 && code <= 57
        if (!digit && !(letter >= 97 && letter <= 122 && code < 128) && others.indexOf(text[i]) < 0)
            return false
    }
    return true
}

function hasControlCharacters(text: string): boolean {
    for (let i = 0; i < text.length; ++i) {
        const code = text.charCodeAt(i)
        if (code < 32 || (code >= 127 && code < 160)) return true
    }
    return false
}

/** A host name or address, then a port, which `portNeeded` makes compulsory; "" fits too. */
function isHostAndPort(text: string, portNeeded: boolean): boolean {
    const colon = text.indexOf(":")
    if (text.length === 0) return true
    if (colon < 0) return !portNeeded && consistsOf(text, ".-_")
    const port = parseInteger(text.slice(colon + 1))
    return colon > 0 && port >= 1 && port <= 65535 && consistsOf(text.slice(0, colon), ".-_")
}

function parseDays(text: string): number | undefined {
    const lower = text.toLowerCase()
    if (lower === "all") return 127
    if (lower === "none") return 0
    if (lower.startsWith("0x")) {
        let bits = lower.length > 2 ? 0 : 128
        for (let i = 2; i < lower.length && bits < 128; ++i) {
            const digit = "0123456789abcdef".indexOf(lower[i])
            bits = digit < 0 ? 128 : bits * 16 + digit
        }
        return bits
    }
    let bits = 0
    for (let i = 0; ; ++i) {
        const name = fieldAt(lower, i, ",")
        if (name.length === 0) return i > 0 && lower[lower.length - 1] !== "," ? bits : undefined
        const day = fieldIndex("mon,tue,wed,thu,fri,sat,sun", name, ",")
        if (day < 0) return undefined
        bits |= 1 << day
    }
}

function formatDays(bits: number): string {
    if (bits === 0) return "none"
    if (bits === 127) return "all"
    let text = ""
    for (let day = 0; day < 7; ++day)
        if ((bits >> day) & 1) text += (text.length === 0 ? "" : ",") + fieldAt(dayNames, day, ",")
    return text
}

function formatTime(minutes: number): string {
    return formatDigits(Math.floor(minutes / 60), 2) + ":" + formatDigits(minutes % 60, 2)
}

function parseTime(text: string): number | undefined {
    const colon = text.indexOf(":")
    if (colon < 0) return undefined
    const minutes = parseInteger(text.slice(0, colon)) * 60 + parseInteger(text.slice(colon + 1))
    // Written back it must be the same: that checks minutes, signs and surplus digits.
    return minutes >= 0 && formatTime(minutes) === padStart(text, 5, "0") ? minutes : undefined
}

/** True when a text value fits its row. CR, LF and NUL fit nowhere. */
export function textFits(row: Row, text: string): boolean {
    // Characters first: a text that is far too long is not copied to count its bytes.
    if (text.length > row.max || hasControlCharacters(text)) return false
    const bytes = Buffer.from(text).length
    if (bytes > row.max || (bytes < row.min && (bytes !== 0 || !row.isSecret()))) return false
    switch (row.type) {
        case "name":
            return consistsOf(text, "-_")
        case "hash":
            return consistsOf(text, "")
        case "host":
            return consistsOf(text, ".-_")
        case "host:port":
        case "host[:port]":
            return isHostAndPort(text, row.type === "host:port")
        case "zone":
            return !!parseTimeZone(text)
        default:
            return true
    }
}

/** The value that a person's text stands for, undefined when the row does not allow it. */
export function parseValue(row: Row, text: string): number | string | undefined {
    let value: number | undefined
    switch (row.type) {
        case "flag":
            value = fieldIndex(switchNames, text.toLowerCase(), ",")
            // Every second name means on.
            if (value >= 0) value &= 1
            break
        case "number":
        case "count":
        case "timestamp":
            value = parseInteger(text)
            break
        case "enum":
            value = fieldIndex(row.unit, text, ",")
            break
        case "days":
            value = parseDays(text)
            break
        case "time":
            value = parseTime(text)
            break
        default:
            return textFits(row, text) ? text : undefined
    }
    return value >= row.min && value <= row.max ? value : undefined
}

/** The value as `set` takes it back; secrets only as "set" or "not set", timestamps in seconds. */
export function formatValue(row: Row, value: any): string {
    if (row.isSecret()) return value.length === 0 ? "not set" : "set"
    switch (row.type) {
        case "flag":
            return value === 1 ? "on" : "off"
        case "enum":
            return fieldAt(row.unit, value, ",")
        case "days":
            return formatDays(value)
        case "time":
            return formatTime(value)
        default:
            return "" + value
    }
}

/** What the row allows, for messages and help: "1–86400 s". */
export function formatAllowed(row: Row): string {
    const range = row.min + "\u2013" + row.max
    switch (row.type) {
        case "flag":
            return "on or off"
        case "enum":
            return "one of " + row.unit
        case "days":
            return "Mon,Tue\u2026, all, none or 0x00\u20130x7F"
        case "time":
            return "00:00\u201323:59"
        case "name":
            return range + " of A-Z a-z 0-9 _ -"
        case "zone":
            return timeZoneForms
        case "host":
            return "a host name or an IP address"
        case "host:port":
        case "host[:port]":
            return "empty or " + row.type
        case "text":
            return range + " bytes without control characters"
        case "secret":
        case "hash":
            return (row.min > 0 ? "empty or " : "") + range + " bytes without control characters"
        default:
            return row.unit.length === 0 ? range : range + " " + row.unit
    }
}
