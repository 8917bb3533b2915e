// Physics of a battery pack: open-circuit curve, ohmic and one RC term, spread between cells, heat.

export type Chemistry = "LFP" | "NMC"

/**
 * Amperes (charging positive) at a time in s since midnight of the pack's first day; capacity in
 * Ah.
 */
export type Scenario = (seconds: number, capacityAh: number) => number

/** State of a pack with nothing connected: kept between runs of a simulated board. */
export interface PackCondition {
    /** State of charge, 0–1 and slightly beyond. */
    charge: number
    temperatureC: number
}

export interface PackOptions {
    cells?: number
    chemistry?: Chemistry
    capacityAh?: number
    /** Initial state of charge, 0–1. */
    initialCharge?: number
    /**
     * Largest deviation of one cell's charge, capacity and resistance from the mean, as a fraction.
     */
    spread?: number
    ambientC?: number
    /** Daily swing around ambientC: warmer in the afternoon, colder at dawn. */
    dailySwingC?: number
    /** Hour of the day at board time 0. */
    startHour?: number
    seed?: number
    scenario?: Scenario
    /** State to continue from, instead of initialCharge and ambientC. */
    condition?: PackCondition
}

interface Curve {
    /** State of charge and volts at 25 °C, both rising. */
    points: [number, number][]
    chargeVolts: number
}

const curves: Record<Chemistry, Curve> = {
    LFP: {
        chargeVolts: 3.5,
        points: [
            [0, 2.65],
            [0.01, 2.82],
            [0.02, 2.93],
            [0.05, 3.085],
            [0.08, 3.16],
            [0.1, 3.198],
            [0.15, 3.22],
            [0.2, 3.243],
            [0.3, 3.276],
            [0.4, 3.29],
            [0.5, 3.296],
            [0.6, 3.306],
            [0.65, 3.317],
            [0.7, 3.327],
            [0.8, 3.333],
            [0.9, 3.336],
            [0.95, 3.343],
            [0.98, 3.355],
            [0.99, 3.37],
            [1, 3.405],
            [1.01, 3.55],
            [1.05, 4.2],
        ],
    },
    NMC: {
        chargeVolts: 4.18,
        points: [
            [0, 2.98],
            [0.02, 3.18],
            [0.05, 3.342],
            [0.1, 3.453],
            [0.2, 3.558],
            [0.3, 3.613],
            [0.4, 3.645],
            [0.5, 3.688],
            [0.6, 3.762],
            [0.7, 3.846],
            [0.8, 3.942],
            [0.9, 4.043],
            [1, 4.178],
            [1.05, 4.28],
        ],
    },
}

const maxStepSeconds = 10
const secondsPerDay = 86400

/** Repeatable pseudo-random numbers from 0 to below 1. */
export function seededRandom(seed: number): () => number {
    let state = seed >>> 0 || 1
    return () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        return state / 2 ** 32
    }
}

export class Pack {
    cells: number
    readonly chemistry: Chemistry
    readonly capacityAh: number
    scenario: Scenario

    private readonly chargeOffset: number[] = []
    private readonly capacityFactor: number[] = []
    private readonly resistanceFactor: number[] = []
    private readonly ambientC: number
    private readonly dailySwingC: number
    private readonly startSeconds: number
    private readonly cellOhms: number
    private readonly cellOverride: (number | undefined)[] = []
    private readonly temperatureOverride: (number | undefined)[] = []
    private currentOverride: number | undefined
    private boardSeconds = 0
    private charge: number
    private passed = 0
    private current = 0
    /** The current in the RC term, A. */
    private slowCurrent = 0
    private temperature: number
    private heat = 0

