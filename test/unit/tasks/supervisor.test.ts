import { beforeEach, describe, expect, test } from "vitest"
import { offsetMinutesAt, parseTimeZone } from "../../../src/core/timezone"
import { Key } from "../../../src/settings/keys"
import { resetIsDue, StartCause, startCauseName } from "../../../src/tasks/supervisor"
import { at, SupervisorBoard } from "../../support/supervisorboard"

describe("the decision", () => {
    const monday = 1
    const hours = 3600
    // 2026-11-23 is a Monday.
    test.each<[string, number, number, string, string, number, boolean]>([
        ["at the time", monday, 600, "2026-11-23 10:00", "", 24 * hours, true],
        ["a minute early", monday, 600, "2026-11-23 09:59", "", 24 * hours, false],
        [
            "later that day, if it was not possible in time",
            monday,
            600,
            "2026-11-23 18:00",
            "",
            24 * hours,
            true,
        ],
        ["on another day", monday, 600, "2026-11-24 10:00", "", 24 * hours, false],
        ["on Sunday, the last bit", 64, 0, "2026-11-22 00:00", "", 24 * hours, true],
        ["on no day", 0, 0, "2026-11-23 00:00", "", 24 * hours, false],
        ["at midnight", monday, 0, "2026-11-23 00:00", "", 24 * hours, true],
        ["started after the time", monday, 600, "2026-11-23 18:00", "", 7 * hours, false],
        ["started just before the time", monday, 600, "2026-11-23 11:00", "", 2 * hours, true],
        [
            "already made today",
            monday,
            600,
            "2026-11-23 10:01",
            "2026-11-23 10:00",
            24 * hours,
            false,
        ],
        ["made a week ago", monday, 600, "2026-11-23 10:00", "2026-11-16 10:00", 24 * hours, true],
        [
            "clock set back by a day since the last one",
            127,
            600,
            "2026-11-23 10:00",
            "2026-11-24 10:00",
            48 * hours,
            false,
        ],
        [
            "last one dated by a clock in the far future",
            monday,
            600,
            "2026-11-23 10:00",
            "2035-01-01 00:00",
            24 * hours,
            true,
        ],
    ])("%s", (_, days, minutes, now, last, waited, due) => {
        const since = at(now) - waited
        expect(resetIsDue(days, minutes, at(now), last ? at(last) : 0, since)).toBe(due)
    })
})

let board: SupervisorBoard

beforeEach(async () => {
    board = new SupervisorBoard()
    await board.boot(at("2026-11-22 10:00"))
})

describe("the scheduled reset", () => {
    test("happens on the chosen days, and counts", async () => {
        await board.schedule("Mon,Thu", "03:00")
        // 2026-11-22 is a Sunday.
        expect(await board.live(10 * 1440)).toEqual([
            "2026-11-23 03:00",
            "2026-11-26 03:00",
            "2026-11-30 03:00",
        ])
        expect(board.settings.number(Key.ResetCount)).toBe(3)
        const late = board.settings.number(Key.ResetLast) - at("2026-11-30 03:00")
        expect(late).toBeGreaterThanOrEqual(0)
        expect(late).toBeLessThan(60)
        expect(board.supervisor.cause).toBe(StartCause.Scheduled)
    })

    test("follows local time across summer time", async () => {
        const rule = parseTimeZone("CET-1CEST,M3.5.0,M10.5.0/3")!
        board.clock.offset = seconds => offsetMinutesAt(rule, seconds)
        // The last Sunday of March 2027 is the 28th: it has no 02:30.
        await board.boot(at("2027-03-26 12:00"))
        await board.schedule("all", "02:30")
        expect(await board.live(3 * 1440)).toEqual([
            "2027-03-27 02:30",
            "2027-03-28 03:00",
            "2027-03-29 02:30",
        ])
        // The last Sunday of October 2027 is the 31st: it has 02:30 twice.
        await board.boot(at("2027-10-30 12:00"))
        expect(await board.live(2 * 1440)).toEqual(["2027-10-31 02:30", "2027-11-01 02:30"])
    })

    test("happens on a leap day and at the turn of the year", async () => {
        await board.boot(at("2027-12-30 12:00"))
        await board.schedule("all", "00:00")
        expect(await board.live(2 * 1440)).toEqual(["2027-12-31 00:00", "2028-01-01 00:00"])
        await board.boot(at("2028-02-28 12:00"))
        expect(await board.live(2 * 1440)).toEqual(["2028-02-29 00:00", "2028-03-01 00:00"])
    })

    test("ends at the maximum number of resets", async () => {
        await board.schedule("all", "00:00")
        await board.settings.apply([Key.ResetMax], [2])
        expect((await board.live(6 * 1440)).length).toBe(2)
        await board.settings.apply([Key.ResetCount], [0])
        expect((await board.live(6 * 1440)).length).toBe(2)
    })

    test("is delayed to an hour after a start", async () => {
        await board.schedule("Mon", "03:00")
        await board.boot(at("2026-11-23 02:30"))
        expect(await board.live(1440)).toEqual(["2026-11-23 03:30"])
    })

    test("is skipped on a day when the board starts after its time", async () => {
        await board.schedule("Mon", "03:00")
        await board.boot(at("2026-11-23 03:01"))
        expect(await board.live(6 * 1440)).toEqual([])
    })

    test("does not happen twice for one day when the clock is set back", async () => {
        await board.schedule("all", "03:00")
        expect(await board.live(24 * 60)).toEqual(["2026-11-23 03:00"])
        board.clock.move(-8 * 3600)
        expect(await board.live(7 * 60)).toEqual([])
        board.clock.move(-30 * 3600)
        expect(await board.live(30 * 60)).toEqual([])
    })

    test("waits for a trusted clock until later that day", async () => {
        await board.schedule("Mon", "03:00")
        board.clock.isTrusted = false
        expect(await board.live(20 * 60)).toEqual([])
        board.clock.isTrusted = true
        expect(await board.live(60)).toEqual(["2026-11-23 06:01"])
    })

    test("is not made up for when its time is set into the past", async () => {
        expect(await board.live(120)).toEqual([])
        await board.schedule("Sun", "11:00")
        expect(await board.live(6 * 60)).toEqual([])
    })

    test("is lost, but not doubled, by a power cut before the count is stored", async () => {
        await board.schedule("Mon", "03:00")
        await board.boot(at("2026-11-22 20:00"))
        board.shutdown = () => new Promise(() => undefined)
        board.ticks.block(7 * 3_600_000)
        void board.supervisor.check()
        await board.ticks.advance(1000)
        // The power is cut and restored while the card is being synced.
        board.shutdown = async () => undefined
        await board.boot(at("2026-11-23 03:01"))
        expect(await board.live(6 * 1440)).toEqual([])
        expect(board.settings.number(Key.ResetCount)).toBe(0)
    })
})

