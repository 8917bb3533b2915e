import { beforeEach, describe, expect, test } from "vitest"
import { Scheduler } from "../../../src/tasks/scheduler"
import { FakeClock } from "../../support/fakeclock"
import { FakeTicks } from "../../support/faketicks"

let ticks: FakeTicks
let clock: FakeClock
let scheduler: Scheduler
let log: string[]
let starts: number[]

beforeEach(() => {
    ticks = new FakeTicks(1234)
    clock = new FakeClock(ticks, 1_800_000_000)
    log = []
    starts = []
    scheduler = new Scheduler(
        ticks,
        () => clock.wallMs(),
        work => void work(),
        line => log.push(line),
    )
})

/** A job that takes some time and records its start by the wall clock. */
function job(tookMs: number): () => Promise<void> {
    return async () => {
        starts.push(clock.wallMs())
        if (tookMs > 0) await ticks.sleep(tookMs)
    }
}

/** Gaps between the starts. */
function gaps(): number[] {
    return starts.slice(1).map((start, index) => start - starts[index])
}

test("a task whose period cannot be read is logged, and the others continue", async () => {
    let broken = true
    scheduler.add({
        name: "a",
        periodMs: () => {
            if (broken) throw new Error("no period")
            return 1000
        },
        deadlineMs: 1,
        job: job(0),
    })
    let runs = 0
    scheduler.add({
        name: "b",
        periodMs: () => 1000,
        deadlineMs: 1,
        job: async () => void ++runs,
    })
    scheduler.start()
    await ticks.advance(3500)
    expect(new Set(log)).toEqual(new Set(["scheduler: no period"]))
    // Not more often than the scheduler checks all tasks.
    expect(log.length).toBeLessThanOrEqual(9)
    expect(runs).toBe(3)
    expect(starts).toEqual([])
    broken = false
    await ticks.advance(3000)
    expect(starts.length).toBeGreaterThanOrEqual(2)
})

describe("releases", () => {
    test("of an aligned task are the multiples of its period", async () => {
        scheduler.add({
            name: "a",
            periodMs: () => 60_000,
            alignToClock: true,
            deadlineMs: 1,
            job: job(0),
        })
        scheduler.start()
        await ticks.advance(300_000)
        expect(starts.map(start => start % 60_000)).toEqual([0, 0, 0, 0, 0])
    })

    test("of a 1 s task come every second for an hour beside long jobs", async () => {
        const task = scheduler.add({
            name: "a",
            periodMs: () => 1000,
            alignToClock: true,
            deadlineMs: 1,
            job: job(300),
        })
        scheduler.add({
            name: "b",
            periodMs: () => 7000,
            deadlineMs: 1,
            job: () => ticks.sleep(6100),
        })
        scheduler.add({ name: "c", periodMs: () => 333, deadlineMs: 1, job: () => ticks.sleep(50) })
        scheduler.start()
        await ticks.advance(3_600_300)
        expect(starts.length).toBe(3600)
        expect(gaps().every(gap => gap === 1000)).toBe(true)
        expect(task.latenessMsMax).toBe(0)
        expect(task.longestMs).toBe(300)
        expect(task.runs).toBe(3600)
    })

    test("of an unaligned task come one period after the start, without drift", async () => {
        scheduler.add({ name: "a", periodMs: () => 2500, deadlineMs: 1, job: job(100) })
        scheduler.start()
        const begin = clock.wallMs()
        await ticks.advance(25_000)
        expect(starts.map(start => start - begin)).toEqual(
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(n => n * 2500),
        )
    })

    test("never overlap with a running job, and missed ones do not pile up", async () => {
        let inside = 0
        let worst = 0
        const task = scheduler.add({
            name: "slow",
            periodMs: () => 1000,
            alignToClock: true,
            deadlineMs: 1,
            job: async () => {
                worst = Math.max(worst, ++inside)
                starts.push(clock.wallMs())
                await ticks.sleep(starts.length === 1 ? 5300 : 10)
                --inside
            },
        })
        scheduler.start()
        await ticks.advance(10_000)
        expect(worst).toBe(1)
        // Late once, right after the long run, then on the second again.
        expect(gaps()).toEqual([5300, 700, 1000, 1000, 1000])
        expect(task.latenessMsMax).toBe(4300)
    })

    test("follow a changed period within a second", async () => {
        let periodMs = 3_600_000
        scheduler.add({
            name: "a",
            periodMs: () => periodMs,
            alignToClock: true,
            deadlineMs: 1,
            job: job(0),
        })
        scheduler.start()
        await ticks.advance(600_000)
        expect(starts).toEqual([])
        periodMs = 5000
        await ticks.advance(6000)
        expect(starts.length).toBe(1)
        periodMs = 3_600_000
        await ticks.advance(60_000)
        expect(starts.length).toBe(1)
    })

    test("are not late if a shorter period has already passed", async () => {
        let periodMs = 3_600_000
        const task = scheduler.add({
            name: "a",
            periodMs: () => periodMs,
            deadlineMs: 1,
            job: job(0),
        })
        scheduler.start()
        await ticks.advance(600_000)
        periodMs = 1000
        await ticks.advance(5000)
        expect(starts.length).toBeGreaterThanOrEqual(4)
        expect(task.latenessMsMax).toBe(0)
    })

    test("stop for a disabled task; enabled again it waits for its next multiple", async () => {
        let enabled = false
        const task = scheduler.add({
            name: "a",
            periodMs: () => 10_000,
            alignToClock: true,
            enabled: () => enabled,
            deadlineMs: 1,
            job: job(0),
        })
        scheduler.start()
        await ticks.advance(65_000)
        expect(starts).toEqual([])
        enabled = true
        await ticks.advance(20_000)
        expect(starts.map(start => start % 10_000)).toEqual([0, 0])
        expect(task.latenessMsMax).toBe(0)
    })

    test("show the lateness from a busy processor", async () => {
        const task = scheduler.add({
            name: "a",
            periodMs: () => 1000,
            alignToClock: true,
            deadlineMs: 1,
            job: job(0),
        })
        scheduler.start()
        await ticks.advance(5000)
        ticks.block(1150)
        await ticks.advance(3000)
        expect(task.latenessMsMax).toBeGreaterThan(100)
    })
})

