import { expect } from "vitest"
import { alarmRow, amperes, cellCount, look, percent, type Row } from "./row"

const all = (volts: number) => Array.from({ length: 16 }, (_, i) => `!cell ${i + 1} ${volts}`)
/** The battery, its limits and their alarms. */
export const batteryRows: Row[] = [
    {
        keys: ["battery.cells"],
        lines: [
            "cells",
            "set battery.cells 8",
            "sleep 4s",
            "cells",
            "set battery.cells 16",
            "sleep 4s",
            "cells",
        ],
        check: answers =>
            expect([answers[0], answers[3], answers[6]].map(cellCount)).toEqual([16, 8, 16]),
    },
    {
        keys: ["battery.shunt"],
        lines: [
            "!current 20",
            "sleep 3s",
            "battery",
            "set battery.shunt 500",
            "sleep 4s",
            "battery",
            "set battery.shunt 250",
            "sleep 4s",
        ],
        check: answers => {
            expect(amperes(answers[2])).toBeCloseTo(20, 0)
            expect(amperes(answers[5])).toBeCloseTo(10, 0)
        },
    },
    {
        keys: ["battery.capacity"],
        lines: [
            "battery",
            "set battery.capacity 2000",
            "sleep 2s",
            "battery",
            "!current -180",
            "sleep 4s",
            "battery",
            "!current 20",
            "set battery.capacity 100000",
        ],
        check: answers => {
            // The state of charge stays; a change counts for more from then on: 720 of 7200 A·s.
            expect(Math.abs(percent(answers[3]) - percent(answers[0]))).toBeLessThan(2)
            const counted = percent(answers[3]) - percent(answers[6])
            expect(counted).toBeGreaterThan(4)
            expect(counted).toBeLessThan(14)
        },
    },
    {
        keys: ["battery.chemistry"],
        lines: [
            "set battery.chemistry NMC",
            "!current 1",
            ...all(3.45),
            "sleep 80s",
            "battery",
            "set battery.chemistry LFP",
            "sleep 80s",
            "battery",
        ],
        check: answers => {
            expect(percent(answers.at(-4)!)).toBeLessThan(90)
            // 3.45 V with little current: a full LFP cell.
            expect(percent(answers.at(-1)!)).toBe(100)
        },
    },
    alarmRow(
        "battery.cell_overvoltage",
        ["set battery.cell_overvoltage 3400", ...look],
        ["CELL_OVERVOLTAGE"],
    ),
    alarmRow(
        "battery.cell_overvoltage_hysteresis",
        [
            "set battery.cell_overvoltage 3500",
            ...look,
            "set battery.cell_overvoltage_hysteresis 10",
            ...look,
        ],
        ["CELL_OVERVOLTAGE", "none"],
    ),
    alarmRow(
        "battery.cell_undervoltage",
        [
            "set battery.cell_overvoltage 4500",
            "set battery.cell_undervoltage_hysteresis 20",
            "set battery.cell_undervoltage 3460",
            ...look,
        ],
        ["CELL_UNDERVOLTAGE"],
    ),
    alarmRow(
        "battery.cell_undervoltage_hysteresis",
        [
            "set battery.cell_undervoltage 3440",
            ...look,
            "set battery.cell_undervoltage_hysteresis 0",
            ...look,
        ],
        ["CELL_UNDERVOLTAGE", "none"],
    ),
    alarmRow(
        "battery.overcurrent_charge",
        ["!current 50", "set battery.overcurrent_charge 40", ...look],
        ["OVERCURRENT_CHARGE"],
    ),
    alarmRow(
        "battery.overcurrent_hysteresis",
        ["!current 35", ...look, "set battery.overcurrent_hysteresis 1", ...look],
        ["OVERCURRENT_CHARGE", "none"],
    ),
    alarmRow(
        "battery.overcurrent_discharge",
        ["!current -50", "set battery.overcurrent_discharge 40", ...look, "!current 1", "sleep 9s"],
        ["OVERCURRENT_DISCHARGE"],
    ),
    alarmRow(
        "battery.overtemperature",
        ["!temp 1 30", "!temp 2 30", "set battery.overtemperature 28", ...look],
        ["OVERTEMPERATURE"],
    ),
    alarmRow(
        "battery.temperature_hysteresis",
        [
            "set battery.overtemperature 33",
            ...look,
            "set battery.temperature_hysteresis 1",
            ...look,
        ],
        ["OVERTEMPERATURE", "none"],
    ),
    alarmRow(
        "battery.undertemperature",
        [
            "set battery.overtemperature 60",
            "set battery.undertemperature 35",
            ...look,
            "set battery.undertemperature 0",
            ...look,
        ],
        ["UNDERTEMPERATURE", "none"],
    ),
    alarmRow(
        "battery.imbalance",
        [
            "!cell 3 3.55",
            "set battery.imbalance_hysteresis 40",
            "set battery.imbalance 80",
            ...look,
        ],
        ["CELL_IMBALANCE"],
    ),
    alarmRow(
        "battery.imbalance_hysteresis",
        ["set battery.imbalance 130", ...look, "set battery.imbalance_hysteresis 10", ...look],
        ["CELL_IMBALANCE", "none"],
    ),
    alarmRow(
        "battery.delay",
        [
            "set battery.delay 40",
            "set battery.imbalance 80",
            "sleep 20s",
            "status",
            "set battery.delay 0",
            ...look,
        ],
        ["none", "CELL_IMBALANCE"],
    ),
]
