import type { Bq76952Chip } from "../../sim/chips/bq76952"
import { Bq76952 } from "../../src/battery/bq76952"
import { buildConfiguration } from "../../src/battery/configuration"
import { Key } from "../../src/settings/keys"
import { batteryBench, type BenchOptions } from "./batterybench"

export async function configured(options: BenchOptions = {}) {
    const bench = batteryBench(options)
    const driver = new Bq76952(bench.bus as never, bench.ticks)
    await driver.configure(
        bench.settings.number(Key.BatteryCells),
        buildConfiguration(bench.settings),
    )
    return { ...bench, driver }
}

/** The limits in an image of the configuration, in the chip's steps. */
export function limitsOf(image: Buffer) {
    return {
        cellOvervoltageSteps: image[27],
        cellUndervoltageSteps: image[24],
        overcurrentChargeSteps: image[35],
        overcurrentDischargeSteps: image[37],
        shortCircuitIndex: image[42],
        currentSteps: image[71] & 3,
    }
}

/** The emulated chip's internals that tests use. */
export interface ChipInside {
    respond(data: ArrayLike<number>): void
    measureVoltages(): void
    view: DataView
}

export const inside = (chip: Bq76952Chip) => chip as unknown as ChipInside

/** The bytes at an address of the chip's data memory, in hex. */
export function memory(
    chip: { memory: { read(a: number, n: number): Uint8Array } },
    address: number,
    n: number,
) {
    return Buffer.from(chip.memory.read(address, n)).toString("hex")
}
