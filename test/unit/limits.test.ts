import { describe, expect, it } from "vitest"
import { Limits } from "../../src/battery/limits"
import type { BatteryState } from "../../src/battery/state"
import { Alarm } from "../../src/core/alarm"
import { Key } from "../../src/settings/keys"
import { FakeAlarms, FakeSettings } from "../support/batterybench"

function stateWith(changes: Partial<BatteryState>, atMs: number): BatteryState {
    const cellMv = changes.cellMv ?? [3300, 3300, 3300]
    return {
        packMv: 52800,
        currentMa: 0,
        socPermille: 500,
        cellMv,
        cellMinMv: Math.min(...cellMv),
        cellMaxMv: Math.max(...cellMv),
        cellMeanMv: cellMv.reduce((sum, mv) => sum + mv, 0) / cellMv.length,
        temperatureDeciC: [250, 250],
        chipDeciC: 300,
        balancing: 0,
        safety: 0,
        atMs,
        ...changes,
    }
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
    threshold: number
    /** The last value at which a raised flag stays. */
    staysAt: number
    /** The direction away from the alarm. */
    back: 1 | -1
}

const cells = (mv: number) => ({ cellMv: [mv, mv, mv] })
const cases: Case[] = [
    { alarm: Alarm.CellOvervoltage, state: cells, threshold: 3650, staysAt: 3550, back: -1 },
    { alarm: Alarm.CellUndervoltage, state: cells, threshold: 2500, staysAt: 2700, back: 1 },
    {
        alarm: Alarm.OvercurrentCharge,
        state: currentMa => ({ currentMa }),
        threshold: 100000,
        staysAt: 90000,
        back: -1,
    },
    {
        alarm: Alarm.OvercurrentDischarge,
        state: currentMa => ({ currentMa }),
        threshold: -200000,
        staysAt: -190000,
        back: 1,
    },
    {
        alarm: Alarm.Overtemperature,
        state: deciC => ({ temperatureDeciC: [250, deciC] }),
        threshold: 600,
        staysAt: 550,
        back: -1,
    },
    {
        alarm: Alarm.Undertemperature,
        state: deciC => ({ temperatureDeciC: [deciC, 250] }),
        threshold: -200,
        staysAt: -150,
        back: 1,
    },
    {
        alarm: Alarm.CellImbalance,
        state: mv => ({ cellMv: [3000, 3000 + mv, 3100] }),
        threshold: 300,
        staysAt: 200,
        back: -1,
    },
]

for (const { alarm, state, threshold, staysAt, back } of cases)
    describe(Alarm[alarm], () => {
        it("is quiet one short of the threshold", () => {
            const { after } = bench(0)
            expect(after(1, state(threshold + back)).has(alarm)).toBe(false)
        })

        it("is raised at the threshold", () => {
            const { after } = bench(0)
            expect([...after(1, state(threshold))]).toEqual([alarm])
        })

        it("is raised one beyond the threshold", () => {
            const { after } = bench(0)
            expect(after(1, state(threshold - back)).has(alarm)).toBe(true)
        })

        it("stays within the hysteresis and goes one further back", () => {
            const { after } = bench(0)
            after(1, state(threshold))
            expect(after(1, state(staysAt)).has(alarm)).toBe(true)
            expect(after(1, state(staysAt + back)).has(alarm)).toBe(false)
        })

        it("waits for its delay in both directions", () => {
            const { after } = bench(2)
            expect(after(1, state(threshold)).has(alarm)).toBe(false)
            expect(after(1.999, state(threshold)).has(alarm)).toBe(false)
            expect(after(0.001, state(threshold)).has(alarm)).toBe(true)
            expect(after(1, state(staysAt + back)).has(alarm)).toBe(true)
            expect(after(1.999, state(staysAt + back)).has(alarm)).toBe(true)
            expect(after(0.001, state(staysAt + back)).has(alarm)).toBe(false)
        })

        it("starts its delay anew after a good sample between", () => {
            const { after } = bench(2)
            after(1, state(threshold))
            after(1.5, state(threshold + back))
            expect(after(0.5, state(threshold)).has(alarm)).toBe(false)
            expect(after(1.9, state(threshold)).has(alarm)).toBe(false)
            expect(after(0.1, state(threshold)).has(alarm)).toBe(true)
        })
    })

describe("SHORT_CIRCUIT", () => {
    const alarm = Alarm.ShortCircuit
    it("follows SCD of Safety Status A and its latch in C without delay", () => {
        const { after } = bench(60)
        expect(after(1, { safety: 0x7f }).has(alarm)).toBe(false)
        expect(after(1, { safety: 0x80 }).has(alarm)).toBe(true)
        expect(after(1, { safety: 0 }).has(alarm)).toBe(false)
        expect(after(1, { safety: 0x400000 }).has(alarm)).toBe(true)
        expect(after(1, { safety: 0xbfff00 }).has(alarm)).toBe(false)
    })
})

describe("limits", () => {
    it("take a changed threshold at the next sample", () => {
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

    it("do not count the time without samples as delay", () => {
        const { after, limits } = bench(2)
        after(1, cells(3700))
        limits.pause()
        expect(after(3600, cells(3700)).size).toBe(0)
        expect(after(2, cells(3700)).has(Alarm.CellOvervoltage)).toBe(true)
    })

    it("hold a raised flag while there are no samples", () => {
        const { after, limits, alarms } = bench(0)
        after(1, cells(3700))
        limits.pause()
        expect(alarms.active.has(Alarm.CellOvervoltage)).toBe(true)
        after(1, cells(3300))
        expect(alarms.active.has(Alarm.CellOvervoltage)).toBe(false)
    })
})
