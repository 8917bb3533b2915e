import { fieldAt, fieldIndex, formatDigits, padStart, parseInteger, printable } from "../core/text"
import { parseTimeZone, timeZoneForms } from "../core/timezone"
import { Row } from "./schema"

const dayNames = "Mon,Tue,Wed,Thu,Fri,Sat,Sun"
const switchNames = "off,on,no,yes,false,true,0,1"

const plainCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** True if all characters are ASCII letters, digits, hyphens, underscores or among `others`. */
export function consistsOf(text: string, others: string): boolean {
    const allowed = plainCharacters + others
    for (let i = 0; i < text.length; ++i) if (allowed.indexOf(text[i]) < 0) return false
    return true
}

/** A host name or address and a port, which `portNeeded` makes mandatory; "" fits too. */
function isHostAndPort(text: string, portNeeded: boolean): boolean {
    const colon = text.indexOf(":")
    if (text.length === 0) return true
    if (colon < 0) return !portNeeded && consistsOf(text, ".")
    const port = parseInteger(text.slice(colon + 1))
    return colon > 0 && port >= 1 && port <= 65535 && consistsOf(text.slice(0, colon), ".")
}

function parseDays(text: string): number | undefined {
    const lower = text.toLowerCase()
    if (lower === "all") return 127
    if (lower === "none") return 0
    if (lower.startsWith("0x")) {
        const byte = Buffer.from(lower.slice(2), "hex")
        // Formatting must give the same, since invalid characters are skipped silently.
        return byte.toString("hex") === lower.slice(2) && byte.length === 1 ? byte[0] : undefined
    }
    let bits = 0
    let rest = lower + ","
    while (rest.length !== 0) {
        const comma = rest.indexOf(",")
        const day = fieldIndex("mon,tue,wed,thu,fri,sat,sun", rest.slice(0, comma), ",")
        if (day < 0) return undefined
        bits |= 1 << day
        rest = rest.slice(comma + 1)
    }
    return bits
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
    // Formatting must give the same: that checks minutes, signs and surplus digits.
    return minutes >= 0 && formatTime(minutes) === padStart(text, 5, "0") ? minutes : undefined
}

/** True if a text value fits its row. CR, LF and NUL never fit. */
export function textFits(row: Row, text: string): boolean {
    // Characters first: a text that is far too long is not copied to count its bytes.
    if (printable(text, row.max) !== text) return false
    const bytes = Buffer.from(text).length
    if (bytes > row.max || (bytes < row.min && (bytes !== 0 || !row.isSecret))) return false
    switch (row.type) {
        case "name":
        case "hash":
            return consistsOf(text, "")
        case "host":
            return consistsOf(text, ".")
        case "host:port":
        case "host[:port]":
            return isHostAndPort(text, row.type === "host:port")
        case "folder":
            return text[0] !== "/" && (text + "/").indexOf("//") < 0 && text.indexOf("..") < 0
        case "zone":
            return !!parseTimeZone(text)
        default:
            return true
    }
}

/** Parses a user's text, undefined if the row does not allow it. */
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

/** The value as `set` accepts it; secrets only as "set" or "not set", timestamps in seconds. */
export function formatValue(row: Row, value: any): string {
    if (row.isSecret) return value ? "set" : "not set"
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

/** By type; the first is for all types not listed. "#" is the range with its unit. */
const allowedTypes = ",flag,days,time,name,host,host:port,host[:port],folder,text,secret,hash"
const allowedForms =
    "#|on or off|Mon,Tue\u2026, all, none or 0x00\u20130x7F|00:00\u201323:59|# of A-Z a-z 0-9 _ -|" +
    "a host name or IP address|empty or host:port|empty or host[:port]|" +
    "# bytes of folder names with / between them, no ..|" +
    "# bytes without control characters|empty or # bytes without control characters|" +
    "a hash made by passwd"

/** The row's allowed values, for messages and help: "1–86400 s". */
export function formatAllowed(row: Row): string {
    if (row.type === "enum") return "one of " + row.unit
    if (row.type === "zone") return timeZoneForms
    const form = fieldAt(allowedForms, fieldIndex(allowedTypes, row.type, ","), "|")
    const at = form.indexOf("#")
    if (at < 0) return form
    const unit = row.unit.length === 0 ? "" : " " + row.unit
    return form.slice(0, at) + row.min + "\u2013" + row.max + unit + form.slice(at + 1)
}
