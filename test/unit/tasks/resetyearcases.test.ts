import { describe, expect, test } from "vitest"
import { TimeSource } from "../../../src/core/seams"
import { Key } from "../../../src/settings/keys"
import { type Cut, ResetWorld } from "../../support/resetworld"

// Each case by hand: the events, and the expected resets in local time. In 2027 Berlin's clocks
// change on the Sundays 28 March and 31 October; 4 January is a Monday.

async function berlin(iso: string): Promise<ResetWorld> {
    return await ResetWorld.start("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3", iso)
}

describe("summer time begins on 28 March at 02:00, which becomes 03:00", () => {
    test.each([
        ["01:59", "2027-03-28 01:59 +01:00"],
        ["02:00", "2027-03-28 03:00 +02:00"],
        ["02:59", "2027-03-28 03:00 +02:00"],
        ["03:00", "2027-03-28 03:00 +02:00"],
        ["03:01", "2027-03-28 03:01 +02:00"],
    ])("a reset at %s happens at %s", async (time, expected) => {
        const world = await berlin("2027-03-27T12:00+01:00")
        await world.schedule("Sun", time)
        await world.until("2027-03-29T12:00+02:00")
        expect(world.resets).toEqual([expected])
    })

    test("a start at 01:50 delays the reset of 02:30 by an hour of real time", async () => {
        const world = await berlin("2027-03-27T12:00+01:00")
        await world.schedule("Sun", "02:30")
        await world.until("2027-03-28T01:50+01:00")
        await world.losePower(0)
        await world.until("2027-03-29T12:00+02:00")
        expect(world.resets).toEqual(["2027-03-28 03:50 +02:00"])
    })

    test("a start at 03:05 is after a reset of 02:59", async () => {
        const world = await berlin("2027-03-27T12:00+01:00")
        await world.schedule("Sun", "02:59")
        await world.until("2027-03-28T01:59+01:00")
        await world.losePower(360)
        await world.until("2027-03-29T12:00+02:00")
        expect(world.resets).toEqual([])
    })
})

describe("summer time ends on 31 October at 03:00, which becomes 02:00", () => {
    test.each([
        ["01:59", "2027-10-31 01:59 +02:00"],
        ["02:00", "2027-10-31 02:00 +02:00"],
        ["02:59", "2027-10-31 02:59 +02:00"],
        ["03:00", "2027-10-31 03:00 +01:00"],
    ])("a reset at %s happens once, at %s", async (time, expected) => {
        const world = await berlin("2027-10-30T12:00+02:00")
        await world.schedule("Sun", time)
        await world.until("2027-11-01T12:00+01:00")
        expect(world.resets).toEqual([expected])
    })

    // An hour after the first of these starts it is 02:10 again: 02:30 is still to come.
    test.each([
        ["before the first 02:30", "2027-10-31T02:10+02:00", ["2027-10-31 02:30 +01:00"]],
        ["after the first 02:30", "2027-10-31T02:40+02:00", []],
        ["before the second 02:30", "2027-10-31T02:10+01:00", ["2027-10-31 03:10 +01:00"]],
        ["after the second 02:30", "2027-10-31T02:40+01:00", []],
    ])("a start %s", async (_title, start, expected) => {
        const world = await berlin(start)
        await world.schedule("Sun", "02:30")
        await world.until("2027-11-01T12:00+01:00")
        expect(world.resets).toEqual(expected)
    })

    test("a power cut in the first 02:30 is not followed by a reset in the second", async () => {
        const world = await berlin("2027-10-30T12:00+02:00")
        await world.schedule("Sun", "02:30")
        world.cut = "in the stop"
        await world.until("2027-11-01T12:00+01:00")
        expect(world.resets).toEqual([])
    })
})

test("where 23:00 to 24:00 comes twice, a reset of 23:30 happens in the first", async () => {
    const zone = "<-04>4<-03>,M9.1.6/24,M4.1.6/24"
    const world = await ResetWorld.start("America/Santiago", zone, "2027-04-03T12:00-03:00")
    await world.schedule("Sat,Sun", "23:30")
    await world.until("2027-04-05T12:00-04:00")
    expect(world.resets).toEqual(["2027-04-03 23:30 -03:00", "2027-04-04 23:30 -04:00"])
})

