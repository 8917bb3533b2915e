import { describe, expect, it } from "vitest"
import { offsetMinutesAt, parseTimeZone } from "../../src/core/timezone"

/** Node's own zone data are the judge: minutes east of UTC in that zone at that moment. */
function judgeOf(zone: string): (seconds: number) => number {
    const format = new Intl.DateTimeFormat("en-US", {
        timeZone: zone,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
    })
    return seconds => {
        const part: Record<string, number> = {}
        for (const { type, value } of format.formatToParts(seconds * 1000))
            part[type] = Number(value)
        const local = Date.UTC(
            part.year,
            part.month - 1,
            part.day,
            part.hour,
            part.minute,
            part.second,
        )
        return (local / 1000 - seconds) / 60
    }
}

/** The seconds at which the judge's offset changes, found by halving. */
function transitions(judge: (seconds: number) => number, from: number, to: number): number[] {
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

const from2020 = Date.UTC(2020, 0, 1) / 1000
const to2040 = Date.UTC(2040, 11, 31) / 1000

// Rules as the zone files of IANA state them. A zone whose law changed after 2020 starts later.
const zones: [string, string, number, number][] = [
    ["Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3", from2020, 42],
    ["Europe/London", "GMT0BST,M3.5.0/1,M10.5.0", from2020, 42],
    ["America/New_York", "EST5EDT,M3.2.0,M11.1.0", from2020, 42],
    ["America/St_Johns", "NST3:30NDT,M3.2.0,M11.1.0", from2020, 42],
    ["Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3", from2020, 42],
    ["Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", from2020, 42],
    ["Pacific/Auckland", "NZST-12NZDT,M9.5.0,M4.1.0/3", from2020, 42],
    ["Pacific/Chatham", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", from2020, 42],
    ["Asia/Jerusalem", "IST-2IDT,M3.4.4/26,M10.5.0", from2020, 42],
    ["America/Nuuk", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", Date.UTC(2024, 0, 1) / 1000, 34],
    ["Europe/Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1", from2020, 42],
    ["America/Santiago", "<-04>4<-03>,M9.1.6/24,M4.1.6/24", Date.UTC(2023, 0, 1) / 1000, 36],
    ["Asia/Kathmandu", "<+0545>-5:45", from2020, 0],
    ["Europe/Istanbul", "<+03>-3", from2020, 0],
    ["Asia/Tokyo", "JST-9", from2020, 0],
    ["UTC", "UTC0", from2020, 0],
]

describe("time zone rules", () => {
    it.each(zones)("%s agrees with Node's zone data to 2040", (zone, text, from, count) => {
        const rule = parseTimeZone(text)!
        const judge = judgeOf(zone)
        const moments = transitions(judge, from, to2040)
        expect(moments.length).toBe(count)
        for (const moment of moments)
            for (const seconds of [moment - 3601, moment - 1, moment, moment + 3600])
                expect(offsetMinutesAt(rule, seconds)).toBe(judge(seconds))
        for (let seconds = from; seconds < to2040; seconds += 86400 * 3 + 4567)
            expect(offsetMinutesAt(rule, seconds)).toBe(judge(seconds))
    })

    it.each([
        ["+02:00", 120],
        ["-03:30", -210],
        ["+2", 120],
        ["+14:00", 840],
        ["UTC0", 0],
        ["<-03>3", -180],
    ])("%s is %d minutes all year", (text, minutes) => {
        const rule = parseTimeZone(text)!
        expect(offsetMinutesAt(rule, 1768435200)).toBe(minutes)
        expect(offsetMinutesAt(rule, 1784073600)).toBe(minutes)
    })

    it.each([
        "",
        "CET",
        "CE-1",
        "Europe/Berlin",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3,",
        "CET-1CEST,M13.5.0,M10.5.0/3",
        "CET-1CEST,M3.0.0,M10.5.0/3",
        "CET-1CEST,M3.6.0,M10.5.0/3",
        "CET-1CEST,M3.5.7,M10.5.0/3",
        "CET-1CEST,M3.5.0/168,M10.5.0/3",
        "CET-1CEST,J60,J300",
        "CET-25",
        "CET-1:60",
        "<+03-3",
        "<>3",
        "+",
        "+02:00x",
        "+02:",
        "02:00",
        "+99999999999999999999",
    ])("refuses %j", text => {
        expect(parseTimeZone(text)).toBeUndefined()
    })
})
