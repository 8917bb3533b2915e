import { expect, test } from "vitest"
import { Key } from "../../../src/settings/keys"
import { Settings } from "../../../src/settings/settings"
import { Scheduler } from "../../../src/tasks/scheduler"
import { Supervisor } from "../../../src/tasks/supervisor"
import { FakeClock } from "../../support/fakeclock"
import { FakeTicks, settle } from "../../support/faketicks"
import { MemoryFlash } from "../../support/memoryflash"
import { contentWifiKeeper } from "../../support/wifikeeper"
import { Turns } from "../../support/turns"

// The settings of the scheduled reset; test/system/settings.test.ts has the others.

/** 2026-11-23 12:00 UTC, a Monday. */
const noonSeconds = 1_795_435_200
const noon = 12 * 60

/**
 * The resets of a board that has been up for two hours, with one due in a minute unless a setting
 * prevents it.
 */
async function resetsAfter(change: [Key, number][], before: [Key, number][]): Promise<number> {
    const ticks = new FakeTicks(500)
    const clock = new FakeClock(ticks, noonSeconds - 7200)
    const alarms = { set: (): void => undefined }
    const flash = new MemoryFlash()
    const settings = new Settings(flash, alarms, "AB12", new Turns())
    const spawn = (work: () => Promise<void>): void => void work()
    const log = (): void => undefined
    let reboots = 0
    const supervisor = new Supervisor({
        wifiKeeper: contentWifiKeeper,
        ticks,
        clock,
        settings,
        flash,
        alarms,
        scheduler: new Scheduler(ticks, () => clock.wallMs(), spawn, log),
        spawn,
        log,
        shutdown: async () => undefined,
        program: 1,
        reboot: async () => void ++reboots,
    })
    settings.onChange = () => supervisor.scheduleChanged()
    await supervisor.start()
    for (const [key, value] of before) await settings.apply([key], [value])
    ticks.block(7_140_000)
    await supervisor.check()
    expect(reboots).toBe(0)
    for (const [key, value] of change) await settings.apply([key], [value])
    ticks.block(120_000)
    await ticks.finish(supervisor.check())
    await settle()
    return reboots
}

const due: [Key, number][] = [
    [Key.ResetEnable, 1],
    [Key.ResetDays, 1],
    [Key.ResetTime, noon],
    [Key.ResetMax, 5],
    [Key.ResetCount, 4],
]

test.each<[string, Key, number]>([
    ["reset.enable", Key.ResetEnable, 0],
    ["reset.days", Key.ResetDays, 126],
    ["reset.time", Key.ResetTime, noon + 5],
    ["reset.max", Key.ResetMax, 4],
])("a change of %s counts even a minute before the reset", async (_, key, hindering) => {
    const value = due.find(one => one[0] === key)![1]
    const others = due.filter(one => one[0] !== key)
    expect(await resetsAfter([], due)).toBe(1)
    expect(await resetsAfter([[key, hindering]], due)).toBe(0)
    expect(await resetsAfter([], [...others, [key, hindering]])).toBe(0)
    expect(await resetsAfter([[key, value]], [...others, [key, hindering]])).toBe(1)
})
