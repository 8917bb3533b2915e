import { describe, expect, it } from "vitest"
import {
    civilFromSeconds,
    fatStamp,
    formatDateTime,
    formatOffset,
    parseDateTime,
    parseHttpDate,
    secondsFromCivil,
} from "../../../src/core/calendar"

/** Node's answer for the same second. */
function judge(seconds: number) {
    const date = new Date(seconds * 1000)
    return {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
        weekday: (date.getUTCDay() + 6) % 7,
    }
}

describe("calendar", () => {
    it("agrees with Node on every day from 1899 to 2201, at varying times of day", () => {
        const first = Date.UTC(1899, 0, 1) / 1000
        const last = Date.UTC(2201, 11, 31) / 1000
        const wrong: number[] = []
        for (let day = first, i = 0; day <= last; day += 86400, ++i) {
            const seconds = day + ((i * 7919) % 86400)
            const civil = civilFromSeconds(seconds)
            const { year, month, day: d, hour, minute, second } = civil
            const back = secondsFromCivil(year, month, d, hour, minute, second)
            if (back !== seconds || JSON.stringify(civil) !== JSON.stringify(judge(seconds)))
                wrong.push(seconds)
        }
        expect(wrong).toEqual([])
    })

    it.each([
        ["the epoch", 0],
        ["the second before the epoch", -1],
        ["the first second of the year 1", -62135596800],
        ["the last second of the year 9999", 253402300799],
        ["the leap day of 2000", 951782400],
        ["28 February 2100, which has no leap day", 4107456000],
        ["the end of signed 32-bit time", 2147483647],
        ["the second after it", 2147483648],
        ["the end of unsigned 32-bit time", 4294967295],
    ])("splits %s into its fields", (_title, seconds) => {
        expect(civilFromSeconds(seconds)).toEqual(judge(seconds))
        expect(formatDateTime(seconds)).toBe(
            new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " "),
        )
    })

    it("rounds fractions of a second down", () => {
        expect(formatDateTime(59.999)).toBe("1970-01-01 00:00:59")
        expect(formatDateTime(-0.5)).toBe("1969-12-31 23:59:59")
    })

    it.each([
        ["2026-11-22 10:11:12", Date.UTC(2026, 10, 22, 10, 11, 12) / 1000],
        ["2028-02-29 23:59:59", Date.UTC(2028, 1, 29, 23, 59, 59) / 1000],
        ["2026-11-22", Date.UTC(2026, 10, 22) / 1000],
        ["2106-02-07 06:28:16", 4294967296],
        ["2026-02-29 00:00:00", undefined],
        ["2100-02-29", undefined],
        ["2026-13-01 00:00:00", undefined],
        ["2026-00-10 00:00:00", undefined],
        ["2026-04-31", undefined],
        ["2026-11-22 24:00:00", undefined],
        ["2026-11-22 10:60:00", undefined],
        ["2026-11-22 10:11:60", undefined],
        ["2026-11-22 10:11", undefined],
        ["2026-11-22 10:11:12 ", undefined],
        ["2026-11-22 10:11:12.5", undefined],
        ["2026/11/22 10:11:12", undefined],
        ["2026-11-22X10:11:12", undefined],
        ["26-11-22 10:11:12", undefined],
        ["-026-11-22 10:11:12", undefined],
        ["20261122", undefined],
        ["", undefined],
        ["yesterday", undefined],
        ["9".repeat(40), undefined],
    ])("reads %j as %s", (text, expected) => {
        expect(parseDateTime(text)).toBe(expected)
    })

    it.each([
        ["Sun, 06 Nov 1994 08:49:37 GMT", 784111777],
        ["Thu, 31 Dec 2099 23:59:59 GMT", Date.UTC(2099, 11, 31, 23, 59, 59) / 1000],
        ["Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29) / 1000],
        ["Wed, 29 Feb 2023 00:00:00 GMT", undefined],
        ["Sun, 06 Nov 1994 08:49:37", undefined],
        ["Sun, 06 Nov 1994 08:49:37 CET", undefined],
        ["Sun, 06 Foo 1994 08:49:37 GMT", undefined],
        ["Sun, 06 anF 1994 08:49:37 GMT", undefined],
        ["Sunday, 06-Nov-94 08:49:37 GMT", undefined],
        ["Sun Nov  6 08:49:37 1994", undefined],
        ["", undefined],
    ])("reads the HTTP date %j as %s", (text, expected) => {
        expect(parseHttpDate(text)).toBe(expected)
    })

    // Date word (year since 1980, month, day), then time word (hours, minutes, seconds / 2).
    it.each([
        ["1980-01-01 00:00:00", 0x00210000],
        ["2026-11-22 10:11:12", 0x5d765166],
        ["2026-11-22 10:11:13", 0x5d765166],
        ["2028-02-29 12:30:58", 0x605d63dd],
        ["2107-12-31 23:59:59", 0xff9fbf7d],
    ])("makes the file stamp of %s", (text, stamp) => {
        expect(fatStamp(parseDateTime(text)!)).toBe(stamp)
    })

    it.each([
        [0, "+00:00"],
        [120, "+02:00"],
        [-210, "-03:30"],
        [345, "+05:45"],
        [840, "+14:00"],
    ])("writes an offset of %d minutes as %s", (minutes, text) => {
        expect(formatOffset(minutes)).toBe(text)
    })
})
