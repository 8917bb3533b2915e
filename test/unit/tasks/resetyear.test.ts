import { expect, test } from "vitest"
import { Key } from "../../../src/settings/keys"
import { ResetWorld } from "../../support/resetworld"

// A whole year, minute by minute, with some hundred starts of the board.

/** The dates of a year as text, by the host's calendar, for some weekdays (0 = Sunday). */
function datesOf(year: number, weekdays = [0, 1, 2, 3, 4, 5, 6]): string[] {
    const dates: string[] = []
    for (let date = new Date(Date.UTC(year, 0, 1)); date.getUTCFullYear() === year;) {
        if (weekdays.includes(date.getUTCDay())) dates.push(date.toISOString().slice(0, 10))
        date = new Date(date.getTime() + 86_400_000)
    }
    return dates
}

test("Berlin, a leap year and the days around it, every day at 02:30", async () => {
    const zone = "CET-1CEST,M3.5.0,M10.5.0/3"
    const world = await ResetWorld.start("Europe/Berlin", zone, "2027-12-30T12:00+01:00")
    await world.schedule("all", "02:30")
    await world.until("2029-01-01T12:00+01:00")
    // 26 March has no 02:30: the reset comes right after that hour. 29 October has two: the first
    // counts.
    const expected = datesOf(2028).map(date => {
        if (date === "2028-03-26") return "2028-03-26 03:00 +02:00"
        const summer = date > "2028-03-26" && date < "2028-10-30"
        return `${date} 02:30 ${summer ? "+02:00" : "+01:00"}`
    })
    expect(expected.length).toBe(366)
    expect(expected).toContain("2028-02-29 02:30 +01:00")
    expect(world.resets).toEqual([
        "2027-12-31 02:30 +01:00",
        ...expected,
        "2029-01-01 02:30 +01:00",
    ])
    expect(world.count()).toBe(368)
})

test("New York, Saturdays and Sundays at 01:30, up to the maximum", async () => {
    const zone = "EST5EDT,M3.2.0,M11.1.0"
    const world = await ResetWorld.start("America/New_York", zone, "2027-01-01T00:00-05:00")
    await world.schedule("Sat,Sun", "01:30")
    await world.set(Key.ResetMax, "100")
    await world.until("2028-01-01T00:00-05:00")
    // 2027 has 52 Saturdays and 52 Sundays; 7 November has 01:30 twice: the first counts.
    const expected = datesOf(2027, [0, 6]).map(date => {
        const summer = date > "2027-03-14" && date < "2027-11-08"
        return `${date} 01:30 ${summer ? "-04:00" : "-05:00"}`
    })
    expect(expected.length).toBe(104)
    expect(expected).toContain("2027-11-07 01:30 -04:00")
    expect(world.resets).toEqual(expected.slice(0, 100))
    expect(world.resets[99]).toBe("2027-12-12 01:30 -05:00")
})

test("Santiago, where the hours around midnight change, every day at 00:00", async () => {
    const zone = "<-04>4<-03>,M9.1.6/24,M4.1.6/24"
    const world = await ResetWorld.start("America/Santiago", zone, "2027-01-01T12:00-03:00")
    await world.schedule("all", "00:00")
    await world.until("2027-12-31T23:59-03:00")
    // 3 April has 23:00 to 24:00 twice; 5 September begins at 01:00.
    const expected = datesOf(2027).map(date => {
        if (date === "2027-09-05") return "2027-09-05 01:00 -03:00"
        const winter = date > "2027-04-03" && date < "2027-09-05"
        return `${date} 00:00 ${winter ? "-04:00" : "-03:00"}`
    })
    expect(world.resets).toEqual(expected.slice(1))
    expect(world.count()).toBe(364)
})

test("a year without a chosen day has only the uptime resets, which do not count", async () => {
    const world = await ResetWorld.start("Etc/UTC", "UTC0", "2027-01-01T00:00Z")
    await world.schedule("none", "00:00")
    world.lookMs = 3_600_000
    await world.until("2028-01-01T00:00Z")
    // Every 45 days. A start comes a little after the full hour of its reset, so the next reset
    // comes an hour later.
    expect(world.resets).toEqual([
        "2027-02-15 00:00 +00:00",
        "2027-04-01 01:00 +00:00",
        "2027-05-16 02:00 +00:00",
        "2027-06-30 03:00 +00:00",
        "2027-08-14 04:00 +00:00",
        "2027-09-28 05:00 +00:00",
        "2027-11-12 06:00 +00:00",
        "2027-12-27 07:00 +00:00",
    ])
    expect(world.count()).toBe(0)
})
