import { afterEach, expect, test } from "vitest"
import { SimClock } from "../../../sim/clock"

const clocks: SimClock[] = []

function clockAt(speed: number | "max"): SimClock {
    const clock = new SimClock(speed)
    clocks.push(clock)
    return clock
}

afterEach(() => {
    for (const clock of clocks.splice(0)) clock.stop()
})

test("runs timers in the order of their times, and equal ones in order of creation", async () => {
    const clock = clockAt("max")
    const order: string[] = []
    const done = new Promise<void>(resolve => {
        clock.setTimeout(() => order.push("late"), 2000)
        clock.setTimeout(() => order.push("early"), 1000)
        clock.setTimeout(() => order.push("early too"), 1000)
        clock.setTimeout(resolve, 3000)
    })
    await done
    expect(order).toEqual(["early", "early too", "late"])
})

test("skips an idle year at speed max", async () => {
    const clock = clockAt("max")
    // At real speed this would be far beyond the test's time limit.
    await clock.sleep(365 * 86_400_000)
    expect(clock.nowMs()).toBe(365 * 86_400_000)
})

test("a sleeper continues at its exact time, even with other timers running", async () => {
    const clock = clockAt("max")
    let ticks = 0
    const tick = () => {
        ticks++
        clock.setTimeout(tick, 10)
    }
    tick()
    await clock.sleep(1000)
    expect(clock.nowMs()).toBe(1000)
    expect(ticks).toBe(100)
})

test("a cancelled timer does not run", async () => {
    const clock = clockAt("max")
    let ran = false
    clock.clearTimeout(clock.setTimeout(() => (ran = true), 5))
    await clock.sleep(10)
    expect(ran).toBe(false)
})

test("stands still while paused", async () => {
    const clock = clockAt("max")
    await clock.sleep(100)
    const resume = clock.pause()
    const stood = clock.nowMs()
    let woke = false
    const sleep = clock.sleep(50).then(() => (woke = true))
    await new Promise(resolve => setImmediate(resolve))
    expect(woke).toBe(false)
    expect(clock.nowMs()).toBe(stood)
    resume()
    await sleep
    expect(clock.nowMs()).toBe(stood + 50)
})

test("a factor makes board time run that much faster than real time", async () => {
    const clock = clockAt(100)
    const before = performance.now()
    await clock.sleep(10_000)
    const realMs = performance.now() - before
    expect(realMs).toBeGreaterThan(90)
})

test("a hold for the outside limits speed max to real time", async () => {
    const clock = clockAt("max")
    const release = clock.hold()
    const before = performance.now()
    await clock.sleep(60)
    expect(performance.now() - before).toBeGreaterThan(50)
    release()
})

test("an execution takes the time of its counter, plus charged time", async () => {
    const clock = clockAt("max")
    let count = 0xfffffff0
    clock.useCounter(() => count, 0.5)
    const seen: number[] = []
    const executed: number[] = []
    clock.onExecuted = ms => executed.push(ms)
    const done = new Promise<void>(resolve => {
        clock.setTimeout(() => {
            seen.push(clock.nowMs())
            // Past the counter's overflow.
            count = (count + 40) >>> 0
            seen.push(clock.nowMs())
            clock.charge(7)
            seen.push(clock.nowMs())
        }, 100)
        clock.setTimeout(() => seen.push(clock.nowMs()), 110)
        clock.setTimeout(() => seen.push(clock.nowMs()), 200)
        clock.setTimeout(resolve, 300)
    })
    await done
    // The timer at 110 waits for the execution.
    expect(seen).toEqual([100, 120, 127, 127, 200])
    expect(executed).toEqual([27])
    expect(clock.busyMs).toBe(27)
})

test("counts outside of an execution do not take board time", async () => {
    const clock = clockAt("max")
    let count = 0
    clock.useCounter(() => count, 1)
    clock.charge(50)
    count += 1000
    await clock.sleep(10)
    expect(clock.nowMs()).toBe(10)
})

test("a host too slow for the factor falls behind by the missed time", async () => {
    const clock = clockAt(100_000)
    clock.setTimeout(() => {
        for (const endMs = performance.now() + 30; performance.now() < endMs;);
    }, 1)
    await clock.sleep(2)
    expect(clock.takeBehindMs()).toBeGreaterThanOrEqual(29 * 100_000)
    expect(clock.takeBehindMs()).toBe(0)
})
