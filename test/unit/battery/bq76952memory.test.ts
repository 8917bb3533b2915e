import { describe, expect, it } from "vitest"
import { buildConfiguration } from "../../../src/battery/configuration"
import { Key } from "../../../src/settings/keys"
import { FakeSettings } from "../../support/batterybench"
import { configured, limitsOf, memory } from "../../support/configuredmonitor"

describe("the contents of data memory", () => {
    const cases: { title: string; settings: [Key, number][]; address: number; bytes: string }[] = [
        {
            title: "CC Gain and Capacity Gain of 250 µΩ as IEEE singles",
            settings: [],
            address: 0x91a8,
            bytes: "5530f2414dc7094b",
        },
        { title: "Power Config without SLEEP", settings: [], address: 0x9234, bytes: "8228" },
        { title: "the enabled protections", settings: [], address: 0x9261, bytes: "bc33" },
        {
            title: "CUV 2500 mV = 49, COV 3650 mV = 72 steps, 2 s = 604 steps, hysteresis 4 and 2",
            settings: [],
            address: 0x9275,
            bytes: "315c02485c020402",
        },
        {
            title: "OCC 100 A = 25 mV, OCD1 200 A = 50 mV, the longest delay",
            settings: [],
            address: 0x9280,
            bytes: "0d7f197f",
        },
        { title: "SCD 600 A = 150 mV after 150 µs", settings: [], address: 0x9286, bytes: "070b" },
        {
            title: "OTC and OTD 60 °C, back at 55",
            settings: [],
            address: 0x929a,
            bytes: "3c02373c0237",
        },
        {
            title: "UTC and UTD -20 °C, back at -15",
            settings: [],
            address: 0x92a6,
            bytes: "ec02f1ec02f1",
        },
        { title: "TS1 and TS3 as thermistors", settings: [], address: 0x92fd, bytes: "070007" },
        { title: "100 mA, 10 mV, 16 cells", settings: [], address: 0x9303, bytes: "07ffff" },
        {
            title: "10 mA for a shunt of 1 mΩ",
            settings: [[Key.BatteryShunt, 1000]],
            address: 0x9303,
            bytes: "06ffff",
        },
        {
            title: "1 mA for a shunt of 10 mΩ",
            settings: [[Key.BatteryShunt, 10000]],
            address: 0x9303,
            bytes: "05ffff",
        },
        {
            title: "3 cells: 1, 2, 16",
            settings: [[Key.BatteryCells, 3]],
            address: 0x9304,
            bytes: "0380",
        },
        { title: "13 cells", settings: [[Key.BatteryCells, 13]], address: 0x9304, bytes: "ff8f" },
        { title: "15 cells", settings: [[Key.BatteryCells, 15]], address: 0x9304, bytes: "ffbf" },
        {
            title: "no delay as the shortest one",
            settings: [[Key.BatteryDelay, 0]],
            address: 0x9275,
            bytes: "3101004801000402",
        },
        {
            title: "the longest voltage delay for a minute",
            settings: [[Key.BatteryDelay, 60]],
            address: 0x9275,
            bytes: "31ff0748ff070402",
        },
    ]
    for (const { title, settings, address, bytes } of cases)
        it(title, async () => {
            const { chip } = await configured({ settings })
            expect(memory(chip, address, bytes.length / 2)).toBe(bytes)
            expect(chip.counters.refusedMemoryWrites).toBe(0)
        })

    it("stay inside the chip's ranges at the extremes of the settings", () => {
        const settings = new FakeSettings().with([
            [Key.BatteryCellOvervoltage, 5500],
            [Key.BatteryCellUndervoltage, 500],
            [Key.BatteryOvercurrentCharge, 3000],
            [Key.BatteryOvercurrentDischarge, 3000],
            [Key.BatteryShunt, 10000],
        ])
        expect(limitsOf(buildConfiguration(settings))).toEqual({
            cellOvervoltageSteps: 109,
            cellUndervoltageSteps: 20,
            overcurrentChargeSteps: 62,
            overcurrentDischargeSteps: 100,
            shortCircuitIndex: 15,
            currentSteps: 1,
        })
    })

    it("have the limits rounded to the chip's steps", () => {
        expect(limitsOf(buildConfiguration(new FakeSettings()))).toEqual({
            cellOvervoltageSteps: 72,
            cellUndervoltageSteps: 49,
            overcurrentChargeSteps: 13,
            overcurrentDischargeSteps: 25,
            shortCircuitIndex: 7,
            currentSteps: 3,
        })
    })
})
