import { describe, expect, it } from "vitest"
import { drive, idle, Pack, solar } from "../../../sim/pack"

const packMv = (pack: Pack) => {
    let sum = 0
    for (let cell = 1; cell <= pack.cells; ++cell) sum += pack.cellVolts(cell)
    return sum
}

describe("the pack model", () => {
    it("conserves charge", () => {
        const pack = new Pack({ initialCharge: 0.3, capacityAh: 50, spread: 0 })
        pack.setCurrent(20)
        pack.advance(3600)
        expect(pack.truth()).toBeCloseTo(0.7, 9)
        expect(pack.passedCoulombs()).toBeCloseTo(72000, 6)
        pack.setCurrent(-20)
        pack.advance(3600)
        expect(pack.truth()).toBeCloseTo(0.3, 9)
    })

    it("turns the losses of a round trip into heat", () => {
        const pack = new Pack({ initialCharge: 0.5, spread: 0 })
        let energyIn = 0
        for (const amps of [40, -40]) {
            pack.setCurrent(amps)
            for (let i = 0; i < 3600; ++i) {
                energyIn += packMv(pack) * amps
                pack.advance(1)
            }
        }
        expect(pack.heatJoules()).toBeGreaterThan(0)
        // The RC term still holds some energy, and the curve is slightly higher when warm.
        expect(Math.abs(energyIn - pack.heatJoules()) / pack.heatJoules()).toBeLessThan(0.1)
    })

    it("gives the same results in steps of 1 s and of 60 s", () => {
        const fine = new Pack({ scenario: solar })
        const coarse = new Pack({ scenario: solar })
        for (let i = 0; i < 86400; ++i) fine.advance(1)
        for (let i = 0; i < 1440; ++i) coarse.advance(60)
        expect(coarse.truth()).toBeCloseTo(fine.truth(), 2)
        expect(packMv(coarse)).toBeCloseTo(packMv(fine), 1)
        expect(coarse.temperatureC(1)).toBeCloseTo(fine.temperatureC(1), 1)
    })

    for (const seconds of [1, 10, 60])
        it(`does not ring at the end of charge in steps of ${seconds} s`, () => {
            const pack = new Pack({ initialCharge: 0.97, scenario: () => 50, spread: 0 })
            let before = Infinity
            let tapering = false
            for (let t = 0; t < 7200; t += seconds) {
                pack.advance(seconds)
                const amps = pack.currentAmps()
                tapering ||= amps < 49
                if (tapering) expect(amps).toBeLessThanOrEqual(before + 0.6)
                expect(pack.cellVolts(1)).toBeLessThan(3.55)
                before = amps
            }
            expect(pack.currentAmps()).toBeLessThan(2)
            expect(pack.truth()).toBeGreaterThan(0.99)
        })

    it("stays finite under abuse", () => {
        const pack = new Pack()
        for (const amps of [2000, -2000, 0]) {
            pack.setCurrent(amps)
            for (let i = 0; i < 1000; ++i) pack.advance(60)
            for (let cell = 1; cell <= 16; ++cell)
                expect(Number.isFinite(pack.cellVolts(cell))).toBe(true)
            expect(Number.isFinite(pack.temperatureC(1))).toBe(true)
        }
    })

    it("sags at once and then more slowly, and recovers", () => {
        const pack = new Pack({ spread: 0, initialCharge: 0.6 })
        pack.setCurrent(0)
        pack.advance(7200)
        const rest = pack.cellVolts(1)
        pack.setCurrent(-100)
        const first = rest - pack.cellVolts(1)
        pack.advance(600)
        const later = rest - pack.cellVolts(1)
        expect(first).toBeGreaterThan(0.06)
        expect(later).toBeGreaterThan(first + 0.03)
        pack.setCurrent(0)
        pack.advance(7200)
        expect(rest - pack.cellVolts(1)).toBeLessThan(0.02)
    })

    it("has more resistance in the cold and warms up under load", () => {
        const sag = (ambientC: number) => {
            const pack = new Pack({ ambientC, spread: 0 })
            const rest = pack.cellVolts(1)
            pack.setCurrent(-100)
            return rest - pack.cellVolts(1)
        }
        expect(sag(-10)).toBeGreaterThan(1.5 * sag(25))
        const pack = new Pack()
        const cold = pack.temperatureC(1)
        pack.setCurrent(-80)
        pack.advance(2400)
        expect(pack.temperatureC(1)).toBeGreaterThan(cold + 1)
    })

    it("has the same spread for the same seed, and another for another seed", () => {
        const cells = (seed: number) => {
            const pack = new Pack({ seed, initialCharge: 0.1 })
            return Array.from({ length: 16 }, (_, i) => pack.cellVolts(i + 1))
        }
        expect(cells(5)).toEqual(cells(5))
        expect(cells(5)).not.toEqual(cells(6))
        const spreadMv = (Math.max(...cells(5)) - Math.min(...cells(5))) * 1000
        expect(spreadMv).toBeGreaterThan(1)
        expect(spreadMv).toBeLessThan(50)
    })

    it("follows board time, and never goes back", () => {
        const pack = new Pack()
        pack.setCurrent(36)
        pack.advanceTo(100_000)
        expect(pack.passedCoulombs()).toBeCloseTo(3600, 6)
        pack.advanceTo(50_000)
        pack.advanceTo(100_000)
        expect(pack.passedCoulombs()).toBeCloseTo(3600, 6)
    })
})

