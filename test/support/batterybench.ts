// A battery monitor on an emulated chip and pack, with a clock that the test moves.

import { Bq76952Chip, type MonitorOptions } from "../../sim/chips/bq76952"
import { Pack, type PackOptions, idle } from "../../sim/pack"
import { BatteryMonitor } from "../../src/battery/monitor"
import { Alarm, alarmName } from "../../src/core/alarm"
import { Key } from "../../src/settings/keys"
import { ChipI2cBus } from "./chipi2cbus"
import { SleepTicks } from "./sleepticks"

/** The battery settings with their defaults. */
export class FakeSettings {
    readonly values = new Map<Key, number>([
        [Key.BatteryCells, 16],
        [Key.BatteryChemistry, 0],
        [Key.BatteryCapacity, 100000],
        [Key.BatteryShunt, 250],
        [Key.BatteryCellOvervoltage, 3650],
        [Key.BatteryCellOvervoltageHysteresis, 100],
        [Key.BatteryCellUndervoltage, 2500],
        [Key.BatteryCellUndervoltageHysteresis, 200],
        [Key.BatteryOvercurrentCharge, 100],
        [Key.BatteryOvercurrentDischarge, 200],
        [Key.BatteryOvercurrentHysteresis, 10],
        [Key.BatteryOvertemperature, 60],
        [Key.BatteryUndertemperature, -20],
        [Key.BatteryTemperatureHysteresis, 5],
        [Key.BatteryImbalance, 300],
        [Key.BatteryImbalanceHysteresis, 100],
        [Key.BatteryDelay, 2],
    ])
    number(key: Key): number {
        const value = this.values.get(key)
        if (value === undefined) throw new Error(`no setting ${key}`)
        return value
    }
    text(): string {
        return ""
    }
    with(changes: [Key, number][]): this {
        for (const [key, value] of changes) this.values.set(key, value)
        return this
    }
}

/** An alarm's name as the source writes it. */
function nameOf(alarm: Alarm): string {
    const words = alarmName(alarm).toLowerCase().split("_")
    return words.map(word => word[0].toUpperCase() + word.slice(1)).join("")
}

export class FakeAlarms {
    readonly active = new Set<Alarm>()
    readonly changes: string[] = []
    /** The note of the last change. */
    note: string | undefined
    set(alarm: Alarm, on: boolean, note?: string): void {
        if (on === this.active.has(alarm)) return
        if (on) this.active.add(alarm)
        else this.active.delete(alarm)
        this.note = note
        this.changes.push((on ? "+" : "-") + nameOf(alarm))
    }
}

export interface BenchOptions {
    pack?: PackOptions
    chip?: Partial<MonitorOptions>
    settings?: [Key, number][]
    /** The host starts a read after a write without a STOP. */
    repeatedStart?: boolean
}

export function batteryBench(options: BenchOptions = {}) {
    const ticks = new SleepTicks()
    const settings = new FakeSettings().with(options.settings ?? [])
    const alarms = new FakeAlarms()
    const pack = new Pack({ scenario: idle, spread: 0, ...options.pack })
    const chip = new Bq76952Chip(pack, { nowMs: () => ticks.ms, ...options.chip })
    const bus = new ChipI2cBus([chip], options.repeatedStart)
    const kept: string[] = []
    const persist = async (value: Buffer) => void kept.push(value.toString("hex"))
    const monitor = new BatteryMonitor(bus as never, ticks, settings, alarms, persist)
    ticks.ms = 1000
    return { ticks, settings, alarms, pack, chip, bus, kept, monitor, persist }
}
