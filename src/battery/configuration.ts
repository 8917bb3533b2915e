import { Key, SettingsReader } from "../settings/keys"
import { At, configurationTemplate, DaConfiguration, shortCircuitSteps } from "./registers"

function clamp(value: number, min: number, max: number): number {
    return Math.min(max, Math.max(min, Math.round(value)))
}

/** What is written into the chip: configurationTemplate with the battery settings filled in. */
export function buildConfiguration(settings: SettingsReader): Buffer {
    const image = Buffer.from(configurationTemplate)
    const shunt = settings.number(Key.BatteryShunt)
    const gain = 7568.4 / shunt
    image.setAt(At.CcGain, "f32", gain)
    image.setAt(At.CapacityGain, "f32", gain * 298261.6178)
    // The finest step of current with which 200 mV, the end of the range, fits 16 bits.
    let amps = 3
    if (shunt >= 611) amps = 2
    if (shunt >= 6104) amps = 1
    image[At.DaConfiguration] = DaConfiguration.UserVoltsCentivolt | amps
    const cells = settings.number(Key.BatteryCells)
    image.setAt(At.VcellMode, "u16", 0x8000 | ((1 << (cells - 1)) - 1))
    fillTemperatures(image, settings)
    fillVoltages(image, settings)
    fillCurrents(image, settings, shunt)
    return image
}

function fillVoltages(image: Buffer, settings: SettingsReader): void {
    const delay = clamp(settings.number(Key.BatteryDelay) * 303.03, 1, 2047)
    image.setAt(At.CovDelay, "u16", delay)
    image.setAt(At.CuvDelay, "u16", delay)
    image[At.CovThreshold] = clamp(settings.number(Key.BatteryCellOvervoltage) / 50.6, 20, 110)
    image[At.CuvThreshold] = clamp(settings.number(Key.BatteryCellUndervoltage) / 50.6, 20, 90)
    image[At.CovHysteresis] = clamp(
        settings.number(Key.BatteryCellOvervoltageHysteresis) / 50.6,
        2,
        20,
    )
    image[At.CuvHysteresis] = clamp(
        settings.number(Key.BatteryCellUndervoltageHysteresis) / 50.6,
        2,
        20,
    )
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
    // A short circuit is the first step at or above three times the permitted discharge.
    let step = 0
    while (step < 15 && shortCircuitSteps[step] * 5000 < discharge * 3) step++
    image[At.ScdThreshold] = step
}

function fillTemperatures(image: Buffer, settings: SettingsReader): void {
    const hysteresis = settings.number(Key.BatteryTemperatureHysteresis)
    const over = clamp(settings.number(Key.BatteryOvertemperature), -40, 120)
    const under = clamp(settings.number(Key.BatteryUndertemperature), -40, 120)
    const delay = settings.number(Key.BatteryDelay)
    image[At.Overtemperature] = over
    image[At.Overtemperature + 1] = delay
    image[At.Overtemperature + 2] = clamp(over - hysteresis, -40, 120)
    image[At.Undertemperature] = under
    image[At.Undertemperature + 1] = delay
    image[At.Undertemperature + 2] = clamp(under + hysteresis, -40, 120)
    // The registers for charge are followed by the same three for discharge.
    image.blitAt(At.Overtemperature + 3, image, At.Overtemperature, 3)
    image.blitAt(At.Undertemperature + 3, image, At.Undertemperature, 3)
}