describe("a reset", () => {
    test("stops the work, then stores, then reboots", async () => {
        await board.schedule("all", "11:30")
        board.shutdown = async () => {
            board.events.push(`shutdown ${board.settings.number(Key.ResetCount)}`)
            await board.ticks.sleep(700)
            board.events.push("done")
        }
        board.ticks.block(2 * 3_600_000)
        await board.ticks.finish(board.supervisor.check())
        expect(board.events).toEqual(["shutdown 0", "done", "tell", "reboot"])
        expect(board.settings.number(Key.ResetCount)).toBe(1)
    })

    test("does not wait for ever for the work", async () => {
        board.shutdown = () => new Promise(() => undefined)
        const begin = board.ticks.nowMs()
        await board.ticks.finish(board.supervisor.reset(StartCause.Console))
        expect(board.events).toEqual(["tell", "reboot"])
        expect(board.ticks.nowMs() - begin).toBeLessThan(31_000)
    })

    test("happens even if the work or the flash fails", async () => {
        board.shutdown = async () => {
            throw new Error("card is gone")
        }
        board.flash.failWrites = 5
        await board.ticks.finish(board.supervisor.reset(StartCause.Console))
        expect(board.reboots).toBe(1)
        expect(board.log).toEqual([
            "reset: console",
            "reset: card is gone",
            "reset: flash: boot was not stored",
        ])
    })

    test("still happens after a failed check", async () => {
        await board.schedule("Sun", "11:30")
        board.flash.failWrites = 1
        void board.supervisor.run()
        await board.ticks.advance(63_000)
        expect(board.log).toEqual(["supervisor: flash: boot was not stored"])
        board.ticks.block(2 * 3_600_000)
        await board.ticks.advance(10_000)
        expect(board.reboots).toBe(1)
    })

    test("still happens with a silent flash, logged once per minute", async () => {
        await board.schedule("Sun", "11:30")
        board.flash.silentAccesses = Infinity
        void board.supervisor.run()
        await board.ticks.advance(5 * 60_000 + 3000)
        expect(board.log).toEqual(new Array(5).fill("supervisor: flash: no answer for boot"))
        board.ticks.block(2 * 3_600_000)
        await board.ticks.advance(60_000)
        expect(board.reboots).toBe(1)
    })

    test("requested twice happens once", async () => {
        const both = [
            board.supervisor.reset(StartCause.Console),
            board.supervisor.reset(StartCause.Console),
        ]
        await board.ticks.finish(Promise.all(both))
        expect(board.events).toEqual(["shutdown", "tell", "reboot"])
    })
})

describe("a reset for a network", () => {
    test("stores its cause before it tells, which ends the program, and happens once", async () => {
        board.wifiKeeper.restartFor = "cafe"
        const writes = board.flash.writes
        board.wifiKeeper.beforeReboot = () => {
            board.events.push(`tell after ${board.flash.writes - writes}`)
            return new Promise(() => undefined)
        }
        void board.supervisor.check()
        await board.ticks.advance(1000)
        expect(board.events).toEqual(["shutdown", "tell after 1"])
        expect(board.log).toEqual(["reset: network"])
        board.wifiKeeper.restartFor = ""
        await board.boot(at("2026-11-22 10:02"))
        expect(startCauseName(board.supervisor.cause)).toBe("network")
        await board.supervisor.check()
        expect(board.reboots).toBe(0)
        await board.boot(at("2026-11-22 12:00"))
        expect(startCauseName(board.supervisor.cause)).toBe("power-on")
        expect(board.supervisor.safeMode).toBe(false)
    })

    test("still reboots if the runtime survives it, or cannot be told", async () => {
        const tells = [async () => undefined, () => Promise.reject(new Error("no answer"))]
        for (const tell of tells) {
            board.wifiKeeper = { restartFor: "cafe", beforeReboot: tell }
            await board.boot(at("2026-11-22 10:00"))
            board.reboots = 0
            await board.ticks.finish(board.supervisor.check())
            expect(board.reboots).toBe(1)
        }
        expect(board.log).toEqual(["reset: network", "reset: network", "reset: no answer"])
    })
})
