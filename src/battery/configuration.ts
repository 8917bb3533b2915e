import { fieldAt } from "../core/text"
import { Key, SettingsReader } from "../settings/keys"
import { At, configurationTemplate, DaConfiguration, shortCircuitSteps } from "./registers"

const enum Row {
    Bytes = 5,
    Key = 1,
    Unit = 2,
    Min = 3,
    Max = 4,
    /** So many bytes of rows are shown, those of appliedNames. */
    ShownBytes = 55,
}

/**
 * Limits in the configuration: offset (`At`), the setting it comes from, counted from BatteryCellOvervoltage,
 * the unit as an index of `steps`, least and highest value of the register (signed).
 */
const rows = hex`
    1B 00 00 14 6E  1F 01 00 02 14  1C 0C 03 01 7F  18 02 00 14 5A  1E 03 00 02 14
    23 04 01 02 3E  24 0C 03 01 7F  25 05 01 02 64  2A 05 01 00 0F  2F 07 02 D8 78  38 08 02 D8 78
    26 0C 03 01 7F  30 0C 02 00 7F  39 0C 02 00 7F`

/** What formatApplied gives, by the manual's names. */
export const appliedNames = "COV,COV hyst.,COV delay,CUV,CUV hyst.,OCC,OCC delay,OCD1,SCD,OT,UT"

/** CC Gain is 7.5684 by the shunt in mΩ (§13.2). */
const gainTimesShunt = 7568.4

/** One step of a register in mV, A across the shunt, °C or s, and s of delay. */
function steps(shuntMicroohm: number): number[] {
    return [50.6, 2000 / shuntMicroohm, 1, 0.0033]
}

function clamp(value: number, min: number, max: number): number {
    return Math.min(max, Math.max(min, Math.round(value)))
}

/** What is written into the chip: configurationTemplate with the battery settings filled in. */
export function buildConfiguration(settings: SettingsReader): Buffer {
    const image = Buffer.from(configurationTemplate)
    const shunt = settings.number(Key.BatteryShunt)
    const gain = gainTimesShunt / shunt
    image.setAt(At.CcGain, "f32", gain)
    image.setAt(At.CapacityGain, "f32", gain * 298261.6178)
    // The finest step of current with which 200 mV, the end of the range, fits 16 bits.
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
    for (let row = 0; row < rows.length; row += Row.Bytes) {
        const unit = rows[row + Row.Unit]
        const value = settings.number(Key.BatteryCellOvervoltage + rows[row + Row.Key])
        image[rows[row]] = clamp(
            // The chip adds two steps to each delay (§5.2).
            value / step[unit] - (unit === 3 ? 2 : 0),
            rows.getAt(row + Row.Min, "i8"),
            rows[row + Row.Max],
        )
    }
    const delay = clamp(settings.number(Key.BatteryDelay) / step[3] - 2, 1, 2047)
    image.setAt(At.CovDelay, "u16", delay)
    image.setAt(At.CuvDelay, "u16", delay)
    // A short circuit is the first step at or above three times the permitted discharge.
    const discharge = settings.number(Key.BatteryOvercurrentDischarge) * shunt
    let index = 0
    while (index < 15 && shortCircuitSteps[index] * 5000 < discharge * 3) index++
    image[At.ScdThreshold] = index
    const hysteresis = settings.number(Key.BatteryTemperatureHysteresis)
    const over = image.getAt(At.Overtemperature, "i8") - hysteresis
    image[At.Overtemperature + 2] = clamp(over, -40, 120)
    image[At.Undertemperature + 2] = image[At.Undertemperature] + hysteresis
    // The registers for charge are followed by the same three for discharge.
    image.blitAt(At.Overtemperature + 3, image, At.Overtemperature, 3)
    image.blitAt(At.Undertemperature + 3, image, At.Undertemperature, 3)
}

/** The limits as the chip's registers have them, rounded and clamped, in the order of appliedNames. */
export function formatApplied(image: Buffer): string[] {
    const texts: string[] = []
    const step = steps(gainTimesShunt / image.getAt(At.CcGain, "f32"))
    for (let row = 0; row < Row.ShownBytes; row += Row.Bytes) {
        const offset = rows[row]
        const unit = rows[row + Row.Unit]
        let value = image.getAt(offset, "i8")
        if (offset === At.CovDelay) value = image.getAt(At.CovDelay, "u16")
        // In steps of 2 mV too.
        if (offset === At.ScdThreshold) value = shortCircuitSteps[value] * 2.5
        if (unit === 3) value += 2
        value = Math.round(value * step[unit] * 1000) / 1000
        texts.push(value + fieldAt(" mV, A, \u00b0C, s", unit, ","))
    }
    return texts
}