describe("calendar", () => {
    test("the leap day counts as an ordinary Tuesday", async () => {
        const world = await berlin("2028-02-20T12:00+01:00")
        await world.schedule("Tue", "12:00")
        await world.until("2028-03-10T12:00+01:00")
        expect(world.resets).toEqual([
            "2028-02-22 12:00 +01:00",
            "2028-02-29 12:00 +01:00",
            "2028-03-07 12:00 +01:00",
        ])
    })

    test("29 February 2096, near the end of the clock's range, works", async () => {
        const world = await berlin("2096-02-28T12:00+01:00")
        // A chip this far ahead is not believed before a person confirms the time.
        await world.setClock("2096-02-28T12:00+01:00")
        await world.schedule("all", "00:00")
        await world.until("2096-03-01T12:00+01:00")
        expect(world.resets).toEqual(["2096-02-29 00:00 +01:00", "2096-03-01 00:00 +01:00"])
    })

    test("the last minute of a year and the first of the next", async () => {
        const world = await berlin("2027-12-30T12:00+01:00")
        await world.schedule("all", "23:59")
        await world.until("2027-12-31T12:00+01:00")
        expect(world.resets).toEqual(["2027-12-30 23:59 +01:00"])
        await world.set(Key.ResetTime, "00:00")
        await world.until("2028-01-01T12:00+01:00")
        expect(world.resets.slice(1)).toEqual(["2028-01-01 00:00 +01:00"])
    })

    test("Monday is bit 0 and Sunday bit 6", async () => {
        const world = await berlin("2027-01-03T00:00+01:00")
        await world.schedule("0x41", "06:00")
        await world.until("2027-01-12T00:00+01:00")
        expect(world.resets).toEqual([
            "2027-01-03 06:00 +01:00",
            "2027-01-04 06:00 +01:00",
            "2027-01-10 06:00 +01:00",
            "2027-01-11 06:00 +01:00",
        ])
    })
})

describe("within an hour of a start", () => {
    test.each([
        ["at noon before", "2027-01-03T12:00+01:00", ["2027-01-04 03:00 +01:00"]],
        ["an hour before", "2027-01-04T02:00+01:00", ["2027-01-04 03:00 +01:00"]],
        ["half an hour before", "2027-01-04T02:30+01:00", ["2027-01-04 03:30 +01:00"]],
        ["a minute before", "2027-01-04T02:59+01:00", ["2027-01-04 03:59 +01:00"]],
        ["at the time", "2027-01-04T03:00+01:00", []],
        ["after it", "2027-01-04T03:10+01:00", []],
    ])("a start %s", async (_title, start, expected) => {
        const world = await berlin(start)
        await world.schedule("Mon", "03:00")
        await world.until("2027-01-10T00:00+01:00")
        expect(world.resets).toEqual(expected)
    })

    test("a reset delayed past midnight is dropped if the next day was not chosen", async () => {
        const world = await berlin("2027-01-04T23:15+01:00")
        await world.schedule("Mon", "23:30")
        await world.until("2027-01-12T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-11 23:30 +01:00"])
    })

    test("with both days chosen the next day has only its own reset", async () => {
        const world = await berlin("2027-01-04T23:15+01:00")
        await world.schedule("all", "23:30")
        await world.until("2027-01-06T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-05 23:30 +01:00"])
    })

    test("midnight belongs to the new day, and is delayed within it", async () => {
        const world = await berlin("2027-01-03T23:30+01:00")
        await world.schedule("Mon", "00:00")
        await world.until("2027-01-10T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-04 00:30 +01:00"])
    })

    test("another power cut delays it again, until an hour without one", async () => {
        const world = await berlin("2027-01-04T02:30+01:00")
        await world.schedule("Mon", "03:00")
        await world.until("2027-01-04T02:55+01:00")
        await world.losePower(10)
        await world.until("2027-01-10T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-04 03:56 +01:00"])
    })
})

describe("a reset with a long stop", () => {
    test("over midnight counts for the day on which it began", async () => {
        const world = await berlin("2027-01-04T22:59:45+01:00")
        world.lookMs = 5000
        world.stopMs = 16_000
        await world.schedule("Mon,Tue", "23:00")
        await world.until("2027-01-06T12:00+01:00")
        // The hour after the start ends at 23:59:45; the count is stored at 00:00:01.
        expect(world.resets).toEqual(["2027-01-04 23:59 +01:00", "2027-01-05 23:00 +01:00"])
    })

    test("that finds the chip 5 s before midnight counts for its own day", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        world.chipStepSeconds = -5
        await world.schedule("Sun,Mon", "00:00")
        await world.until("2027-01-05T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-04 00:00 +01:00"])
        expect(world.count()).toBe(1)
    })
})

