import { drive, type PackOptions, type Scenario, solar } from "../sim/pack"
import { generator } from "../sim/random"
import { BatteryMonitor } from "../src/battery/monitor"
import { Key } from "../src/settings/keys"
import { batteryBench } from "../test/support/batterybench"
import { DeviceBuffer } from "../test/support/devicebuffer"

// State of charge: the firmware's driver and gauge on the emulated chip, compared with the pack
// model.

export interface SocCase {
    name: string
    days: number
    chemistry: "LFP" | "NMC"
    scenario: Scenario
    /** Error of the current measurement: constant part and peak noise, A. */
    offsetAmps: number
    noiseAmps: number
    /** Peak of the noise on each cell voltage, mV. */
    noiseMv: number
    pack?: PackOptions
    /** Interval of board restarts, each with up to an hour off; the chip keeps counting. */
    restartEveryHours?: number
    /**
     * Interval at which the chip loses its configuration and counter while the board is running.
     */
    chipResetEveryHours?: number
}

export interface SocResult {
    /** Largest error in % of the capacity after the pack was first full. */
    errorPercentMax: number
    fullCount: number
    restarts: number
}

const stepSeconds = 60
const hourSeconds = 3600

const storage = {
    days: 30,
    scenario: solar,
    offsetAmps: 0.05,
    noiseAmps: 0.3,
    noiseMv: 2,
} satisfies Partial<SocCase>

/** A sky that passes less than half of the sunlight on four days out of five. */
const cloudy: Scenario = (seconds, capacityAh) => {
    const amps = solar(seconds, capacityAh)
    const bright = Math.floor(seconds / 86400) % 5 === 0
    return bright || amps < 0 ? amps : amps * 0.45
}

/** Their largest error is the bench's figure: solar storage, all with sensor offset and noise. */
export const storageCases: SocCase[] = [
    { name: "LFP", chemistry: "LFP", ...storage },
    { name: "LFP, offset the other way", chemistry: "LFP", ...storage, offsetAmps: -0.05 },
    { name: "NMC", chemistry: "NMC", ...storage },
    { name: "NMC, offset the other way", chemistry: "NMC", ...storage, offsetAmps: -0.05 },
    { name: "LFP in the cold", chemistry: "LFP", ...storage, pack: { ambientC: 2 } },
    { name: "LFP in the heat", chemistry: "LFP", ...storage, pack: { ambientC: 38 } },
    { name: "LFP, cells 2 % apart", chemistry: "LFP", ...storage, pack: { spread: 0.02 } },
    {
        name: "LFP, restarts and resets of the chip",
        chemistry: "LFP",
        ...storage,
        restartEveryHours: 7,
        chipResetEveryHours: 31,
    },
]

/** Another use, also printed. */
export const drivingCase: SocCase = {
    name: "NMC, a week of driving",
    chemistry: "NMC",
    ...storage,
    days: 7,
    scenario: drive,
}

/**
 * Storage that is seldom full: once in the month, and empty nearly every day. A separate figure,
 * without a budget.
 */
export const seldomFullCase: SocCase = {
    name: "LFP, a sunny day in five",
    chemistry: "LFP",
    ...storage,
    scenario: cloudy,
}

/** Runs one case; takes seconds of real time. */
export async function simulateSoc(one: SocCase): Promise<SocResult> {
    const random = generator(11)
    const bench = batteryBench({
        pack: {
            spread: 0.004,
            initialCharge: 0.4,
            chemistry: one.chemistry,
            scenario: one.scenario,
            ...one.pack,
        },
        chip: { offsetAmps: one.offsetAmps, noiseAmps: one.noiseAmps, noiseMv: one.noiseMv },
        settings: [
            [Key.BatteryChemistry, one.chemistry === "LFP" ? 0 : 1],
            [Key.BatteryCellOvervoltage, one.chemistry === "LFP" ? 3650 : 4250],
        ],
    })
    const { pack, ticks, chip, kept } = bench
    let monitor = bench.monitor
    const result: SocResult = { errorPercentMax: 0, fullCount: 0, restarts: 0 }
    let wasFull = false
    const due = (everyHours: number | undefined, seconds: number) =>
        everyHours !== undefined && seconds > 0 && seconds % (everyHours * hourSeconds) === 0
    // Half an hour apart from the restarts.
    const chipDue = (seconds: number) => due(one.chipResetEveryHours, seconds - hourSeconds / 2)
    for (let seconds = 0; seconds < one.days * 86400; seconds += stepSeconds) {
        if (chipDue(seconds)) chip.selfReset()
        if (due(one.restartEveryHours, seconds)) {
            // Every second restart is orderly; the others restore the last hourly state.
            if (result.restarts % 2 === 0) await monitor.save()
            const { bus, settings, alarms, persist } = bench
            monitor = new BatteryMonitor(bus as never, ticks, settings, alarms, persist)
            monitor.restore(DeviceBuffer.from(kept.at(-1)!, "hex") as never)
            await ticks.sleep(random() * hourSeconds * 1000)
            result.restarts++
        }
        bench.bus.log.length = 0
        const permille = (await monitor.sample()).socPermille
        const isFull = permille === 1000
        if (isFull && !wasFull) result.fullCount++
        wasFull = isFull
        const error = Math.abs(permille! / 10 - pack.truth() * 100)
        if (result.fullCount > 0) result.errorPercentMax = Math.max(result.errorPercentMax, error)
        await ticks.sleep(stepSeconds * 1000)
    }
    return result
}

/** Prints each case and returns the bench's figures. */
export async function socBench(): Promise<Record<string, number>> {
    let errorPercentMax = 0
    let seldomFullErrorPercentMax = 0
    for (const one of [...storageCases, drivingCase, seldomFullCase]) {
        const result = await simulateSoc(one)
        if (storageCases.includes(one))
            errorPercentMax = Math.max(errorPercentMax, result.errorPercentMax)
        if (one === seldomFullCase) seldomFullErrorPercentMax = result.errorPercentMax
        console.log(
            `state of charge, ${one.name}, ${one.days} days: off by ` +
                `${result.errorPercentMax.toFixed(2)} % at most, full ${result.fullCount} times`,
        )
    }
    return {
        "soc.errorPercentMax": hundredths(errorPercentMax),
        "soc.seldomFullErrorPercentMax": hundredths(seldomFullErrorPercentMax),
    }
}

function hundredths(value: number): number {
    return Math.round(value * 100) / 100
}
