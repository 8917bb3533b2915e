import { Alarm, AlarmSink } from "../core/alarm"
import { formatScaled } from "../core/text"
import { Key, SettingsReader } from "../settings/keys"
import { Safety } from "./registers"
import { BatteryState } from "./state"

/**
 * Thresholds of the battery. A flag is raised once a value has been at or beyond its threshold for
 * battery.delay, and cleared once it has been back by more than the hysteresis for as long.
 * Settings are read at each check, so that changes apply at once.
 */
export class Limits {
    private raised = 0
    private changedAtMs: (number | undefined)[] = []

    constructor(
        private readonly settings: SettingsReader,
        private readonly alarms: AlarmSink,
    ) {}

    check(state: BatteryState): void {
        this.checkVoltages(state)
        this.checkCurrents(state)
        this.checkTemperatures(state)
        this.checkLimit(
            state,
            Alarm.CellImbalance,
            state.cellMaxMv - state.cellMinMv,
            Key.BatteryImbalance,
            Key.BatteryImbalanceHysteresis,
            1,
        )
        // The chip detects a short circuit in microseconds and latches its flag: no delay here.
        const shorted = state.safety & (Safety.ShortCircuit | Safety.ShortCircuitLatched)
        this.alarms.set(Alarm.ShortCircuit, shorted !== 0)
    }

    /** There was no sample: flags stay, but pending changes must last their delay again. */
    pause(): void {
        this.changedAtMs = []
    }

    private checkVoltages(state: BatteryState): void {
        this.checkLimit(
            state,
            Alarm.CellOvervoltage,
            state.cellMaxMv,
            Key.BatteryCellOvervoltage,
            Key.BatteryCellOvervoltageHysteresis,
            1,
        )
        this.checkLimit(
            state,
            Alarm.CellUndervoltage,
            state.cellMinMv,
            Key.BatteryCellUndervoltage,
            Key.BatteryCellUndervoltageHysteresis,
            -1,
        )
    }

    private checkCurrents(state: BatteryState): void {
        this.checkLimit(
            state,
            Alarm.OvercurrentCharge,
            state.currentMa,
            Key.BatteryOvercurrentCharge,
            Key.BatteryOvercurrentHysteresis,
            1000,
        )
        this.checkLimit(
            state,
            Alarm.OvercurrentDischarge,
            -state.currentMa,
            Key.BatteryOvercurrentDischarge,
            Key.BatteryOvercurrentHysteresis,
            1000,
        )
    }

    private checkTemperatures(state: BatteryState): void {
        const [first, second] = state.temperatureDeciC
        this.checkLimit(
            state,
            Alarm.Overtemperature,
            Math.max(first, second),
            Key.BatteryOvertemperature,
            Key.BatteryTemperatureHysteresis,
            10,
        )
        this.checkLimit(
            state,
            Alarm.Undertemperature,
            Math.min(first, second),
            Key.BatteryUndertemperature,
            Key.BatteryTemperatureHysteresis,
            -10,
        )
    }

    /**
     * Checks a value against the threshold and hysteresis in these settings.
     * @param scale units of the value per unit of the settings, negative for a lower limit
     */
    private checkLimit(
        state: BatteryState,
        alarm: Alarm,
        value: number,
        threshold: Key,
        hysteresis: Key,
        scale: number,
    ): void {
        const { settings, alarms, changedAtMs } = this
        const { atMs } = state
        const sign = scale < 0 ? -1 : 1
        const active = ((this.raised >> alarm) & 1) !== 0
        let limit = settings.number(threshold) * scale * sign
        if (active) limit -= settings.number(hysteresis) * scale
        const beyond = (value - limit) * sign >= 0
        let sinceMs = changedAtMs[alarm]
        if (beyond === active) {
            // Repeated each time: the flag may be up from before the start.
            alarms.set(alarm, active)
            sinceMs = undefined
        } else {
            if (sinceMs === undefined) sinceMs = atMs
            if (atMs - sinceMs >= settings.number(Key.BatteryDelay) * 1000) {
                this.raised = this.raised ^ (1 << alarm)
                sinceMs = undefined
                alarms.set(alarm, beyond, explain(state, alarm, value, limit))
            }
        }
        changedAtMs[alarm] = sinceMs
    }
}

/** The cells or thermistor, the value, the limit: "cell 7: 3.652 V, limit 3.650 V". */
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
