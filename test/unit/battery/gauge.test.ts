import { describe, expect, it } from "vitest"
import { Gauge } from "../../../src/battery/gauge"
import type { BatteryState } from "../../../src/battery/state"
import { Key } from "../../../src/settings/keys"
import { FakeSettings } from "../../support/batterybench"
import { DeviceBuffer } from "../../support/devicebuffer"
import { measurement } from "../../support/measurement"

const hourMs = 3600_000

function gaugeAt(chargePermille: number, settings: [Key, number][] = []) {
    const reader = new FakeSettings().with(settings)
    const gauge = new Gauge(reader)
    const stored = DeviceBuffer.alloc(8)
    stored.setAt(0, "u32", chargePermille * 360)
    gauge.restore(stored as never)
    return gauge
}

function state(cellMv: number, currentMa: number, atMs: number): BatteryState {
    const cells: number[] = new Array(16).fill(cellMv)
    return measurement(cells, { currentMa, socPermille: undefined, atMs })
}

describe("the gauge counts", () => {
    it("charge in both directions", () => {
        const gauge = gaugeAt(500)
        gauge.count(0)
        gauge.count(36_000_000)
        expect(gauge.update(state(3300, 20000, 0))).toBe(600)
        gauge.count(-36_000_000)
        expect(gauge.update(state(3300, -20000, 1))).toBe(400)
    })

    it("without loss in steps smaller than a milliampere-second, far from zero", () => {
        const gauge = gaugeAt(500)
        const start = 3e12
        gauge.count(undefined)
        gauge.count(start)
        for (let i = 1; i <= 100_000; ++i) gauge.count(start + i * 360.25)
        expect(gauge.update(state(3300, 20000, 0))).toBe(600)
    })

    it("never below empty or above 99.9 %", () => {
        const gauge = gaugeAt(990)
        gauge.count(0)
        gauge.count(72_000_000)
        expect(gauge.update(state(3300, 20000, 0))).toBe(999)
        gauge.count(-280_000_000)
        gauge.count(-600_000_000)
        expect(gauge.update(state(3300, -90000, 0))).toBe(0)
    })

    it("not the apparent loss of a restarted counter", () => {
        const gauge = gaugeAt(500)
        gauge.count(100_000_000)
        gauge.count(undefined)
        gauge.count(0)
        expect(gauge.update(state(3300, 20000, 0))).toBe(778)
    })

    it("no jump larger than the capacity", () => {
        const gauge = gaugeAt(500)
        gauge.count(0)
        gauge.count(360_000_001)
        expect(gauge.update(state(3300, 20000, 0))).toBe(500)
    })
})

describe("the gauge estimates", () => {
    const cases: { chemistry: string; code: number; mv: number; permille: number }[] = [
        { chemistry: "LFP", code: 0, mv: 2600, permille: 0 },
        { chemistry: "LFP", code: 0, mv: 2700, permille: 0 },
        { chemistry: "LFP", code: 0, mv: 3195, permille: 100 },
        { chemistry: "LFP", code: 0, mv: 3295, permille: 500 },
        { chemistry: "LFP", code: 0, mv: 3600, permille: 1000 },
        { chemistry: "NMC", code: 1, mv: 3000, permille: 0 },
        { chemistry: "NMC", code: 1, mv: 3690, permille: 500 },
        { chemistry: "NMC", code: 1, mv: 3870, permille: 724 },
        { chemistry: "NMC", code: 1, mv: 4175, permille: 1000 },
    ]
    for (const { chemistry, code, mv, permille } of cases)
        it(`${permille / 10} % of ${chemistry} from ${mv} mV`, () => {
            const gauge = new Gauge(new FakeSettings().with([[Key.BatteryChemistry, code]]))
            expect(gauge.update(state(mv, -100, 0))).toBe(permille)
        })

    it("nothing while the current is large and the charge is unknown", () => {
        const gauge = new Gauge(new FakeSettings())
        expect(gauge.update(state(3300, -25001, 0))).toBeUndefined()
        expect(gauge.stored()).toBeUndefined()
        expect(gauge.update(state(3300, -25000, 1))).toBeDefined()
    })
})

