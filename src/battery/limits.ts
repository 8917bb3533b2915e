import { Alarm, AlarmSink } from "../core/alarm"
import { Key, SettingsReader } from "../settings/keys"
import { Safety } from "./registers"
import { BatteryState } from "./state"

/**
 * Thresholds of the battery. A flag is raised when a value has been at or beyond its threshold for
 * battery.delay, and cleared when it has been back by more than the hysteresis for as long. Settings are read
 * at each check, so that a change works at once.
 */
export class Limits {
    private raised = 0
    private changedAtMs: (number | undefined)[] = []
    private atMs = 0

    constructor(
        private readonly settings: SettingsReader,
        private readonly alarms: AlarmSink,
    ) {}

    check(state: BatteryState): void {
        this.atMs = state.atMs
        const first = state.temperatureDeciC[0]
        const second = state.temperatureDeciC[1]
        // An upper limit has a positive scale; a lower one is an upper limit of the negated value.
        this.checkOne(
            Alarm.CellOvervoltage,
            state.cellMaxMv,
            Key.BatteryCellOvervoltage,
            Key.BatteryCellOvervoltageHysteresis,
            1,
        )
        this.checkOne(
            Alarm.CellUndervoltage,
            -state.cellMinMv,
            Key.BatteryCellUndervoltage,
            Key.BatteryCellUndervoltageHysteresis,
            -1,
        )
        this.checkOne(
            Alarm.OvercurrentCharge,
            state.currentMa,
            Key.BatteryOvercurrentCharge,
            Key.BatteryOvercurrentHysteresis,
            1000,
        )
        this.checkOne(
            Alarm.OvercurrentDischarge,
            -state.currentMa,
            Key.BatteryOvercurrentDischarge,
            Key.BatteryOvercurrentHysteresis,
            1000,
        )
        this.checkOne(
            Alarm.Overtemperature,
            Math.max(first, second),
            Key.BatteryOvertemperature,
            Key.BatteryTemperatureHysteresis,
            10,
        )
        this.checkOne(
            Alarm.Undertemperature,
            -Math.min(first, second),
            Key.BatteryUndertemperature,
            Key.BatteryTemperatureHysteresis,
            -10,
        )
        this.checkOne(
            Alarm.CellImbalance,
            state.cellMaxMv - state.cellMinMv,
            Key.BatteryImbalance,
            Key.BatteryImbalanceHysteresis,
            1,
        )
        // The chip catches a short circuit in microseconds and holds its flag: no delay here.
        const shorted = state.safety & (Safety.ShortCircuit | Safety.ShortCircuitLatched)
        this.alarms.set(Alarm.ShortCircuit, shorted !== 0)
    }

    /** There was no sample: the flags stay, but what was about to change must last its delay anew. */
    pause(): void {
        this.changedAtMs = []
    }

    private checkOne(
        alarm: Alarm,
        value: number,
        thresholdKey: Key,
        hysteresisKey: Key,
        scale: number,
    ): void {
        const { settings, changedAtMs, atMs } = this
        const threshold = settings.number(thresholdKey) * scale
        const hysteresis = settings.number(hysteresisKey) * Math.abs(scale)
        const active = ((this.raised >> alarm) & 1) !== 0
        const beyond = value >= (active ? threshold - hysteresis : threshold)
        if (beyond === active) {
            changedAtMs[alarm] = undefined
            return
        }
        let sinceMs = changedAtMs[alarm]
        if (sinceMs === undefined) {
            sinceMs = atMs
            changedAtMs[alarm] = sinceMs
        }
        if (atMs - sinceMs < settings.number(Key.BatteryDelay) * 1000) return
        this.raised = this.raised ^ (1 << alarm)
        changedAtMs[alarm] = undefined
        this.alarms.set(alarm, beyond)
    }
}