    constructor(options: PackOptions = {}) {
        this.cells = options.cells ?? 16
        this.chemistry = options.chemistry ?? "LFP"
        this.capacityAh = options.capacityAh ?? 100
        this.charge = options.condition?.charge ?? options.initialCharge ?? 0.55
        this.ambientC = options.ambientC ?? 22
        this.dailySwingC = options.dailySwingC ?? 4
        this.startSeconds = (options.startHour ?? 9) * 3600
        this.scenario = options.scenario ?? solar
        this.temperature = options.condition?.temperatureC ?? this.ambientC
        // A cell of 100 Ah has about 0.8 mΩ.
        this.cellOhms = 0.08 / this.capacityAh
        const random = seededRandom(options.seed ?? 1)
        const spread = options.spread ?? 0.004
        const deviation = () => (random() * 2 - 1) * spread
        for (let i = 0; i < this.cells; ++i) {
            this.chargeOffset.push(deviation())
            this.capacityFactor.push(1 + deviation())
            this.resistanceFactor.push(1 + deviation() * 10)
        }
        this.current = this.currentNow()
    }

    /** Advances the physics to a board time in ms; going back is ignored. */
    advanceTo(boardMs: number): void {
        const seconds = boardMs / 1000 - this.boardSeconds
        if (seconds > 0) this.advance(seconds)
    }

    /** Advances by any number of seconds. */
    advance(seconds: number): void {
        const steps = Math.max(1, Math.ceil(seconds / maxStepSeconds))
        for (let i = 0; i < steps; ++i) this.step(seconds / steps)
        this.current = this.currentNow()
    }

    /** State of charge of the pack, 0–1. */
    truth(): number {
        return Math.min(1, Math.max(0, this.charge))
    }

    /** State for the next pack to continue from. */
    condition(): PackCondition {
        return { charge: this.charge, temperatureC: this.temperature }
    }

    /** Present current in A, charging positive. */
    currentAmps(): number {
        return this.current
    }

    /** Total charge through the shunt since the start, A·s. */
    passedCoulombs(): number {
        return this.passed
    }

    /** Total heat losses since the start, J. */
    heatJoules(): number {
        return this.heat
    }

    /** Terminal voltage of a cell, from 1. */
    cellVolts(number: number): number {
        const index = number - 1
        const override = this.cellOverride[index]
        if (override !== undefined) return override
        return (
            this.openCircuitVolts(this.cellCharge(index)) +
            this.resistance(index) * (this.current + 0.6 * this.slowCurrent)
        )
    }

    /** Temperature in °C of a thermistor (1, 2) or, with 0, of the monitor chip. */
    temperatureC(sensor: number): number {
        const override = this.temperatureOverride[sensor]
        if (override !== undefined) return override
        const ambient = this.ambientNow()
        const share = [0.4, 1, 0.8][sensor] ?? 1
        return ambient + (this.temperature - ambient) * share + (sensor === 0 ? 4 : 0)
    }

    /** Open-circuit voltage of a cell at the pack's temperature. */
    openCircuitVolts(charge: number): number {
        return interpolate(curves[this.chemistry].points, charge) + (this.temperature - 25) * 1.5e-4
    }

    /** Overrides the current in A, charging positive; undefined returns it to the scenario. */
    setCurrent(amps: number | undefined): void {
        this.currentOverride = amps
        this.current = this.currentNow()
    }

    /** Uses only this many of the cells it was made with. */
    useCells(count: number): void {
        this.cells = Math.max(1, Math.min(count, this.resistanceFactor.length))
    }

    /** Overrides a cell's voltage, cells from 1; undefined ends the override. */
    setCell(number: number, volts: number | undefined): void {
        if (!(number >= 1 && number <= this.cells)) throw new RangeError(`no cell ${number}`)
        this.cellOverride[number - 1] = volts
    }

    /**
     * Overrides a temperature: thermistors 1 and 2, or 0 for the chip; undefined ends the override.
     */
    setTemperature(sensor: number, celsius: number | undefined): void {
        if (!(sensor >= 0 && sensor <= 2)) throw new RangeError(`no temperature sensor ${sensor}`)
        this.temperatureOverride[sensor] = celsius
    }

    private cellCharge(index: number): number {
        return (this.charge + this.chargeOffset[index]) / this.capacityFactor[index]
    }