describe("a step of the wall clock", () => {
    beforeEach(() => {
        scheduler.add({
            name: "a",
            periodMs: () => 60_000,
            alignToClock: true,
            deadlineMs: 1,
            job: job(0),
        })
        scheduler.start()
    })

    test("forwards: one release, then the multiples of the new time, no lateness", async () => {
        await ticks.advance(70_000)
        const before = starts.length
        clock.move(86_400 * 30 + 17)
        await ticks.advance(2000)
        expect(starts.length).toBe(before + 1)
        await ticks.advance(120_000)
        expect(starts.slice(before + 1).every(start => start % 60_000 === 0)).toBe(true)
        expect(scheduler.tasks[0].latenessMsMax).toBe(0)
    })

    test("backwards: no repeated release, then the next multiple", async () => {
        await ticks.advance(70_000)
        const before = starts.length
        clock.move(-86_400)
        await ticks.advance(1500)
        expect(starts.length).toBe(before)
        await ticks.advance(60_000)
        expect(starts.length).toBe(before + 1)
        expect(starts.at(-1)! % 60_000).toBe(0)
    })
})

describe("triggers", () => {
    test("run a task at once without changing its releases", async () => {
        scheduler.add({
            name: "a",
            periodMs: () => 60_000,
            alignToClock: true,
            deadlineMs: 1,
            job: job(0),
        })
        scheduler.start()
        await ticks.advance(10_100)
        const now = clock.wallMs()
        expect(scheduler.trigger("a")).toBe(true)
        await ticks.advance(60_000)
        expect(starts.length).toBe(2)
        expect(starts[0]).toBe(now)
        expect(starts[1] % 60_000).toBe(0)
    })

    test("run a disabled task", async () => {
        scheduler.add({
            name: "a",
            periodMs: () => 1000,
            enabled: () => false,
            deadlineMs: 1,
            job: job(0),
        })
        scheduler.start()
        scheduler.trigger("a")
        await ticks.advance(5000)
        expect(starts.length).toBe(1)
    })

    test("of a running task make it run once more afterwards", async () => {
        scheduler.add({ name: "a", periodMs: () => 3_600_000, deadlineMs: 1, job: job(500) })
        scheduler.start()
        scheduler.trigger("a")
        await ticks.advance(100)
        scheduler.trigger("a")
        scheduler.trigger("a")
        await ticks.advance(5000)
        expect(gaps()).toEqual([500])
    })

    test("of an unknown task, or after the stop, are refused", async () => {
        expect(scheduler.trigger("a")).toBe(false)
        scheduler.add({ name: "a", periodMs: () => 1000, deadlineMs: 1, job: job(0) })
        scheduler.start()
        expect(scheduler.trigger("b")).toBe(false)
        await scheduler.stop(100)
        expect(scheduler.trigger("a")).toBe(false)
    })
})

