import { Alarm, AlarmSink } from "../core/alarm"
import { formatScaled } from "../core/text"
import { Key, SettingsReader } from "../settings/keys"
import { Safety } from "./registers"
import { BatteryState } from "./state"

/**
 * For each alarm from CellOvervoltage to CellImbalance: the settings of its threshold and its hysteresis,
 * counted from BatteryCellOvervoltage, and how many of the value's units are one of theirs (16 bits signed).
 * A lower limit is an upper limit of the negated value, and has a negative scale.
 */
const rows = hex`00 01 0100  02 03 FFFF  04 06 E803  05 06 E803  07 09 0A00  08 09 F6FF  0A 0B 0100`

/**
 * Thresholds of the battery. A flag is raised when a value has been at or beyond its threshold for
 * battery.delay, and cleared when it has been back by more than the hysteresis for as long. Settings are read
 * at each check, so that a change works at once.
 */
export class Limits {
    private raised = 0
    private changedAtMs: (number | undefined)[] = []

    constructor(
        private readonly settings: SettingsReader,
        private readonly alarms: AlarmSink,
    ) {}

    check(state: BatteryState): void {
        const { settings, alarms, changedAtMs } = this
        const { currentMa, cellMaxMv, cellMinMv, atMs } = state
        const first = state.temperatureDeciC[0]
        const second = state.temperatureDeciC[1]
        const values = [
            cellMaxMv,
            -cellMinMv,
            currentMa,
            -currentMa,
            Math.max(first, second),
            -Math.min(first, second),
            cellMaxMv - cellMinMv,
        ]
        for (let alarm = 0; alarm < values.length; ++alarm) {
            const scale = rows.getAt(4 * alarm + 2, "i16")
            const active = ((this.raised >> alarm) & 1) !== 0
            let limit = settings.number(Key.BatteryCellOvervoltage + rows[4 * alarm]) * scale
            if (active)
                limit -=
                    settings.number(Key.BatteryCellOvervoltage + rows[4 * alarm + 1]) *
                    Math.abs(scale)
            const beyond = values[alarm] >= limit
            let sinceMs = changedAtMs[alarm]
            if (beyond === active) {
                // Said each time: the flag may be up from before the start.
                alarms.set(alarm, active)
                sinceMs = undefined
            } else {
                if (sinceMs === undefined) sinceMs = atMs
                if (atMs - sinceMs >= settings.number(Key.BatteryDelay) * 1000) {
                    this.raised = this.raised ^ (1 << alarm)
                    sinceMs = undefined
                    const sign = scale < 0 ? -1 : 1
                    alarms.set(
                        alarm,
                        beyond,
                        explain(state, alarm, values[alarm] * sign, limit * sign),
                    )
                }
            }
            changedAtMs[alarm] = sinceMs
        }
        // The chip catches a short circuit in microseconds and holds its flag: no delay here.
        const shorted = state.safety & (Safety.ShortCircuit | Safety.ShortCircuitLatched)
        alarms.set(Alarm.ShortCircuit, shorted !== 0)
    }

    /** There was no sample: the flags stay, but what was about to change must last its delay anew. */
    pause(): void {
        this.changedAtMs = []
    }
}

/** Which cells or thermistor, what value, what limit: "cell 7: 3.652 V, limit 3.650 V". */
function explain(state: BatteryState, alarm: Alarm, value: number, limit: number): string {
    const cells = state.cellMv
    let place = ""
    let unit = "V"
    let decimals = 3
    if (alarm <= Alarm.CellUndervoltage) place = `cell ${cells.indexOf(value) + 1}: `
    else if (alarm <= Alarm.OvercurrentDischarge) unit = "A"
    else if (alarm <= Alarm.Undertemperature) {
        place = `thermistor ${state.temperatureDeciC.indexOf(value) + 1}: `
        unit = "\u00b0C"
        decimals = 1
    } else
        place = `cells ${cells.indexOf(state.cellMinMv) + 1} and ${cells.indexOf(state.cellMaxMv) + 1}: `
    return `${place}${formatScaled(value, decimals)} ${unit}, limit ${formatScaled(limit, decimals)} ${unit}`
}
