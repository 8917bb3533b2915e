import { expect, test } from "vitest"
import { SimClock } from "../../../sim/clock"
import { LightWatcher } from "../../../sim/light"

/** The watcher's reports while the light acts as in the firmware; each entry is 2 s. */
async function watch(periods: (number | "on" | "nothing")[]): Promise<string[]> {
    const clock = new SimClock("max")
    const told: string[] = []
    const watcher = new LightWatcher(clock, pattern => told.push(pattern))
    expect(watcher.pattern).toBe("dark")
    for (const period of periods) {
        const endMs = clock.nowMs() + 2000
        if (period !== "nothing") watcher.set(period === "on")
        for (let flash = 0; flash < Number(period); ++flash) {
            watcher.set(true)
            await clock.sleep(60)
            watcher.set(false)
            await clock.sleep(200)
        }
        await clock.sleep(endMs - clock.nowMs())
    }
    clock.stop()
    return told
}

const one = "one flash: all is well"
const two = "two flashes: an error flag is up"
const three = "three flashes: no card, or it cannot be used"
const steady = "steadily on: safe to remove the card"

test("consecutive flashes are counted, and a pattern is reported once", async () => {
    expect(await watch([1, 1, 1, 3, 2, 2, 1])).toEqual([one, three, two, one])
})

test("a steady light means safe to remove", async () => {
    expect(await watch([1, "on", "on", "on", 3])).toEqual([one, steady, three])
})

test("a light that stops flashing is dark", async () => {
    expect(await watch([1, "nothing", "nothing", "nothing", "nothing", 1])).toEqual([
        one,
        "dark",
        one,
    ])
})

test("a light that went out with the supply is dark, not safe to remove", async () => {
    const clock = new SimClock("max")
    const told: string[] = []
    const watcher = new LightWatcher(clock, pattern => told.push(pattern))
    watcher.set(true)
    await clock.sleep(1000)
    watcher.set(false)
    await clock.sleep(10_000)
    expect(told).toEqual([steady, "dark"])
    clock.stop()
})