describe("failures", () => {
    test("are logged and counted, and the task runs again with back-off", async () => {
        const task = scheduler.add({
            name: "bad",
            periodMs: () => 1000,
            alignToClock: true,
            deadlineMs: 1,
            job: async () => {
                starts.push(clock.wallMs())
                throw new Error("no card")
            },
        })
        scheduler.start()
        await ticks.advance(40_000)
        // Held for 2, 4, 8, 16 s, then until the next multiple.
        expect(gaps().map(gap => Math.round(gap / 1000))).toEqual([3, 5, 9, 17])
        expect(task.failures).toBe(5)
        expect(task.lastError).toBe("no card")
        expect(log.length).toBe(5)
        expect(log[0]).toBe("bad: no card")
        expect(task.latenessMsMax).toBe(0)
    })

    test("hold a task for at most a minute, and until the first success", async () => {
        let failing = true
        const task = scheduler.add({
            name: "bad",
            periodMs: () => 1000,
            deadlineMs: 1,
            job: async () => {
                starts.push(clock.wallMs())
                if (failing) throw new Error("no")
            },
        })
        scheduler.start()
        await ticks.advance(3_600_000)
        expect(Math.max(...gaps())).toBeLessThanOrEqual(61_000)
        failing = false
        await ticks.advance(70_000)
        expect(task.failuresInRow).toBe(0)
        expect(gaps().at(-1)).toBe(1000)
    })

    test("of one task do not affect another", async () => {
        scheduler.add({
            name: "bad",
            periodMs: () => 500,
            deadlineMs: 1,
            job: async () => Promise.reject("text"),
        })
        scheduler.add({ name: "good", periodMs: () => 1000, deadlineMs: 1, job: job(0) })
        scheduler.start()
        await ticks.advance(10_000)
        expect(starts.length).toBe(10)
        expect(log[0]).toBe("bad: text")
    })
})

describe("the stop", () => {
    test("waits for the running job and releases nothing more", async () => {
        scheduler.add({ name: "a", periodMs: () => 1000, deadlineMs: 1, job: job(700) })
        scheduler.start()
        await ticks.advance(1100)
        const stopped = scheduler.stop(5000)
        expect(await ticks.finish(stopped)).toBe(true)
        expect(scheduler.tasks[0].running).toBe(false)
        await ticks.advance(10_000)
        expect(starts.length).toBe(1)
    })

    test("does not wait for ever", async () => {
        scheduler.add({ name: "a", periodMs: () => 1000, deadlineMs: 1, job: job(1_000_000) })
        scheduler.start()
        await ticks.advance(1100)
        const begin = ticks.nowMs()
        expect(await ticks.finish(scheduler.stop(5000))).toBe(false)
        expect(ticks.nowMs() - begin).toBeLessThan(5100)
    })

    test("can be followed by another start", async () => {
        scheduler.add({ name: "a", periodMs: () => 1000, deadlineMs: 1, job: job(0) })
        scheduler.start()
        await ticks.advance(1500)
        await scheduler.stop(100)
        scheduler.start()
        await ticks.advance(3000)
        expect(starts.length).toBe(1 + 3)
    })
})

test("a task past its deadline and the grace is reported", async () => {
    const task = scheduler.add({
        name: "a",
        periodMs: () => 1000,
        deadlineMs: 5000,
        job: job(1_000_000),
    })
    scheduler.start()
    await ticks.advance(1000)
    await ticks.advance(64_900)
    expect(scheduler.overdue(60_000)).toBeUndefined()
    await ticks.advance(200)
    expect(scheduler.overdue(60_000)).toBe(task)
})