describe("the events of the board", () => {
    it("fix current, cell and temperature until they are released", () => {
        const pack = new Pack({ scenario: idle })
        pack.setCurrent(-80)
        pack.setCell(3, 3.7)
        pack.setTemperature(1, 65)
        pack.advance(60)
        expect(pack.currentAmps()).toBe(-80)
        expect(pack.cellVolts(3)).toBe(3.7)
        expect(pack.temperatureC(1)).toBe(65)
        expect(pack.temperatureC(2)).toBeLessThan(40)
        pack.setCurrent(undefined)
        pack.setCell(3, undefined)
        pack.setTemperature(1, undefined)
        expect(pack.currentAmps()).toBeCloseTo(-0.2, 9)
        expect(pack.cellVolts(3)).toBeLessThan(3.4)
        expect(pack.temperatureC(1)).toBeLessThan(40)
    })

    it("refuse missing cells and sensors", () => {
        const pack = new Pack({ cells: 4 })
        expect(() => pack.setCell(5, 3.3)).toThrow("no cell 5")
        expect(() => pack.setCell(NaN, 3.3)).toThrow("no cell NaN")
        expect(() => pack.setTemperature(3, 20)).toThrow("no temperature sensor 3")
    })
})

describe("scenarios", () => {
    it("solar charges the pack by day and discharges it at night, day after day", () => {
        const pack = new Pack({ scenario: solar, startHour: 0, initialCharge: 0.5 })
        for (let day = 0; day < 10; ++day) {
            pack.advance(7 * 3600)
            const morning = pack.truth()
            pack.advance(10 * 3600)
            const evening = pack.truth()
            pack.advance(7 * 3600)
            expect(morning).toBeGreaterThan(0.15)
            expect(evening).toBeGreaterThan(0.9)
            expect(pack.truth()).toBeLessThan(evening)
        }
    })

    it("drive uses a part of the charge each day", () => {
        const pack = new Pack({ scenario: drive, startHour: 6, initialCharge: 1, chemistry: "NMC" })
        pack.advance(16 * 3600)
        expect(pack.truth()).toBeGreaterThan(0.05)
        expect(pack.truth()).toBeLessThan(0.6)
        pack.advance(8 * 3600)
        expect(pack.truth()).toBeGreaterThan(0.95)
    })

    it("idle takes 1/500 of the capacity per hour, day and night", () => {
        for (const hour of [0, 6, 12, 18]) expect(idle(hour * 3600, 100)).toBeCloseTo(-0.2, 12)
    })

    it("solar has typical currents at noon, in the evening and at night", () => {
        const mean = (hour: number) => {
            let sum = 0
            for (let s = 0; s < 3600; s += 10) sum += solar(hour * 3600 + s, 100)
            return sum / 360
        }
        expect(mean(12)).toBeGreaterThan(8)
        expect(mean(19)).toBeLessThan(-8)
        expect(mean(19)).toBeGreaterThan(-10)
        expect(mean(2)).toBeLessThan(-2)
        expect(mean(2)).toBeGreaterThan(-3.5)
    })

    it("drive has pulses, braking, and charging at night", () => {
        const at = (hour: number, seconds: number) => drive(hour * 3600 + seconds, 100)
        expect([0, 12, 40, 48, 2400].map(seconds => at(8, seconds))).toEqual([
            -45, -12, 20, 0, -0.2,
        ])
        expect([at(3, 0), at(22, 0), at(14, 0)]).toEqual([25, 25, -0.2])
    })
})
