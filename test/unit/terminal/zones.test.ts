import { describe, expect, it } from "vitest"
import { translated } from "../../../console/translation"
import { posixZone } from "../../../console/zones"
import { offsetMinutesAt, parseTimeZone } from "../../../src/core/timezone"
import { intlOffsetMinutes } from "../../support/intloffset"

const now = Date.UTC(2026, 10, 30)

describe("a zone by its IANA name", () => {
    it.each([
        ["Europe/Berlin", "<+01>-1<+02>,M3.5.0,M10.5.0/3"],
        ["europe/london", "<+00>0<+01>,M3.5.0/1,M10.5.0"],
        ["America/New_York", "<-05>5<-04>,M3.2.0,M11.1.0"],
        ["EST5EDT", "<-05>5<-04>,M3.2.0,M11.1.0"],
        ["Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"],
        ["America/Santiago", "<-04>4<-03>,M9.1.6/24,M4.1.6/24"],
        ["Asia/Kolkata", "+05:30"],
        ["UTC", "+00:00"],
    ])("%s is %s", (zone, rule) => {
        expect(posixZone(zone, now)).toBe(rule)
    })

    it("is right for every existing zone, or refused", { timeout: 120_000 }, () => {
        const refused: string[] = []
        for (const zone of Intl.supportedValuesOf("timeZone")) {
            let text: string | undefined
            try {
                text = posixZone(zone, now)
            } catch {
                refused.push(zone)
                continue
            }
            expect(text!.length, zone).toBeLessThanOrEqual(63)
            const rule = parseTimeZone(text!)!
            expect(rule, `${zone}: ${text}`).toBeDefined()
            // In 2028, at hours without a change.
            for (
                let ms = Date.UTC(2028, 0, 1, 11, 30);
                ms < Date.UTC(2029, 0, 1);
                ms += 23 * 86_400_000
            )
                expect(offsetMinutesAt(rule, ms / 1000), `${zone} ${text}`).toBe(
                    intlOffsetMinutes(zone, ms / 1000),
                )
        }
        // Their clocks change with Ramadan.
        expect(refused.length).toBeLessThan(8)
        expect(refused).toContain("Africa/Casablanca")
    })

    it("has no rule if it does not exist, or is itself a rule", () => {
        for (const text of [
            "Europe/Nowhere",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "+02:00",
            "UTC0",
            "EST5",
        ])
            expect(posixZone(text, now), text).toBeUndefined()
    })
})

describe("a line for the board", () => {
    it("has the rule in place of the zone's name, with a remark", () => {
        const rule = "<+01>-1<+02>,M3.5.0,M10.5.0/3"
        for (const zone of ["Europe/Berlin", '"Europe/Berlin"'])
            expect(translated(`set time.zone ${zone}`, now)).toEqual({
                line: `set time.zone ${rule}`,
                remark: `Europe/Berlin is ${rule}`,
            })
        expect(translated("set time.zone Africa/Casablanca", now).refusal).toMatch(
            /^Africa\/Casablanca: its clock changes follow no yearly rule; set the offset, such as \+0\d:00/,
        )
    })

    it("has the short names of days", () => {
        expect(translated("set reset.days Sunday,thursday,Mon", now).line).toBe(
            "set reset.days Sun,thu,Mon",
        )
    })

    it("is otherwise unchanged, to the byte", () => {
        const bytes = Uint8Array.of(0x73, 0xff, 0x00)
        for (const line of ["set user.address Sunday", "set time.zone UTC0", "status", bytes])
            expect(translated(line, now)).toEqual({ line })
        expect(translated("set reset.days someday", now).line).toBe("set reset.days someday")
    })
})
