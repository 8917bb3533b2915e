import { beforeEach, describe, expect, test } from "vitest"
import { Alarm } from "../../../src/core/alarm"
import { secondsFromCivil } from "../../../src/core/calendar"
import { offsetMinutesAt, parseTimeZone } from "../../../src/core/timezone"
import { Key } from "../../../src/settings/keys"
import { Settings } from "../../../src/settings/settings"
import { Scheduler } from "../../../src/tasks/scheduler"
import {
    resetIsDue,
    StartCause,
    startCauseName,
    Supervisor,
    type SupervisorParts,
} from "../../../src/tasks/supervisor"
import { DeviceBuffer } from "../../support/devicebuffer"
import { FakeClock } from "../../support/fakeclock"
import { FakeTicks } from "../../support/faketicks"
import { MemoryFlash } from "../../support/memoryflash"
import { Turns } from "../../support/turns"

/** Unix seconds of "2026-11-22 10:00", read as UTC. */
function at(text: string): number {
    const p = text.split(/[- :]/).map(Number)
    return secondsFromCivil(p[0], p[1], p[2], p[3], p[4], 0)
}

describe("the decision", () => {
    const monday = 1
    const hours = 3600
    // 2026-11-23 is a Monday.
    test.each<[string, number, number, string, string, number, boolean]>([
        ["at the time", monday, 600, "2026-11-23 10:00", "", 24 * hours, true],
        ["a minute early", monday, 600, "2026-11-23 09:59", "", 24 * hours, false],
        [
            "later that day, when it could not be made in time",
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
            "made today already",
            monday,
            600,
            "2026-11-23 10:01",
            "2026-11-23 10:00",
            24 * hours,
            false,
        ],
        ["made a week ago", monday, 600, "2026-11-23 10:00", "2026-11-16 10:00", 24 * hours, true],
        [
            "clock set back by a day since the last",
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

let flash: MemoryFlash
let ticks: FakeTicks
let clock: FakeClock
let settings: Settings
let scheduler: Scheduler
let supervisor: Supervisor
let shutdown: () => Promise<void>
let reboots: number
let log: string[]
let stuckFlag: boolean | undefined
let safeFlag: boolean | undefined
let program: number
let events: string[]
let wifiKeeper: SupervisorParts["wifiKeeper"]

/** The board starts at that moment; `aliveMs` is the uptime when the program begins. */
async function boot(nowSeconds: number, aliveMs = 500): Promise<void> {
    ticks = new FakeTicks(aliveMs)
    const offset = clock ? clock.offset : () => 0
    clock = new FakeClock(ticks, nowSeconds)
    clock.offset = offset
    const alarms = {
        set(alarm: Alarm, active: boolean) {
            if (alarm === Alarm.TaskStuck) stuckFlag = active
            if (alarm === Alarm.SafeMode) safeFlag = active
        },
    }
    settings = new Settings(flash, alarms, "AB12", new Turns())
    await settings.load()
    const spawn = (work: () => Promise<void>): void => void work()
    scheduler = new Scheduler(
        ticks,
        () => clock.wallMs(),
        spawn,
        line => log.push(line),
    )
    supervisor = new Supervisor({
        program,
        ticks,
        clock,
        settings,
        flash,
        alarms,
        scheduler,
        wifiKeeper,
        spawn,
        log: line => log.push(line),
        shutdown: () => shutdown(),
        reboot: async () => {
            ++reboots
            events.push("reboot")
        },
    })
    await supervisor.start()
}

beforeEach(async () => {
    flash = new MemoryFlash()
    clock = undefined as unknown as FakeClock
    shutdown = async () => void events.push("shutdown")
    reboots = 0
    log = []
    events = []
    wifiKeeper = { restartFor: "", beforeReboot: async () => void events.push("tell") }
    stuckFlag = undefined
    safeFlag = undefined
    program = 0xfedcba98
    await boot(at("2026-11-22 10:00"))
})

/** Lets the board run with a look a minute; resets start it anew, 20 s later. @returns when they happened */
async function live(minutes: number): Promise<string[]> {
    const resets: string[] = []
    for (let i = 0; i < minutes; ++i) {
        ticks.block(60_000)
        const before = reboots
        const now = clock.nowSeconds()
        const check = supervisor.check()
        await ticks.finish(check)
        if (reboots === before) continue
        const local = now + clock.offsetMinutes(now) * 60
        resets.push(new Date(local * 1000).toISOString().slice(0, 16).replace("T", " "))
        await boot(clock.nowSeconds() + 20)
    }
    return resets
}

async function schedule(days: string, time: string): Promise<void> {
    await settings.apply([Key.ResetEnable], [1])
    await settings.apply([Key.ResetDays], [settings.parse(Key.ResetDays, days)])
    await settings.apply([Key.ResetTime], [settings.parse(Key.ResetTime, time)])
    supervisor.scheduleChanged()
}

describe("the scheduled reset", () => {
    test("happens on the chosen days, and counts", async () => {
        await schedule("Mon,Thu", "03:00")
        // 2026-11-22 is a Sunday.
        expect(await live(10 * 1440)).toEqual([
            "2026-11-23 03:00",
            "2026-11-26 03:00",
            "2026-11-30 03:00",
        ])
        expect(settings.number(Key.ResetCount)).toBe(3)
        const late = settings.number(Key.ResetLast) - at("2026-11-30 03:00")
        expect(late).toBeGreaterThanOrEqual(0)
        expect(late).toBeLessThan(60)
        expect(supervisor.cause).toBe(StartCause.Scheduled)
    })

    test("follows local time across summer time", async () => {
        const rule = parseTimeZone("CET-1CEST,M3.5.0,M10.5.0/3")!
        clock.offset = seconds => offsetMinutesAt(rule, seconds)
        // The last Sunday of March 2027 is the 28th: 02:30 does not exist there.
        await boot(at("2027-03-26 12:00"))
        await schedule("all", "02:30")
        expect(await live(3 * 1440)).toEqual([
            "2027-03-27 02:30",
            "2027-03-28 03:00",
            "2027-03-29 02:30",
        ])
        // The last Sunday of October 2027 is the 31st: 02:30 comes twice there.
        await boot(at("2027-10-30 12:00"))
        expect(await live(2 * 1440)).toEqual(["2027-10-31 02:30", "2027-11-01 02:30"])
    })

    test("happens on a leap day and at the turn of the year", async () => {
        await boot(at("2027-12-30 12:00"))
        await schedule("all", "00:00")
        expect(await live(2 * 1440)).toEqual(["2027-12-31 00:00", "2028-01-01 00:00"])
        await boot(at("2028-02-28 12:00"))
        expect(await live(2 * 1440)).toEqual(["2028-02-29 00:00", "2028-03-01 00:00"])
    })

    test("ends at the maximum number of resets", async () => {
        await schedule("all", "00:00")
        await settings.apply([Key.ResetMax], [2])
        expect((await live(6 * 1440)).length).toBe(2)
        await settings.apply([Key.ResetCount], [0])
        expect((await live(6 * 1440)).length).toBe(2)
    })

    test("is not made within an hour of a start, but after it", async () => {
        await schedule("Mon", "03:00")
        await boot(at("2026-11-23 02:30"))
        expect(await live(1440)).toEqual(["2026-11-23 03:30"])
    })

    test("is left out on a day when the board starts after its time", async () => {
        await schedule("Mon", "03:00")
        await boot(at("2026-11-23 03:01"))
        expect(await live(6 * 1440)).toEqual([])
    })

    test("is not made twice for one day when the clock is set back", async () => {
        await schedule("all", "03:00")
        expect(await live(24 * 60)).toEqual(["2026-11-23 03:00"])
        clock.move(-8 * 3600)
        expect(await live(7 * 60)).toEqual([])
        clock.move(-30 * 3600)
        expect(await live(30 * 60)).toEqual([])
    })

    test("is not made without a trusted clock; trusted later that day, it is", async () => {
        await schedule("Mon", "03:00")
        clock.isTrusted = false
        expect(await live(20 * 60)).toEqual([])
        clock.isTrusted = true
        expect(await live(60)).toEqual(["2026-11-23 06:01"])
    })

    test("is not made up for when its time is moved into the past", async () => {
        expect(await live(120)).toEqual([])
        await schedule("Sun", "11:00")
        expect(await live(6 * 60)).toEqual([])
    })

    test("a power cut before the count is stored costs that reset, not two", async () => {
        await schedule("Mon", "03:00")
        await boot(at("2026-11-22 20:00"))
        shutdown = () => new Promise(() => undefined)
        ticks.block(7 * 3_600_000)
        void supervisor.check()
        await ticks.advance(1000)
        // The power goes and comes back while the card is being synced.
        shutdown = async () => undefined
        await boot(at("2026-11-23 03:01"))
        expect(await live(6 * 1440)).toEqual([])
        expect(settings.number(Key.ResetCount)).toBe(0)
    })
})

describe("a reset", () => {
    test("stops the work, then stores, then reboots", async () => {
        await schedule("all", "11:30")
        shutdown = async () => {
            events.push(`shutdown ${settings.number(Key.ResetCount)}`)
            await ticks.sleep(700)
            events.push("done")
        }
        ticks.block(2 * 3_600_000)
        await ticks.finish(supervisor.check())
        expect(events).toEqual(["shutdown 0", "done", "tell", "reboot"])
        expect(settings.number(Key.ResetCount)).toBe(1)
    })

    test("does not wait for ever for the work", async () => {
        shutdown = () => new Promise(() => undefined)
        const begin = ticks.nowMs()
        await ticks.finish(supervisor.reset(StartCause.Console))
        expect(events).toEqual(["tell", "reboot"])
        expect(ticks.nowMs() - begin).toBeLessThan(31_000)
    })

    test("is made though the work or the flash fails", async () => {
        shutdown = async () => {
            throw new Error("card is gone")
        }
        flash.failWrites = 5
        await ticks.finish(supervisor.reset(StartCause.Console))
        expect(reboots).toBe(1)
        expect(log).toEqual([
            "reset: console",
            "reset: card is gone",
            "reset: flash: boot was not stored",
        ])
    })

    test("still comes after a look that failed", async () => {
        await schedule("Sun", "11:30")
        flash.failWrites = 1
        void supervisor.run()
        await ticks.advance(63_000)
        expect(log).toEqual(["supervisor: flash: boot was not stored"])
        ticks.block(2 * 3_600_000)
        await ticks.advance(10_000)
        expect(reboots).toBe(1)
    })

    test("still comes when the flash never answers, and the log is told once a minute", async () => {
        await schedule("Sun", "11:30")
        flash.silentAccesses = Infinity
        void supervisor.run()
        await ticks.advance(5 * 60_000 + 3000)
        expect(log).toEqual(new Array(5).fill("supervisor: flash: no answer for boot"))
        ticks.block(2 * 3_600_000)
        await ticks.advance(60_000)
        expect(reboots).toBe(1)
    })

    test("asked for twice is made once", async () => {
        const both = [supervisor.reset(StartCause.Console), supervisor.reset(StartCause.Console)]
        await ticks.finish(Promise.all(both))
        expect(events).toEqual(["shutdown", "tell", "reboot"])
    })
})

describe("a reset for a network", () => {
    test("has stored its cause before it tells, which ends the program, and is made once", async () => {
        wifiKeeper.restartFor = "cafe"
        const writes = flash.writes
        wifiKeeper.beforeReboot = () => {
            events.push(`tell after ${flash.writes - writes}`)
            return new Promise(() => undefined)
        }
        void supervisor.check()
        await ticks.advance(1000)
        expect(events).toEqual(["shutdown", "tell after 1"])
        expect(log).toEqual(["reset: network"])
        wifiKeeper.restartFor = ""
        await boot(at("2026-11-22 10:02"))
        expect(startCauseName(supervisor.cause)).toBe("network")
        await supervisor.check()
        expect(reboots).toBe(0)
        await boot(at("2026-11-22 12:00"))
        expect(startCauseName(supervisor.cause)).toBe("power-on")
        expect(supervisor.safeMode).toBe(false)
    })

    test("goes on to the reboot when the runtime survives it, or it cannot be told", async () => {
        const tells = [async () => undefined, () => Promise.reject(new Error("no answer"))]
        for (const tell of tells) {
            wifiKeeper = { restartFor: "cafe", beforeReboot: tell }
            await boot(at("2026-11-22 10:00"))
            reboots = 0
            await ticks.finish(supervisor.check())
            expect(reboots).toBe(1)
        }
        expect(log).toEqual(["reset: network", "reset: network", "reset: no answer"])
    })
})

describe("the cause of the last start", () => {
    test.each([
        [StartCause.Console, "console"],
        [StartCause.Supervisor, "supervisor"],
        [StartCause.Uptime, "uptime"],
        [StartCause.Scheduled, "scheduled"],
        [StartCause.Network, "network"],
    ])("is kept over the reset and told once: %i", async (cause, name) => {
        await ticks.finish(supervisor.reset(cause))
        await boot(at("2026-11-22 12:00"))
        expect(startCauseName(supervisor.cause)).toBe(name)
        await boot(at("2026-11-22 13:00"))
        expect(startCauseName(supervisor.cause)).toBe("power-on")
    })

    test("is a panic when the program starts again while the processor ran on", async () => {
        await boot(at("2026-11-22 12:00"), 95_300)
        expect(startCauseName(supervisor.cause)).toBe("panic")
    })

    test("is a deployment when another program starts, at any time, and told once", async () => {
        expect(startCauseName(supervisor.cause)).toBe("deployed")
        for (const aliveMs of [500, 95_300]) {
            ++program
            await boot(at("2026-11-22 12:00"), aliveMs)
            expect(startCauseName(supervisor.cause)).toBe("deployed")
            await boot(at("2026-11-22 12:00"))
            expect(startCauseName(supervisor.cause)).toBe("power-on")
        }
    })

    test("is a deployment over firmware that stored two bytes, however many starts had died", async () => {
        for (const old of ["0000", "0005", "0401"]) {
            flash.values.set("boot", DeviceBuffer.from(old, "hex"))
            await boot(at("2026-11-22 12:00"), 95_300)
            expect(startCauseName(supervisor.cause)).toBe("deployed")
            expect(supervisor.safeMode).toBe(false)
        }
    })

    test("is what is known without it when the flash does not answer", async () => {
        const read = flash.read.bind(flash)
        flash.read = async key => {
            if (key === "boot") flash.silentAccesses = 1
            return await read(key)
        }
        await expect(boot(at("2026-11-22 12:00"), 95_300)).rejects.toThrow("no answer")
        expect(startCauseName(supervisor.cause)).toBe("panic")
        await expect(boot(at("2026-11-22 12:00"))).rejects.toThrow("no answer")
        expect(startCauseName(supervisor.cause)).toBe("power-on")
        expect(supervisor.safeMode).toBe(false)
    })
})

describe("stuck tasks", () => {
    test("reset the board, which says so for ten minutes", async () => {
        scheduler.add({
            name: "upload",
            periodMs: () => 1000,
            deadlineMs: 30_000,
            job: () => new Promise(() => undefined),
        })
        scheduler.start()
        await ticks.advance(1000)
        await ticks.advance(89_000)
        await supervisor.check()
        expect(reboots).toBe(0)
        await ticks.advance(2000)
        await ticks.finish(supervisor.check())
        expect(reboots).toBe(1)
        expect(log).toContain("supervisor: task upload is stuck")
        await boot(at("2026-11-22 12:00"))
        expect(startCauseName(supervisor.cause)).toBe("supervisor")
        expect(stuckFlag).toBe(true)
        await live(9)
        expect(stuckFlag).toBe(true)
        await live(1)
        expect(stuckFlag).toBe(false)
    })
})

test("after 45 days the board resets with a cause of its own, not counted", async () => {
    ticks.block(45 * 86_400_000 - 1000)
    await supervisor.check()
    expect(reboots).toBe(0)
    ticks.block(1000)
    await ticks.finish(supervisor.check())
    expect(reboots).toBe(1)
    expect(settings.number(Key.ResetCount)).toBe(0)
    await boot(at("2027-01-06 12:00"))
    expect(startCauseName(supervisor.cause)).toBe("uptime")
})

describe("safe mode", () => {
    /** A start after a panic: the processor ran on. */
    async function panic(): Promise<void> {
        await boot(at("2026-11-22 12:00"), 20_000)
    }

    async function panics(count: number): Promise<void> {
        for (let i = 0; i < count; ++i) await panic()
    }

    test("follows five starts that each die of a panic within a minute", async () => {
        for (let i = 0; i < 5; ++i) {
            expect(supervisor.safeMode).toBe(false)
            expect(safeFlag).toBe(false)
            ticks.block(50_000)
            await supervisor.check()
            await panic()
        }
        expect(supervisor.safeMode).toBe(true)
        expect(safeFlag).toBe(true)
        await panic()
        expect(supervisor.safeMode).toBe(true)
    })

    test("does not follow panics of starts that lived for a minute", async () => {
        for (let i = 0; i < 40; ++i) {
            ticks.block(61_000)
            await supervisor.check()
            await panic()
            expect(supervisor.safeMode).toBe(false)
        }
    })

    test("does not follow a supply that fails six times within minutes, as an engine starts", async () => {
        for (let i = 0; i < 6; ++i) {
            ticks.block(20_000)
            await supervisor.check()
            await boot(at("2026-11-22 12:00"))
            expect(supervisor.safeMode).toBe(false)
        }
        ticks.block(61_000)
        await supervisor.check()
        // Nor do those before add up with panics after a start that lived.
        await panics(5)
        expect(supervisor.safeMode).toBe(false)
    })

    test("follows an abort of the runtime at each start, which looks like the supply's", async () => {
        let starts = 0
        while (!supervisor.safeMode && starts < 100) {
            await boot(at("2026-11-22 12:00"))
            ++starts
        }
        expect(starts).toBe(20)
    })

    test("follows five deployments only when the programs die", async () => {
        for (let i = 0; i < 40; ++i) {
            ++program
            await boot(at("2026-11-22 12:00"), 20_000)
            expect(supervisor.safeMode).toBe(false)
        }
        await panics(5)
        expect(supervisor.safeMode).toBe(true)
        ++program
        await panic()
        expect(supervisor.safeMode).toBe(false)
        expect(safeFlag).toBe(false)
    })

    test("is not left by dying in it, however often", async () => {
        const safe: boolean[] = []
        for (let i = 0; i < 300; ++i) {
            await panic()
            safe.push(supervisor.safeMode)
        }
        // The first start is that of every test here.
        expect(safe.indexOf(true)).toBe(4)
        expect(safe.lastIndexOf(false)).toBe(3)
    })

    test("is over after a start that lives a minute, or a reset in good order", async () => {
        await panics(5)
        expect(supervisor.safeMode).toBe(true)
        ticks.block(60_000)
        await supervisor.check()
        await boot(at("2026-11-22 12:00"))
        expect(supervisor.safeMode).toBe(false)
        await panics(5)
        expect(supervisor.safeMode).toBe(true)
        await ticks.finish(supervisor.reset(StartCause.Console))
        await boot(at("2026-11-22 12:00"))
        expect(supervisor.safeMode).toBe(false)
    })

    test("ends by itself after ten minutes, with a reset that says so", async () => {
        await panics(5)
        ticks.block(599_000)
        await supervisor.check()
        expect(reboots).toBe(0)
        ticks.block(1000)
        await ticks.finish(supervisor.check())
        expect(reboots).toBe(1)
        expect(log).toEqual(["reset: end of safe mode"])
        await boot(at("2026-11-22 12:20"))
        expect(startCauseName(supervisor.cause)).toBe("end of safe mode")
        expect(supervisor.safeMode).toBe(false)
        expect(safeFlag).toBe(false)
        expect(stuckFlag).toBe(false)
        // And again, when the starts die again.
        await panics(5)
        expect(supervisor.safeMode).toBe(true)
    })

    test("a start that lives is counted once in flash, and a quiet day costs nothing", async () => {
        ticks.block(61_000)
        await supervisor.check()
        const writes = flash.writes
        await live(1440)
        expect(flash.writes).toBe(writes)
    })
})
