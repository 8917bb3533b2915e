import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import type { Pack } from "../../../sim/pack"
import { Limits } from "../../../src/battery/limits"
import type { BatteryState } from "../../../src/battery/state"
import { Alarm, alarmName } from "../../../src/core/alarm"
import { Key } from "../../../src/settings/keys"
import { batteryBench, FakeAlarms, FakeSettings } from "../../support/batterybench"
import { measurement } from "../../support/measurement"

function stateWith(changes: Partial<BatteryState>, atMs: number): BatteryState {
    const cellMv = changes.cellMv ?? [3300, 3300, 3300]
    return measurement(cellMv, { packMv: 52800, atMs, ...changes })
}

function bench(delaySeconds: number) {
    const settings = new FakeSettings().with([[Key.BatteryDelay, delaySeconds]])
    const alarms = new FakeAlarms()
    const limits = new Limits(settings, alarms)
    let atMs = 0
    const after = (seconds: number, changes: Partial<BatteryState>) => {
        atMs += seconds * 1000
        limits.check(stateWith(changes, atMs))
        return alarms.active
    }
    return { settings, alarms, limits, after }
}

interface Case {
    alarm: Alarm
    /** A state for a value in the alarm's own unit. */
    state: (value: number) => Partial<BatteryState>
    /** Sets the same value in the pack behind the chip. */
    apply: (pack: Pack, value: number) => void
    threshold: number
    /** The last value that keeps a raised flag. */
    staysAt: number
    /** The direction away from the alarm. */
    back: 1 | -1
    /** The chip's step for this value. */
    step: number
}

const cells = (mv: number) => ({ cellMv: [mv, mv, mv] })
const current = (pack: Pack, mA: number) => pack.setCurrent(mA / 1000)
const cell = (pack: Pack, mv: number) => {
    for (let number = 1; number <= 16; ++number) pack.setCell(number, mv / 1000)
}
const cases: Case[] = [
    {
        alarm: Alarm.CellOvervoltage,
        state: cells,
        apply: cell,
        threshold: 3650,
        staysAt: 3550,
        back: -1,
        step: 1,
    },
    {
        alarm: Alarm.CellUndervoltage,
        state: cells,
        apply: cell,
        threshold: 2500,
        staysAt: 2700,
        back: 1,
        step: 1,
    },
    {
        alarm: Alarm.OvercurrentCharge,
        state: currentMa => ({ currentMa }),
        apply: current,
        threshold: 100000,
        staysAt: 90000,
        back: -1,
        step: 100,
    },
    {
        alarm: Alarm.OvercurrentDischarge,
        state: currentMa => ({ currentMa }),
        apply: current,
        threshold: -200000,
        staysAt: -190000,
        back: 1,
        step: 100,
    },
    {
        alarm: Alarm.Overtemperature,
        state: deciC => ({ temperatureDeciC: [250, deciC] }),
        apply: (pack, deciC) => pack.setTemperature(2, deciC / 10),
        threshold: 600,
        staysAt: 550,
        back: -1,
        step: 1,
    },
    {
        alarm: Alarm.Undertemperature,
        state: deciC => ({ temperatureDeciC: [deciC, 250] }),
        apply: (pack, deciC) => pack.setTemperature(1, deciC / 10),
        threshold: -200,
        staysAt: -150,
        back: 1,
        step: 1,
    },
    {
        alarm: Alarm.CellImbalance,
        state: mv => ({ cellMv: [3000, 3000 + mv, 3100] }),
        apply: (pack, mv) => {
            cell(pack, 3100)
            pack.setCell(1, 3)
            pack.setCell(2, 3 + mv / 1000)
        },
        threshold: 300,
        staysAt: 200,
        back: -1,
        step: 1,
    },
]

/** The names of all alarms with bits below 16. */
const batteryFlags = Array.from({ length: 16 }, (_, bit) => alarmName(bit)).filter(Boolean)

describe("the battery's flags", () => {
    const others = [Alarm.MonitorOffline, Alarm.ShortCircuit]
    it("are all tested here", () => {
        const tested = [...cases.map(({ alarm }) => alarm), ...others].map(alarmName)
        expect(tested).toEqual(batteryFlags)
    })

    it("are all in the page's table of limits", () => {
        const page = readFileSync("docs/reference/battery.md", "utf8")
        const section = page.slice(page.indexOf("## Limits"))
        const named = [...section.matchAll(/^\| ([A-Z]+_?[A-Z]*) \|/gm)].map(([, name]) => name)
        expect(named.sort()).toEqual([...batteryFlags].sort())
    })
})