describe("a power cut during the reset", () => {
    test.each<[Cut, number]>([
        ["in the stop", 0],
        ["before the count", 0],
        ["after the count", 1],
        ["after the cause", 1],
    ])("%s: no second reset that day, %i counted", async (cut, count) => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("Mon,Tue", "03:00")
        world.cut = cut
        await world.until("2027-01-05T00:00+01:00")
        expect(world.resets).toEqual([])
        expect(world.count()).toBe(count)
        await world.until("2027-01-06T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-05 03:00 +01:00"])
        expect(world.count()).toBe(count + 1)
    })

    test("without a clock chip, with the time known again two hours later", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("Mon", "03:00")
        world.cut = "before the count"
        await world.until("2027-01-04T02:59+01:00")
        world.chip.absent = true
        await world.live(2)
        expect(world.clock.trusted()).toBe(false)
        await world.setClock("2027-01-04T04:59+01:00", TimeSource.Http)
        await world.until("2027-01-10T00:00+01:00")
        expect(world.resets).toEqual([])
    })
})

describe("setting the clock", () => {
    test("back by two hours after the reset: no other that day", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("all", "03:00")
        await world.until("2027-01-04T04:30+01:00")
        await world.setClock("2027-01-04T02:30+01:00")
        await world.until("2027-01-05T12:00+01:00")
        expect(world.resets).toEqual(["2027-01-04 03:00 +01:00", "2027-01-05 03:00 +01:00"])
    })

    test("back and forth over the time of the reset: one", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("all", "12:00")
        await world.until("2027-01-04T13:30+01:00")
        for (const time of ["11:00", "14:00", "11:59", "13:00", "10:00"]) {
            await world.setClock(`2027-01-04T${time}+01:00`)
            await world.live(1)
        }
        await world.until("2027-01-05T13:00+01:00")
        expect(world.resets).toEqual(["2027-01-04 12:00 +01:00", "2027-01-05 12:00 +01:00"])
    })

    test("back by three days: none until the day after the last one", async () => {
        const world = await berlin("2027-01-06T12:00+01:00")
        await world.schedule("all", "03:00")
        await world.until("2027-01-07T12:00+01:00")
        await world.setClock("2027-01-04T01:00+01:00")
        await world.until("2027-01-09T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-07 03:00 +01:00", "2027-01-08 03:00 +01:00"])
    })

    test("back by more than 31 days: the last date was wrong, the schedule continues", async () => {
        const world = await berlin("2027-06-01T12:00+02:00")
        await world.schedule("all", "03:00")
        await world.until("2027-06-02T12:00+02:00")
        await world.setClock("2027-01-04T01:00+01:00")
        await world.until("2027-01-06T00:00+01:00")
        expect(world.resets).toEqual([
            "2027-06-02 03:00 +02:00",
            "2027-01-04 03:00 +01:00",
            "2027-01-05 03:00 +01:00",
        ])
    })

    test("forwards over the time, with a start before it: at once", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("Mon", "03:00")
        await world.until("2027-01-04T01:00+01:00")
        await world.setClock("2027-01-04T05:00+01:00")
        await world.until("2027-01-10T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-04 05:01 +01:00"])
    })

    test("forwards, so that the start is after the time: none that day", async () => {
        const world = await berlin("2027-01-04T00:00+01:00")
        await world.schedule("Mon", "03:00")
        await world.until("2027-01-04T01:00+01:00")
        await world.setClock("2027-01-04T05:00+01:00")
        await world.until("2027-01-10T00:00+01:00")
        expect(world.resets).toEqual([])
    })

    test("forwards over a whole chosen day: none for that day", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("Mon", "03:00")
        await world.until("2027-01-03T22:00+01:00")
        await world.setClock("2027-01-05T01:00+01:00")
        await world.until("2027-01-12T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-11 03:00 +01:00"])
    })
})

