import { describe, expect, it } from "vitest"
import { Pack, type PackOptions } from "../../../sim/pack"

// Numbers by hand. 16 cells of 100 Ah: 0.8 mΩ each at 25 °C, the RC term 0.6 of that with 240 s;
// 2 W/K to the air (0.5 × √16), 32 kJ/K (16 × 2 kg × 1 kJ/(kg·K)).

function pack(options: PackOptions = {}) {
    const made = new Pack({
        chemistry: "LFP",
        capacityAh: 100,
        cells: 16,
        spread: 0,
        ambientC: 25,
        dailySwingC: 0,
        initialCharge: 0.5,
        ...options,
    })
    made.setCurrent(0)
    return made
}

describe("the open-circuit voltage", () => {
    const cases: [PackOptions, number][] = [
        [{}, 3.296],
        // Between 40 % with 3.290 and 50 % with 3.296.
        [{ initialCharge: 0.45 }, 3.293],
        [{ initialCharge: 1 }, 3.405],
        [{ initialCharge: 0 }, 2.65],
        // 0.15 mV per kelvin.
        [{ ambientC: 45 }, 3.299],
        [{ ambientC: -15 }, 3.29],
        [{ chemistry: "NMC" }, 3.688],
        // Between 50 % with 3.688 and 60 % with 3.762.
        [{ chemistry: "NMC", initialCharge: 0.55 }, 3.725],
    ]
    for (const [options, volts] of cases)
        it(`of ${JSON.stringify(options)} is ${volts} V`, () => {
            expect(pack(options).cellVolts(1)).toBeCloseTo(volts, 9)
        })

    it("is the same after charging and after discharging: there is no hysteresis", () => {
        const [up, down] = [0.4, 0.6].map(initialCharge => pack({ initialCharge }))
        up.setCurrent(10)
        down.setCurrent(-10)
        for (const one of [up, down]) {
            one.advance(3600)
            one.setCurrent(0)
            one.advance(7 * 86400)
            expect(one.truth()).toBeCloseTo(0.5, 9)
        }
        expect(up.cellVolts(1)).toBeCloseTo(down.cellVolts(1), 6)
    })
})

describe("the voltage under load", () => {
    it("sags by 80 mV at once at 100 A, and rises likewise", () => {
        const one = pack()
        one.setCurrent(-100)
        expect(one.cellVolts(1)).toBeCloseTo(3.296 - 0.08, 9)
        one.setCurrent(100)
        expect(one.cellVolts(1)).toBeCloseTo(3.296 + 0.08, 9)
    })

    it("sags twice as much at -10 °C, a quarter less at 40 °C, and at most four times", () => {
        // e^(35 × 0.02) = 2.0138; e^(-15 × 0.02) = 0.7408.
        for (const [ambientC, mv] of [
            [-10, 161.1],
            [40, 59.27],
            [-80, 320],
        ]) {
            const one = pack({ ambientC })
            const rest = one.cellVolts(1)
            one.setCurrent(-100)
            expect((rest - one.cellVolts(1)) * 1000).toBeCloseTo(mv, 1)
        }
    })

    it("sags by 48 mV more with a time constant of 240 s", () => {
        for (const seconds of [60, 240, 480]) {
            // Charge and temperature hardly move: 1 A for 100 Ah.
            const one = pack()
            const rest = one.openCircuitVolts(0.5)
            one.setCurrent(-1)
            one.advance(seconds)
            const open = one.openCircuitVolts(0.5 - seconds / 360000)
            expect(rest - open).toBeLessThan(0.0001)
            const sagUv = (open - one.cellVolts(1)) * 1e6
            expect(sagUv).toBeCloseTo(800 + 480 * (1 - Math.exp(-seconds / 240)), 0)
            one.setCurrent(0)
            one.advance(240)
            const leftUv = (one.openCircuitVolts(one.truth()) - one.cellVolts(1)) * 1e6
            expect(leftUv).toBeCloseTo(480 * (1 - Math.exp(-seconds / 240)) * 0.367879, 0)
        }
    })

    it("sags half as much with a cell of 200 Ah", () => {
        const one = pack({ capacityAh: 200 })
        one.setCurrent(-100)
        expect(one.cellVolts(1)).toBeCloseTo(3.296 - 0.04, 9)
    })
})

