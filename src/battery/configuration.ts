import { Key, SettingsReader } from "../settings/keys"
import { At, configurationTemplate, DaConfiguration, shortCircuitSteps } from "./registers"
import { AppliedLimits } from "./state"

/** What is written into the chip, and what the chip makes of the limits. */
export interface Configuration {
    /** configurationTemplate with the settings filled in. */
    image: Buffer
    applied: AppliedLimits
}

/** The chip's input (0–15) for a cell (0 is cell 1): all from the bottom up, the top cell at VC16. */
export function inputOfCell(cell: number, cells: number): number {
    return cell === cells - 1 ? 15 : cell
}

/** USER_AMPS code for a shunt in µΩ: the finest step with which 200 mV, the end of the range, fits 16 bits. */
function userAmps(shuntMicroohm: number): number {
    if (shuntMicroohm >= 6104) return 1
    return shuntMicroohm >= 611 ? 2 : 3
}

/** The step of current for a DA Configuration, mA. */
export function currentStepMa(daConfiguration: number): number {
    const code = daConfiguration & DaConfiguration.UserAmpsMask
    if (code === 3) return 100
    return code === 2 ? 10 : 1
}

function clamp(value: number, min: number, max: number): number {
    return Math.min(max, Math.max(min, Math.round(value)))
}

/** Translates the battery settings into the chip's registers. */
export function buildConfiguration(settings: SettingsReader): Configuration {
    const image = Buffer.from(configurationTemplate)
    const shunt = settings.number(Key.BatteryShunt)
    const gain = 7568.4 / shunt
    image.setAt(At.CcGain, "f32", gain)
    image.setAt(At.CapacityGain, "f32", gain * 298261.6178)
    const amps = userAmps(shunt)
    image[At.DaConfiguration] = DaConfiguration.UserVoltsCentivolt | amps
    const cells = settings.number(Key.BatteryCells)
    image.setAt(At.VcellMode, "u16", 0x8000 | ((1 << (cells - 1)) - 1))
    fillTemperatures(image, settings)
    fillVoltages(image, settings)
    fillCurrents(image, settings, shunt)
    const ampsMa = 2000000 / shunt
    const applied: AppliedLimits = {
        cellOvervoltageMv: Math.round(image[At.CovThreshold] * 50.6),
        cellUndervoltageMv: Math.round(image[At.CuvThreshold] * 50.6),
        overcurrentChargeMa: Math.round(image[At.OccThreshold] * ampsMa),
        overcurrentDischargeMa: Math.round(image[At.Ocd1Threshold] * ampsMa),
        shortCircuitMa: Math.round((shortCircuitSteps[image[At.ScdThreshold]] * 5000000) / shunt),
        currentStepMa: currentStepMa(amps),
    }
    return { image, applied }
}

function fillVoltages(image: Buffer, settings: SettingsReader): void {
    const delay = clamp(settings.number(Key.BatteryDelay) * 303.03, 1, 2047)
    image.setAt(At.CovDelay, "u16", delay)
    image.setAt(At.CuvDelay, "u16", delay)
    const over = settings.number(Key.BatteryCellOvervoltage)
    const under = settings.number(Key.BatteryCellUndervoltage)
    image[At.CovThreshold] = clamp(over / 50.6, 20, 110)
    image[At.CuvThreshold] = clamp(under / 50.6, 20, 90)
    const overHysteresis = settings.number(Key.BatteryCellOvervoltageHysteresis)
    const underHysteresis = settings.number(Key.BatteryCellUndervoltageHysteresis)
    image[At.CovHysteresis] = clamp(overHysteresis / 50.6, 2, 20)
    image[At.CuvHysteresis] = clamp(underHysteresis / 50.6, 2, 20)
}

function fillCurrents(image: Buffer, settings: SettingsReader, shunt: number): void {
    const delay = clamp(settings.number(Key.BatteryDelay) * 303.03, 1, 127)
    image[At.OccDelay] = delay
    image[At.Ocd1Delay] = delay
    const discharge = settings.number(Key.BatteryOvercurrentDischarge) * shunt
    image[At.OccThreshold] = clamp(
        (settings.number(Key.BatteryOvercurrentCharge) * shunt) / 2000,
        2,
        62,
    )
    image[At.Ocd1Threshold] = clamp(discharge / 2000, 2, 100)
    // A short circuit is the first step at or above twice the permitted discharge.
    let step = 0
    while (step < 15 && shortCircuitSteps[step] * 5000 < discharge * 2) step++
    image[At.ScdThreshold] = step
}

function fillTemperatures(image: Buffer, settings: SettingsReader): void {
    const hysteresis = settings.number(Key.BatteryTemperatureHysteresis)
    const over = clamp(settings.number(Key.BatteryOvertemperature), -40, 120)
    const under = clamp(settings.number(Key.BatteryUndertemperature), -40, 120)
    const delay = settings.number(Key.BatteryDelay)
    // Charge and discharge have registers of their own, three bytes apart.
    for (let i = 0; i < 6; i += 3) {
        image.setAt(At.Overtemperature + i, "i8", over)
        image[At.Overtemperature + i + 1] = delay
        image.setAt(At.Overtemperature + i + 2, "i8", clamp(over - hysteresis, -40, 120))
        image.setAt(At.Undertemperature + i, "i8", under)
        image[At.Undertemperature + i + 1] = delay
        image.setAt(At.Undertemperature + i + 2, "i8", clamp(under + hysteresis, -40, 120))
    }
}
