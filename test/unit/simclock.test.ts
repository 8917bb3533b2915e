import { afterEach, expect, test } from "vitest"
import { SimClock } from "../../sim/clock"

const clocks: SimClock[] = []

function clockAt(speed: number | "max"): SimClock {
    const clock = new SimClock(speed)
    clocks.push(clock)
    return clock
}

afterEach(() => {
    for (const clock of clocks.splice(0)) clock.stop()
})

test("runs timers in the order of their times, and of their making when the times are equal", async () => {
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

test("skips a year in which nothing happens at speed max", async () => {
    const clock = clockAt("max")
    const before = performance.now()
    await clock.sleep(365 * 86_400_000)
    expect(clock.nowMs()).toBeGreaterThanOrEqual(365 * 86_400_000)
    expect(performance.now() - before).toBeLessThan(5000)
})

test("who slept goes on at the very moment, though other timers would be due meanwhile", async () => {
    const clock = clockAt("max")
    let ticks = 0
    const tick = () => {
        ticks++
        clock.setTimeout(tick, 10)
    }
    tick()
    await clock.sleep(1000)
    const woke = clock.nowMs()
    expect(woke).toBeGreaterThanOrEqual(1000)
    expect(woke).toBeLessThan(1010)
    expect(ticks).toBeGreaterThan(90)
})

test("a cancelled timer does not run", async () => {
    const clock = clockAt("max")
    let ran = false
    clock.clearTimeout(clock.setTimeout(() => (ran = true), 5))
    await clock.sleep(10)
    expect(ran).toBe(false)
})

test("stands still while it is paused", async () => {
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
    expect(clock.nowMs()).toBeGreaterThanOrEqual(stood + 50)
})

test("a factor makes board time run that much faster than real time", async () => {
    const clock = clockAt(100)
    const before = performance.now()
    await clock.sleep(10_000)
    const realMs = performance.now() - before
    expect(realMs).toBeGreaterThan(90)
})

test("what is awaited from outside holds speed max at real time", async () => {
    const clock = clockAt("max")
    const release = clock.hold()
    const before = performance.now()
    await clock.sleep(60)
    expect(performance.now() - before).toBeGreaterThan(50)
    release()
})