describe("heat", () => {
    it("is 128 W at 100 A, which warms the pack by 0.04 K in 10 s", () => {
        const one = pack()
        one.setCurrent(-100)
        one.advance(10)
        // 16 × 0.8 mΩ × 100² = 128 W; the RC term adds less than 2 J in that time.
        expect(one.heatJoules()).toBeGreaterThan(1280)
        expect(one.heatJoules()).toBeLessThan(1282)
        expect(one.temperatureC(1) - 25).toBeCloseTo(0.04, 3)
    })

    it("balances the loss to the air at 17.9 K above it with 50 A", () => {
        // 16 × 0.8 mΩ × 1.6 × 50² = 51.2 W; x = 25.6 K × e^(-0.02 x), so x = 17.9.
        const one = pack()
        one.setCurrent(-50)
        one.advance(7 * 86400)
        expect(one.temperatureC(1) - 25).toBeCloseTo(17.9, 1)
    })

    it("dissipates with a time constant of 16,000 s", () => {
        const one = pack()
        one.setCurrent(-50)
        one.advance(86400)
        one.setCurrent(0)
        // Lets the RC term decay.
        one.advance(2400)
        const above = one.temperatureC(1) - 25
        one.advance(16000)
        expect((one.temperatureC(1) - 25) / above).toBeCloseTo(0.3679, 2)
    })

    it("shows at the second thermistor by 0.8, at the chip by 0.4 plus its own 4 K", () => {
        const one = pack()
        one.setCurrent(-50)
        one.advance(20000)
        const above = one.temperatureC(1) - 25
        expect(one.temperatureC(2) - 25).toBeCloseTo(0.8 * above, 9)
        expect(one.temperatureC(0) - 25).toBeCloseTo(0.4 * above + 4, 9)
    })

    it("follows the day's swing of 4 K, coldest in the early morning", () => {
        const one = pack({ dailySwingC: 4, startHour: 0 })
        const byHour = Array.from({ length: 48 }, () => {
            one.advance(3600)
            return one.temperatureC(1)
        })
        const day = byHour.slice(24)
        expect(Math.max(...day)).toBeLessThan(29)
        expect(Math.min(...day)).toBeGreaterThan(21)
        expect(day.indexOf(Math.min(...day))).toBeLessThan(10)
        expect(day.indexOf(Math.max(...day))).toBeGreaterThan(14)
    })
})

describe("the spread between cells", () => {
    const cells = (options: PackOptions) => {
        const one = pack(options)
        return Array.from({ length: 16 }, (_, i) => one.cellVolts(i + 1))
    }

    it("is zero with a spread of 0", () => {
        expect(new Set(cells({ spread: 0 })).size).toBe(1)
    })

    it("stays within the range of its fraction", () => {
        // Charge and capacity are each off by at most 0.4 %: (0.05 ± 0.004) / (1 ± 0.004), that is
        // 4.58 % … 5.42 %. There the curve rises from 3.0633 V (4.58 %) through 3.085 V (5 %) to
        // 3.0955 V.
        const volts = cells({ spread: 0.004, initialCharge: 0.05 })
        expect(Math.min(...volts)).toBeGreaterThanOrEqual(3.0633)
        expect(Math.max(...volts)).toBeLessThanOrEqual(3.0955)
        expect(Math.max(...volts) - Math.min(...volts)).toBeGreaterThan(0.01)
    })

    it("shows in resistance under load, by at most ten times the fraction", () => {
        const one = pack({ spread: 0.004 })
        const rest = Array.from({ length: 16 }, (_, i) => one.cellVolts(i + 1))
        one.setCurrent(-100)
        const sags = rest.map((volts, i) => (volts - one.cellVolts(i + 1)) * 1000)
        expect(Math.min(...sags)).toBeGreaterThanOrEqual(80 * 0.96)
        expect(Math.max(...sags)).toBeLessThanOrEqual(80 * 1.04)
        expect(Math.max(...sags) - Math.min(...sags)).toBeGreaterThan(2)
    })
})

describe("the charger and the cut-off", () => {
    it("limit the charge current by the room up to the end voltage", () => {
        // LFP ends at 3.5 V: at 100 %, 3.405 V, there is room for 95 mV / 0.8 mΩ = 118.75 A; 50 A
        // pass unlimited.
        const one = new Pack({
            spread: 0,
            ambientC: 25,
            dailySwingC: 0,
            initialCharge: 1,
            scenario: () => 200,
        })
        expect(one.currentAmps()).toBeCloseTo(118.75, 6)
        one.scenario = () => 50
        one.advance(0.001)
        expect(one.currentAmps()).toBe(50)
    })

    it("end the discharge at 3 %", () => {
        const one = new Pack({ spread: 0, initialCharge: 0.0301, scenario: () => -36 })
        expect(one.currentAmps()).toBe(-36)
        one.advance(10)
        expect(one.currentAmps()).toBe(0)
    })
})
