import { fieldAt } from "../core/text"
import { Key, SettingsReader } from "../settings/keys"
import { At, configurationTemplate, DaConfiguration, shortCircuitSteps } from "./registers"

/** The unit of one step of a limit's register. */
const enum Unit {
    /** 50.6 mV of cell voltage. */
    Voltage,
    /** 2 mV across the shunt, in A. */
    Current,
    /** 1 °C, or 1 s. */
    Whole,
    /** 3.3 ms of delay; the chip adds two steps (§5.2). */
    Delay,
}

type TakeLimit = (register: At, unit: Unit, key: Key, min: number, max: number) => void

/**
 * Calls `take` for each limit in appliedNames: its register and the register's unit, its setting,
 * the register's minimum and maximum (signed).
 */
function forEachLimit(take: TakeLimit): void {
    take(At.CovThreshold, Unit.Voltage, Key.BatteryCellOvervoltage, 20, 110)
    take(At.CovHysteresis, Unit.Voltage, Key.BatteryCellOvervoltageHysteresis, 2, 20)
    take(At.CovDelay, Unit.Delay, Key.BatteryDelay, 1, 127)
    take(At.CuvThreshold, Unit.Voltage, Key.BatteryCellUndervoltage, 20, 90)
    take(At.CuvHysteresis, Unit.Voltage, Key.BatteryCellUndervoltageHysteresis, 2, 20)
    take(At.OccThreshold, Unit.Current, Key.BatteryOvercurrentCharge, 2, 62)
    take(At.OccDelay, Unit.Delay, Key.BatteryDelay, 1, 127)
    take(At.Ocd1Threshold, Unit.Current, Key.BatteryOvercurrentDischarge, 2, 100)
    take(At.ScdThreshold, Unit.Current, Key.BatteryOvercurrentDischarge, 0, 15)
    take(At.Overtemperature, Unit.Whole, Key.BatteryOvertemperature, -40, 120)
    take(At.Undertemperature, Unit.Whole, Key.BatteryUndertemperature, -40, 120)
}

/** The names of formatApplied's values, as in the manual. */
export const appliedNames = "COV,COV hyst.,COV delay,CUV,CUV hyst.,OCC,OCC delay,OCD1,SCD,OT,UT"

/** CC Gain is 7.5684 divided by the shunt in mΩ (§13.2). */
const gainTimesShunt = 7568.4

/** One register step of each Unit, in mV, A, °C or s, and s of delay. */
function steps(shuntMicroohm: number): number[] {
    return [50.6, 2000 / shuntMicroohm, 1, 0.0033]
}

function clamp(value: number, min: number, max: number): number {
    return Math.min(max, Math.max(min, Math.round(value)))
}

/** The chip's configuration: configurationTemplate with the battery settings filled in. */
export function buildConfiguration(settings: SettingsReader): Buffer {
    const image = Buffer.from(configurationTemplate)
    const shunt = settings.number(Key.BatteryShunt)
    const gain = gainTimesShunt / shunt
    image.setAt(At.CcGain, "f32", gain)
    image.setAt(At.CapacityGain, "f32", gain * 298261.6178)
    // The finest current step for which 200 mV, the end of the range, fits 16 bits.
    let amps = 3
    if (shunt >= 611) amps = 2
    if (shunt >= 6104) amps = 1
    image[At.DaConfiguration] = DaConfiguration.UserVoltsCentivolt | amps
    const cells = settings.number(Key.BatteryCells)
    image.setAt(At.VcellMode, "u16", 0x8000 | ((1 << (cells - 1)) - 1))
    fillLimits(image, settings, shunt)
    return image
}

function fillLimits(image: Buffer, settings: SettingsReader, shunt: number): void {
    const step = steps(shunt)
    const fill: TakeLimit = (register, unit, key, min, max) => {
        const value = settings.number(key) / step[unit]
        image[register] = clamp(unit === Unit.Delay ? value - 2 : value, min, max)
    }
    forEachLimit(fill)
    fill(At.Ocd1Delay, Unit.Delay, Key.BatteryDelay, 1, 127)
    fill(At.Overtemperature + 1, Unit.Whole, Key.BatteryDelay, 0, 127)
    fill(At.Undertemperature + 1, Unit.Whole, Key.BatteryDelay, 0, 127)
    const delay = clamp(settings.number(Key.BatteryDelay) / step[Unit.Delay] - 2, 1, 2047)
    image.setAt(At.CovDelay, "u16", delay)
    image.setAt(At.CuvDelay, "u16", delay)
    // The short-circuit limit is the first step at or above three times the permitted discharge.
    const discharge = settings.number(Key.BatteryOvercurrentDischarge) * shunt
    let index = 0
    while (index < 15 && shortCircuitSteps[index] * 5000 < discharge * 3) index++
    image[At.ScdThreshold] = index
    const hysteresis = settings.number(Key.BatteryTemperatureHysteresis)
    const over = image.getAt(At.Overtemperature, "i8") - hysteresis
    image[At.Overtemperature + 2] = clamp(over, -40, 120)
    image[At.Undertemperature + 2] = image[At.Undertemperature] + hysteresis
    // The same three registers for discharge follow those for charge.
    image.blitAt(At.Overtemperature + 3, image, At.Overtemperature, 3)
    image.blitAt(At.Undertemperature + 3, image, At.Undertemperature, 3)
}

/** The limits in the chip's registers, rounded and clamped, in the order of appliedNames. */
export function formatApplied(image: Buffer): string[] {
    const texts: string[] = []
    const step = steps(gainTimesShunt / image.getAt(At.CcGain, "f32"))
    forEachLimit((register, unit) => {
        let value = image.getAt(register, "i8")
        if (register === At.CovDelay) value = image.getAt(At.CovDelay, "u16")
        // Converted from 5 mV to steps of 2 mV.
        if (register === At.ScdThreshold) value = shortCircuitSteps[value] * 2.5
        if (unit === Unit.Delay) value += 2
        value = Math.round(value * step[unit] * 1000) / 1000
        texts.push(value + fieldAt(" mV, A, \u00b0C, s", unit, ","))
    })
    return texts
}
