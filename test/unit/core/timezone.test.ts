import { describe, expect, it } from "vitest"
import { offsetMinutesAt, parseTimeZone } from "../../../src/core/timezone"

describe("time zone rules", () => {
    it.each([
        ["+02:00", 120],
        ["-03:30", -210],
        ["+2", 120],
        ["+14:00", 840],
        ["UTC0", 0],
        ["<-03>3", -180],
        ["CET-1:00:00", 60],
    ])("%s is %d minutes all year", (text, minutes) => {
        const rule = parseTimeZone(text)!
        expect(offsetMinutesAt(rule, 1768435200)).toBe(minutes)
        expect(offsetMinutesAt(rule, 1784073600)).toBe(minutes)
    })

    it("reads times with seconds only if the seconds are zero", () => {
        const long = parseTimeZone("EST+5:00:00EDT+4:00:00,M3.2.0/2:00:00,M11.1.0/2:00:00")
        expect(long).toEqual(parseTimeZone("EST5EDT,M3.2.0,M11.1.0"))
        expect(parseTimeZone("EST5EDT,M3.2.0/2:00:01,M11.1.0")).toBeUndefined()
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
        "CET-1CEST,J60",
        "CET-1CEST,J0,J300",
        "CET-1CEST,J60,J366",
        "CET-1CEST,366,59",
        "CET-1CEST,,59",
        "CET-1CEST,K60,59",
        "CET-1CEST,-1,59",
        "CET-1:00:30",
        "CET-1:00:00:00",
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