for (const { alarm, state, apply, threshold, staysAt, back, step } of cases)
    describe(alarmName(alarm), () => {
        const rises: [string, number, boolean][] = [
            ["one step before the threshold", threshold + back, false],
            ["at the threshold", threshold, true],
            ["one step beyond the threshold", threshold - back, true],
        ]
        for (const [title, value, raised] of rises)
            it(`${title} ${raised ? "is raised, and no other flag" : "is not raised"}`, () => {
                const { after } = bench(0)
                expect([...after(1, state(value))]).toEqual(raised ? [alarm] : [])
            })

        const falls: [string, number, boolean][] = [
            ["one step before the end of the hysteresis", staysAt - back, true],
            ["at the end of the hysteresis", staysAt, true],
            ["one step past the end of the hysteresis", staysAt + back, false],
        ]
        for (const [title, value, stays] of falls)
            it(`${title} ${stays ? "stays raised" : "is cleared"}`, () => {
                const { after } = bench(0)
                after(1, state(threshold))
                expect(after(1, state(value)).has(alarm)).toBe(stays)
            })

        // Up to the longest delay that can be set: a millisecond before, at and after its end.
        for (const delay of [1, 2, 60])
            it(`waits for ${delay} s in both directions`, () => {
                for (const late of [0, 0.001]) {
                    const { after } = bench(delay)
                    expect(after(1, state(threshold)).has(alarm)).toBe(false)
                    expect(after(delay - 0.001, state(threshold)).has(alarm)).toBe(false)
                    expect(after(0.001 + late, state(threshold)).has(alarm)).toBe(true)
                    expect(after(1, state(staysAt + back)).has(alarm)).toBe(true)
                    expect(after(delay - 0.001, state(staysAt + back)).has(alarm)).toBe(true)
                    expect(after(0.001 + late, state(staysAt + back)).has(alarm)).toBe(false)
                }
            })

        it("restarts its delay after a good sample in between, in both directions", () => {
            const { after } = bench(2)
            after(1, state(threshold))
            after(1.5, state(threshold + back))
            expect(after(0.5, state(threshold)).has(alarm)).toBe(false)
            expect(after(1.9, state(threshold)).has(alarm)).toBe(false)
            expect(after(0.1, state(threshold)).has(alarm)).toBe(true)
            after(1, state(staysAt + back))
            after(1.5, state(staysAt))
            expect(after(0.5, state(staysAt + back)).has(alarm)).toBe(true)
            expect(after(1.9, state(staysAt + back)).has(alarm)).toBe(true)
            expect(after(0.1, state(staysAt + back)).has(alarm)).toBe(false)
        })

        it("comes from the chip at its threshold and not a step before, and clears", async () => {
            const { monitor, pack, alarms, ticks } = batteryBench()
            const after = async (seconds: number, value: number) => {
                apply(pack, value)
                await ticks.sleep(seconds * 1000)
                await monitor.sample()
                return alarms.active.has(alarm)
            }
            for (let second = 0; second < 5; ++second)
                expect(await after(1, threshold + back * step)).toBe(false)
            expect(await after(1, threshold)).toBe(false)
            expect(await after(1, threshold)).toBe(false)
            expect(await after(1, threshold)).toBe(true)
            for (let second = 0; second < 5; ++second) expect(await after(1, staysAt)).toBe(true)
            expect(await after(1, staysAt + back * step)).toBe(true)
            expect(await after(1, staysAt + back * step)).toBe(true)
            expect(await after(1, staysAt + back * step)).toBe(false)
        })
    })

describe("SHORT_CIRCUIT", () => {
    const alarm = Alarm.ShortCircuit
    it("follows SCD of Safety Status A, and its latch in C, without delay", () => {
        const { after } = bench(60)
        expect(after(1, { safety: 0x7f }).has(alarm)).toBe(false)
        expect(after(1, { safety: 0x80 }).has(alarm)).toBe(true)
        expect(after(1, { safety: 0 }).has(alarm)).toBe(false)
        expect(after(1, { safety: 0x400000 }).has(alarm)).toBe(true)
        expect(after(1, { safety: 0xbfff00 }).has(alarm)).toBe(false)
    })

    // Three times the discharge limit of 200 A: 150 mV across 250 µΩ. It clears 5 s below 10 mV.
    for (const [amps, raised] of [
        [-599, false],
        [-600, true],
        [-601, true],
    ] as const)
        it(`is ${raised ? "up" : "down"} at ${amps} A`, async () => {
            const { monitor, pack, alarms } = batteryBench({
                settings: [[Key.BatteryDelay, 60]],
            })
            await monitor.sample()
            pack.setCurrent(amps)
            await monitor.sample()
            expect([...alarms.active]).toEqual(raised ? [alarm] : [])
        })

    for (const [amps, seconds, over] of [
        [-40, 60, false],
        [-39, 4.99, false],
        [-39, 5, true],
        [0, 5.01, true],
    ] as const)
        it(`is ${over ? "cleared" : "still up"} after ${seconds} s with ${amps} A`, async () => {
            const { monitor, pack, alarms, ticks } = batteryBench()
            await monitor.sample()
            pack.setCurrent(-700)
            await monitor.sample()
            pack.setCurrent(amps)
            await monitor.sample()
            ticks.ms += seconds * 1000
            await monitor.sample()
            expect(alarms.active.has(alarm)).toBe(!over)
        })
})

