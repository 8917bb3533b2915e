import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { offsetMinutesAt, parseTimeZone } from "../../../src/core/timezone"
import { intlOffsetMinutes } from "../../support/intloffset"

// Node's Intl, with its own IANA data, judges the rules.

type Judge = (seconds: number) => number

/** The first second of each new offset, found by bisection. */
function transitions(judge: Judge, from: number, to: number): number[] {
    const found: number[] = []
    for (let t = from; t < to; t += 7 * 86400) {
        let low = t
        let high = t + 7 * 86400
        if (judge(low) === judge(high)) continue
        while (high - low > 1) {
            const middle = Math.floor((low + high) / 2)
            if (judge(middle) === judge(low)) low = middle
            else high = middle
        }
        found.push(high)
    }
    return found
}

/** The rule for future years at the end of a zone file (RFC 8536 §3.3). */
function footer(zone: string): string {
    const lines = readFileSync(`/usr/share/zoneinfo/${zone}`, "latin1").split("\n")
    return lines[lines.length - 2]
}

const from2020 = Date.UTC(2020, 0, 1) / 1000
const to2041 = Date.UTC(2041, 0, 1) / 1000
const sixHours = 21600

// Zone, rule from the zone's file, first year of today's law, transitions up to 2040.
const zones: [string, string, number, number][] = [
    ["Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3", 2020, 42],
    ["Europe/London", "GMT0BST,M3.5.0/1,M10.5.0", 2020, 42],
    ["Europe/Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1", 2020, 42],
    ["Europe/Istanbul", "<+03>-3", 2020, 0],
    ["America/New_York", "EST5EDT,M3.2.0,M11.1.0", 2020, 42],
    ["America/Los_Angeles", "PST8PDT,M3.2.0,M11.1.0", 2020, 42],
    ["America/St_Johns", "NST3:30NDT,M3.2.0,M11.1.0", 2020, 42],
    ["America/Havana", "CST5CDT,M3.2.0/0,M11.1.0/1", 2020, 42],
    ["America/Santiago", "<-04>4<-03>,M9.1.6/24,M4.1.6/24", 2023, 36],
    ["America/Nuuk", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2024, 34],
    ["Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3", 2020, 42],
    ["Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 2020, 42],
    ["Pacific/Auckland", "NZST-12NZDT,M9.5.0,M4.1.0/3", 2020, 42],
    ["Pacific/Chatham", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", 2020, 42],
    ["Asia/Jerusalem", "IST-2IDT,M3.4.4/26,M10.5.0", 2020, 42],
    ["Asia/Kolkata", "IST-5:30", 2020, 0],
    ["Asia/Kathmandu", "<+0545>-5:45", 2020, 0],
    ["Asia/Tokyo", "JST-9", 2020, 0],
    ["Etc/UTC", "UTC0", 2020, 0],
]

describe("time zone rules and the zone data of Intl", () => {
    it.each(zones)("%s follows %s, every 6 h and around each change", (zone, text, year, count) => {
        const rule = parseTimeZone(text)!
        const judge = (seconds: number) => intlOffsetMinutes(zone, seconds)
        const from = Date.UTC(year, 0, 1) / 1000
        const moments = transitions(judge, from, to2041)
        expect(moments.length).toBe(count)
        const wrong: number[] = []
        const look = (seconds: number) => {
            if (offsetMinutesAt(rule, seconds) !== judge(seconds)) wrong.push(seconds)
        }
        for (const moment of moments)
            for (const apart of [-3601, -3600, -1, 0, 1, 3599, 3600]) look(moment + apart)
        for (let seconds = from; seconds < to2041; seconds += sixHours) look(seconds)
        expect(wrong).toEqual([])
    })

    it.runIf(existsSync("/usr/share/zoneinfo/Europe/Berlin"))(
        "the rules match the system's zone files",
        () => {
            for (const [zone, text] of zones)
                expect(`${zone} ${footer(zone)}`).toBe(`${zone} ${text}`)
        },
    )

    it.runIf(existsSync("/usr/share/zoneinfo/Europe/Berlin"))(
        "every rule in the system's zone files can be read",
        () => {
            const refused: string[] = []
            let count = 0
            for (const zone of Intl.supportedValuesOf("timeZone")) {
                if (!existsSync(`/usr/share/zoneinfo/${zone}`)) continue
                const text = footer(zone)
                if (!parseTimeZone(text)) refused.push(`${zone} ${text}`)
                ++count
            }
            expect(refused).toEqual([])
            expect(count).toBeGreaterThan(300)
        },
    )

    it("no rule describes Africa/Casablanca: its changes move through the year", () => {
        const judge = (seconds: number) => intlOffsetMinutes("Africa/Casablanca", seconds)
        const months = transitions(judge, from2020, to2041).map(t =>
            new Date(t * 1000).getUTCMonth(),
        )
        expect(new Set(months).size).toBeGreaterThan(4)
    })
})

/** The times in a year at which a rule's offset changes, as UTC text. */
function changes(text: string, year: number): string[] {
    const rule = parseTimeZone(text)!
    const from = Date.UTC(year, 0, 1) / 1000
    const to = Date.UTC(year + 1, 0, 1) / 1000
    return transitions(seconds => offsetMinutesAt(rule, seconds), from, to).map(seconds =>
        new Date(seconds * 1000).toISOString().slice(0, 16),
    )
}

// Days of the year count from 1 January, taken by hand from a calendar: day 60 is 1 March, or 29
// February.
describe("rules by the day of the year", () => {
    it.each<[string, number, string[]]>([
        // Jn never counts 29 February: J60 is 1 March, J300 27 October, in every year.
        ["CET-1CEST,J60,J300/3", 2027, ["2027-03-01T01:00", "2027-10-27T01:00"]],
        ["CET-1CEST,J60,J300/3", 2028, ["2028-03-01T01:00", "2028-10-27T01:00"]],
        ["CET-1CEST,J59,J300/3", 2028, ["2028-02-28T01:00", "2028-10-27T01:00"]],
        // n counts it, from 0: 59 is 1 March, in leap years 29 February.
        ["CET-1CEST,59,299/3", 2027, ["2027-03-01T01:00", "2027-10-27T01:00"]],
        ["CET-1CEST,59,299/3", 2028, ["2028-02-29T01:00", "2028-10-26T01:00"]],
        // The parts of a rule are independent: day and week forms can be mixed.
        ["EST5EDT,J100/1:30,M11.1.0", 2026, ["2026-04-10T06:30", "2026-11-01T06:00"]],
        // Iran's former rule: 00:00 on 21 March (22 in the Persian leap year), then 24 h after the
        // start of day J263.
        ["<+0330>-3:30<+0430>,J79/24,J263/24", 2021, ["2021-03-20T20:30", "2021-09-20T19:30"]],
    ])("%s in %d", (text, year, expected) => {
        expect(changes(text, year)).toEqual(expected)
    })

    it("can be summer time all year (RFC 8536 §3.3.1)", () => {
        for (const year of [2027, 2028]) expect(changes("EST5EDT,0/0,J365/25", year)).toEqual([])
        const rule = parseTimeZone("EST5EDT,0/0,J365/25")!
        for (const [month, day] of [
            [0, 1],
            [5, 15],
            [11, 31],
        ])
            expect(offsetMinutesAt(rule, Date.UTC(2027, month, day, 12) / 1000)).toBe(-240)
    })
})