    private resistance(index: number): number {
        return this.cellOhms * this.resistanceFactor[index] * this.coldFactor()
    }

    /** Resistance rises in the cold. */
    private coldFactor(): number {
        return Math.min(4, Math.exp((25 - this.temperature) * 0.02))
    }

    private ambientNow(): number {
        const day = (this.startSeconds + this.boardSeconds) / secondsPerDay
        return this.ambientC + this.dailySwingC * Math.sin(2 * Math.PI * (day - 0.4))
    }

    /** Current now: overridden, or the scenario's within the limits of charger and cut-off. */
    private currentNow(): number {
        if (this.currentOverride !== undefined) return this.currentOverride
        const wanted = this.scenario(this.startSeconds + this.boardSeconds, this.capacityAh)
        if (wanted < 0) return this.charge > 0.03 ? wanted : 0
        const ohms = this.cellOhms * this.coldFactor()
        const openVolts = this.openCircuitVolts(this.charge) + ohms * 0.6 * this.slowCurrent
        const allowed = (curves[this.chemistry].chargeVolts - openVolts) / ohms
        return Math.max(0, Math.min(wanted, allowed))
    }

    private step(seconds: number): void {
        this.current = this.currentNow()
        const amps = this.current
        const coulombs = amps * seconds
        this.passed += coulombs
        const charge = this.charge + coulombs / (this.capacityAh * 3600)
        this.charge = Math.min(1.05, Math.max(-0.02, charge))
        this.slowCurrent = amps + (this.slowCurrent - amps) * Math.exp(-seconds / 240)
        const ohms = this.cellOhms * this.coldFactor() * this.cells
        const watts = ohms * (amps * amps + 0.6 * this.slowCurrent * this.slowCurrent)
        this.heat += watts * seconds
        // 0.5 W/K to the air through the pack's surface, and 2 kg of 1 kJ/(kg·K) per 100 Ah cell.
        const conductance = 0.5 * Math.sqrt(this.cells)
        const restsAt = this.ambientNow() + watts / conductance
        const timeConstant = (20 * this.capacityAh * this.cells) / conductance
        this.temperature =
            restsAt + (this.temperature - restsAt) * Math.exp(-seconds / timeConstant)
        this.boardSeconds += seconds
    }
}

function interpolate(points: [number, number][], x: number): number {
    let i = 0
    while (i < points.length - 2 && points[i + 1][0] < x) ++i
    const [x0, y0] = points[i]
    const [x1, y1] = points[i + 1]
    return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0)
}

/** Only the electronics. */
export const idle: Scenario = (_seconds, capacityAh) => -capacityAh / 500

/**
 * A house with solar panels: a bright day with passing clouds, and a small load that grows in the
 * evening.
 */
export const solar: Scenario = (seconds, capacityAh) => {
    const hour = (seconds / 3600) % 24
    const sun = Math.max(0, Math.sin((Math.PI * (hour - 6)) / 12))
    const clouds =
        1 - 0.25 * (0.5 + 0.5 * Math.sin(seconds / 700)) * (0.6 + 0.4 * Math.sin(seconds / 97))
    const evening = hour >= 18 && hour < 22 ? 0.06 : 0
    const appliances = 0.004 * Math.sin(seconds / 431) + (seconds % 2700 < 300 ? 0.015 : 0)
    return capacityAh * (0.17 * sun * clouds - 0.025 - evening - appliances)
}

/** A vehicle: 40 minutes of driving in each hour of the day, charged at night. */
export const drive: Scenario = (seconds, capacityAh) => {
    const hour = (seconds / 3600) % 24
    if (hour < 6 || hour >= 22) return capacityAh * 0.25
    if (seconds % 3600 >= 2400 || hour >= 12) return -capacityAh / 500
    const phase = seconds % 60
    if (phase < 12) return -0.45 * capacityAh
    if (phase < 40) return -0.12 * capacityAh
    return phase < 48 ? 0.2 * capacityAh : 0
}