describe("MONITOR_OFFLINE", () => {
    // Each transaction has three tries; the flag itself has neither delay nor hysteresis.
    for (const [misses, raised] of [
        [2, false],
        [3, true],
        [4, true],
    ] as const)
        it(`${misses} missing acknowledges are ${raised ? "an alarm until the next sample" : "no alarm"}`, async () => {
            const { monitor, chip, alarms } = batteryBench({ settings: [[Key.BatteryDelay, 60]] })
            await monitor.sample()
            chip.missAcknowledges = misses
            await monitor.sample().catch(() => undefined)
            expect([...alarms.active]).toEqual(raised ? [Alarm.MonitorOffline] : [])
            chip.missAcknowledges = 0
            await monitor.sample()
            expect(alarms.active.size).toBe(0)
        })
})

describe("limits", () => {
    it("apply a changed threshold at the next sample", () => {
        const { after, settings } = bench(0)
        expect(after(1, cells(3500)).size).toBe(0)
        settings.with([[Key.BatteryCellOvervoltage, 3500]])
        expect([...after(1, cells(3500))]).toEqual([Alarm.CellOvervoltage])
    })

    it("do not flicker at the threshold without hysteresis", () => {
        const { after, alarms, settings } = bench(0)
        settings.with([[Key.BatteryCellOvervoltageHysteresis, 0]])
        for (let i = 0; i < 5; ++i) after(1, cells(3650))
        expect(alarms.changes).toEqual(["+CellOvervoltage"])
        after(1, cells(3649))
        expect(alarms.changes).toEqual(["+CellOvervoltage", "-CellOvervoltage"])
    })

    it("do not count time without samples towards the delay", () => {
        const { after, limits } = bench(2)
        after(1, cells(3700))
        limits.pause()
        expect(after(3600, cells(3700)).size).toBe(0)
        expect(after(2, cells(3700)).has(Alarm.CellOvervoltage)).toBe(true)
    })

    it("keep a raised flag while there are no samples", () => {
        const { after, limits, alarms } = bench(0)
        after(1, cells(3700))
        limits.pause()
        expect(alarms.active.has(Alarm.CellOvervoltage)).toBe(true)
        after(1, cells(3300))
        expect(alarms.active.has(Alarm.CellOvervoltage)).toBe(false)
    })
})

describe("a flag's note tells its cause", () => {
    const explained: {
        title: string
        bad: Partial<BatteryState>
        raised: string
        good: Partial<BatteryState>
        cleared: string
    }[] = [
        {
            title: "the highest cell",
            bad: { cellMv: [3500, 3652, 3651] },
            raised: "cell 2: 3.652 V, limit 3.650 V",
            good: { cellMv: [3400, 3410, 3549] },
            cleared: "cell 3: 3.549 V, limit 3.550 V",
        },
        {
            title: "the lowest cell",
            bad: { cellMv: [2600, 2600, 2500] },
            raised: "cell 3: 2.500 V, limit 2.500 V",
            good: { cellMv: [2701, 2800, 2900] },
            cleared: "cell 1: 2.701 V, limit 2.700 V",
        },
        {
            title: "a charge current",
            bad: { currentMa: 100250 },
            raised: "100.250 A, limit 100.000 A",
            good: { currentMa: 0 },
            cleared: "0.000 A, limit 90.000 A",
        },
        {
            title: "a discharge current",
            bad: { currentMa: -200001 },
            raised: "200.001 A, limit 200.000 A",
            good: { currentMa: 1000 },
            cleared: "-1.000 A, limit 190.000 A",
        },
        {
            title: "the warmer thermistor",
            bad: { temperatureDeciC: [250, 601] },
            raised: "thermistor 2: 60.1 \u00b0C, limit 60.0 \u00b0C",
            good: { temperatureDeciC: [300, 250] },
            cleared: "thermistor 1: 30.0 \u00b0C, limit 55.0 \u00b0C",
        },
        {
            title: "the colder thermistor",
            bad: { temperatureDeciC: [-205, 250] },
            raised: "thermistor 1: -20.5 \u00b0C, limit -20.0 \u00b0C",
            good: { temperatureDeciC: [-10, -149] },
            cleared: "thermistor 2: -14.9 \u00b0C, limit -15.0 \u00b0C",
        },
        {
            title: "the two cells furthest apart",
            bad: { cellMv: [3100, 3401, 3200] },
            raised: "cells 1 and 2: 0.301 V, limit 0.300 V",
            good: { cellMv: [3300, 3301, 3299] },
            cleared: "cells 3 and 2: 0.002 V, limit 0.200 V",
        },
    ]
    it.each(explained)("$title", ({ bad, raised, good, cleared }) => {
        const { alarms, after } = bench(0)
        after(1, {})
        expect(alarms.note).toBeUndefined()
        after(1, bad)
        expect(alarms.note).toBe(raised)
        after(1, bad)
        expect(alarms.note).toBe(raised)
        after(1, good)
        expect(alarms.note).toBe(cleared)
    })
})
