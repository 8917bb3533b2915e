import { describe, expect, it } from "vitest"
import { withHostTime } from "../../../console/hosttime"
import { offsetMinutesAt, parseTimeZone } from "../../../src/core/timezone"
import { ConsoleBench } from "../../support/consoleparts"

const noon = Date.UTC(2026, 10, 22, 12, 0, 0)

describe("the console's PC as a clock", () => {
    it.each(["time set now", "  time  set\tnow ", new TextEncoder().encode("time set now")])(
        "sends its time for %j",
        line => {
            expect(withHostTime(line, noon + 499)).toBe("time set @1795348800")
            expect(withHostTime(line, noon + 500)).toBe("time set @1795348801")
        },
    )

    it.each(["time", "time sync", "time set 2026-11-22 12:00:00", "time set nowhere", "set now"])(
        "leaves %j alone",
        line => {
            expect(withHostTime(line, noon)).toBe(line)
        },
    )

    it("leaves bytes that are not UTF-8 alone", () => {
        const bytes = Uint8Array.of(0x73, 0xff, 0x00)
        expect(withHostTime(bytes, noon)).toBe(bytes)
    })
})

describe("time set @", () => {
    it("sets Unix seconds as a person's time, whatever the zone", async () => {
        const bench = new ConsoleBench()
        expect(await bench.run("time set @1795348800")).toBe("ok\n")
        expect(bench.acts).toEqual(["offer 1795348800 4"])
    })
})

// Each time by hand: Berlin's local time is UTC + 1 h, in summer + 2 h.
describe("time set with local time", () => {
    const berlin = "CET-1CEST,M3.5.0,M10.5.0/3"
    const newYork = "EST5EDT,M3.2.0,M11.1.0"
    it.each([
        ["in winter", berlin, "2027-01-15 12:00:00", "2027-01-15T11:00Z"],
        ["in summer", berlin, "2027-07-15 12:00:00", "2027-07-15T10:00Z"],
        ["before the skipped hour", berlin, "2027-03-28 01:59:59", "2027-03-28T00:59:59Z"],
        ["in the skipped hour", berlin, "2027-03-28 02:30:00", "2027-03-28T01:30Z"],
        ["after the skipped hour", berlin, "2027-03-28 03:00:00", "2027-03-28T01:00Z"],
        ["before the repeated hour", berlin, "2027-10-31 01:59:59", "2027-10-30T23:59:59Z"],
        ["in it, east of Greenwich", berlin, "2027-10-31 02:30:00", "2027-10-31T01:30Z"],
        ["after the repeated hour", berlin, "2027-10-31 03:00:00", "2027-10-31T02:00Z"],
        ["in it, west of Greenwich", newYork, "2027-11-07 01:30:00", "2027-11-07T05:30Z"],
        ["west, after the skipped hour", newYork, "2027-03-14 03:00:00", "2027-03-14T07:00Z"],
        ["west, before it", newYork, "2027-03-14 01:59:59", "2027-03-14T06:59:59Z"],
    ])("%s", async (_title, zone, local, utc) => {
        const rule = parseTimeZone(zone)!
        const bench = new ConsoleBench()
        const offsetMinutes = (seconds: number) => offsetMinutesAt(rule, seconds)
        Object.assign(bench.clock, { offsetMinutes })
        expect(await bench.run(`time set ${local}`)).toBe("ok\n")
        expect(bench.acts).toEqual([`offer ${Date.parse(utc) / 1000} 4`])
    })
})