describe("the gauge corrects itself", () => {
    it("after half an hour at rest, into the voltage's band", () => {
        const gauge = gaugeAt(900, [[Key.BatteryChemistry, 1]])
        expect(gauge.update(state(3690, 2000, 0))).toBe(900)
        expect(gauge.update(state(3690, 2000, hourMs / 2 - 1))).toBe(900)
        // 3700 mV is 51.6 % of NMC.
        expect(gauge.update(state(3690, 2000, hourMs / 2))).toBe(516)
    })

    it("not while current flows", () => {
        const gauge = gaugeAt(900, [[Key.BatteryChemistry, 1]])
        for (let minute = 0; minute < 120; ++minute)
            expect(gauge.update(state(3690, -2001, minute * 60_000))).toBe(900)
    })

    it("hardly on the plateau of LFP", () => {
        const gauge = gaugeAt(550)
        gauge.update(state(3295, 0, 0))
        expect(gauge.update(state(3295, 0, hourMs))).toBe(550)
    })

    it("to full after a minute near the charge voltage with a small current", () => {
        const gauge = gaugeAt(900)
        expect(gauge.update(state(3420, 5000, 0))).toBe(900)
        expect(gauge.update(state(3420, 5000, 59_999))).toBe(900)
        expect(gauge.update(state(3420, 5000, 60_000))).toBe(1000)
    })

    it("not to full one millivolt below or one milliampere outside", () => {
        for (const [mv, ma] of [
            [3419, 5000],
            [3420, 5001],
            [3420, -1],
        ]) {
            const gauge = gaugeAt(900)
            for (let s = 0; s < 1200; s += 10) gauge.update(state(mv, ma, s * 1000))
            expect(gauge.update(state(mv, ma, 1_200_000))).toBe(900)
        }
    })

    it("to empty after a minute at the end of discharge", () => {
        const gauge = gaugeAt(100)
        expect(gauge.update(state(2800, -20000, 0))).toBe(100)
        expect(gauge.update(state(2800, -20000, 60_000))).toBe(0)
    })

    it("not to empty while a large current pulls the voltage down", () => {
        const gauge = gaugeAt(100)
        gauge.update(state(2800, -20001, 0))
        expect(gauge.update(state(2800, -20001, 120_000))).toBe(100)
    })
})

describe("another capacity or chemistry", () => {
    const changes: { title: string; change: [Key, number][] }[] = [
        { title: "280 Ah", change: [[Key.BatteryCapacity, 280000]] },
        { title: "50 Ah", change: [[Key.BatteryCapacity, 50000]] },
        { title: "0.1 Ah", change: [[Key.BatteryCapacity, 100]] },
        { title: "2000 Ah", change: [[Key.BatteryCapacity, 2000000]] },
        { title: "NMC", change: [[Key.BatteryChemistry, 1]] },
    ]
    const reborn = (reader: FakeSettings, stored: unknown) => {
        const gauge = new Gauge(reader)
        gauge.restore(stored as never)
        return gauge
    }

    it.each(changes)("($title) leaves the percentage unchanged", ({ change }) => {
        const reader = new FakeSettings()
        const gauge = new Gauge(reader)
        expect(gauge.update(state(3307, 0, 0))).toBe(600)
        reader.with(change)
        expect(gauge.update(state(3307, 0, 1000))).toBe(600)
        // Also with the next sample's coulombs.
        gauge.count(0)
        gauge.count(100)
        expect(gauge.update(state(3307, 0, 2000))).toBe(600)
    })

    it.each(changes)(
        "($title) set after the last store keeps the percentage over a restart",
        ({ change }) => {
            const reader = new FakeSettings()
            const gauge = new Gauge(reader)
            gauge.update(state(3307, 0, 0))
            gauge.count(0)
            const stored = gauge.stored()
            reader.with(change)
            expect(reborn(reader, stored).update(state(3307, 0, 1000))).toBe(600)
        },
    )

    it("counts with the new capacity from then on", () => {
        const reader = new FakeSettings()
        const gauge = new Gauge(reader)
        gauge.update(state(3307, 0, 0))
        gauge.count(0)
        reader.with([[Key.BatteryCapacity, 200000]])
        gauge.count(72_000_000)
        expect(gauge.update(state(3307, 20000, 1))).toBe(700)
    })

    it.each([0, 1, 123, 999, 1000])("keeps %d permille over a restart to a billionth", permille => {
        const gauge = gaugeAt(permille)
        gauge.count(undefined)
        gauge.count(-5000)
        const stored = gauge.stored()!
        expect(stored.getAt(0, "u32")).toBe(0x80000000 + permille * 1e6)
        expect(stored.getAt(4, "i32")).toBe(-5)
        expect(reborn(new FakeSettings(), stored).update(state(3307, 30000, 0))).toBe(permille)
    })

    it("reads the A·s stored by older firmware", () => {
        const stored = DeviceBuffer.alloc(8)
        stored.setAt(0, "u32", 4_320_000)
        const reader = new FakeSettings().with([[Key.BatteryCapacity, 2000000]])
        expect(reborn(reader, stored).update(state(3307, 500000, 0))).toBe(600)
    })
})