describe("an untrusted clock", () => {
    /** A board without its chip that starts on the flash's time. */
    async function untrusted(): Promise<ResetWorld> {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("all", "03:00")
        await world.until("2027-01-03T14:10+01:00")
        world.chip.absent = true
        await world.losePower(600)
        // The flash has the last full hour of uptime, when the chip could still be read.
        expect(world.clock.trusted()).toBe(false)
        return world
    }

    test("for days: no reset at all", async () => {
        const world = await untrusted()
        await world.live(72)
        expect(world.resets).toEqual([])
    })

    test("until later that day: the reset is made up for", async () => {
        const world = await untrusted()
        await world.live(20)
        await world.setClock("2027-01-04T10:20+01:00", TimeSource.Http)
        await world.live(1)
        expect(world.resets).toEqual(["2027-01-04 10:21 +01:00"])
    })

    test("until 1.5 h after a start past the time: the reset is not made up for", async () => {
        const world = await untrusted()
        await world.losePower(14 * 3600)
        await world.live(1.5)
        await world.setClock("2027-01-04T05:50+01:00", TimeSource.Http)
        await world.live(20)
        expect(world.resets).toEqual([])
    })
})

describe("a change of the schedule", () => {
    test("to a past time today is not made up for", async () => {
        const world = await berlin("2027-01-04T00:00+01:00")
        await world.schedule("Mon", "20:00")
        await world.until("2027-01-04T12:00+01:00")
        await world.set(Key.ResetTime, "11:00")
        await world.until("2027-01-12T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-11 11:00 +01:00"])
    })

    test("to a later time counts, but with at most one reset per day", async () => {
        const world = await berlin("2027-01-04T00:00+01:00")
        await world.schedule("Mon", "11:00")
        await world.until("2027-01-04T12:30+01:00")
        await world.set(Key.ResetTime, "20:00")
        await world.until("2027-01-05T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-04 11:00 +01:00"])
        await world.set(Key.ResetDays, "Tue")
        await world.until("2027-01-06T00:00+01:00")
        expect(world.resets.slice(1)).toEqual(["2027-01-05 20:00 +01:00"])
    })

    test("to off ends resets, and none is made up for when on again", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("all", "03:00")
        await world.set(Key.ResetEnable, "off")
        await world.until("2027-01-05T12:00+01:00")
        await world.set(Key.ResetEnable, "on")
        await world.until("2027-01-06T12:00+01:00")
        expect(world.resets).toEqual(["2027-01-06 03:00 +01:00"])
    })

    test("of the zone does not reset at once", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("Mon", "00:00")
        await world.until("2027-01-04T10:00+01:00")
        // There it is 04:00 on Monday, and the reset was on Sunday at 18:00.
        await world.set(Key.TimeZone, "EST5EDT,M3.2.0,M11.1.0")
        await world.until("2027-01-12T00:00+01:00")
        expect(world.resets).toEqual(["2027-01-04 00:00 +01:00", "2027-01-11 06:00 +01:00"])
    })
})

describe("the maximum number of resets", () => {
    test("ends them; a higher one, or a cleared count, resumes with the next day", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("all", "03:00")
        await world.set(Key.ResetMax, "2")
        await world.until("2027-01-08T12:00+01:00")
        const two = ["2027-01-04 03:00 +01:00", "2027-01-05 03:00 +01:00"]
        expect(world.resets).toEqual(two)
        await world.set(Key.ResetMax, "3")
        await world.until("2027-01-10T12:00+01:00")
        const three = [...two, "2027-01-09 03:00 +01:00"]
        expect(world.resets).toEqual(three)
        await world.settings.apply([Key.ResetCount], [0])
        await world.until("2027-01-11T12:00+01:00")
        expect(world.resets).toEqual([...three, "2027-01-11 03:00 +01:00"])
        expect(world.count()).toBe(1)
    })

    test("of one allows one", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("all", "03:00")
        await world.set(Key.ResetMax, "1")
        await world.until("2027-01-07T12:00+01:00")
        expect(world.resets).toEqual(["2027-01-04 03:00 +01:00"])
    })

    test("does not include resets that a power cut ended before they were counted", async () => {
        const world = await berlin("2027-01-03T12:00+01:00")
        await world.schedule("all", "03:00")
        await world.set(Key.ResetMax, "1")
        world.cut = "before the count"
        await world.until("2027-01-07T12:00+01:00")
        expect(world.resets).toEqual(["2027-01-05 03:00 +01:00"])
    })
})
