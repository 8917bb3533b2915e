import { appliedNames, formatApplied } from "../../battery/configuration"
import { BatteryState } from "../../battery/state"
import { formatHex, formatScaled } from "../../core/text"
import { Call } from "../call"
import { refuse } from "../words"

/** "52.800 V, -1.200 A, 87.5 %" */
export function formatBattery(state: BatteryState): string {
    const charge = state.socPermille === undefined ? "?" : formatScaled(state.socPermille, 1)
    return `${formatScaled(state.packMv, 3)} V, ${formatScaled(state.currentMa, 3)} A, ${charge} %`
}

/** The last sample; refuses the command if there is none. */
function sampleOf(call: Call): BatteryState {
    const state = call.parts.battery.last
    if (!state) refuse("no answer from the battery monitor")
    return state
}

function formatTemperature(deciC: number): string {
    return formatScaled(deciC, 1) + " \u00b0C"
}

async function printSafety(call: Call, state: BatteryState): Promise<void> {
    const values = [formatHex(state.safety, 6), formatHex(state.alerts, 6)]
    await call.reportFields("safety,alerts", values)
}

async function printCells(call: Call, state: BatteryState): Promise<void> {
    for (let i = 0; i < state.cellMv.length; ++i) {
        const balancing = (state.balancing >> i) & 1 ? "  balancing" : ""
        await call.field("cell " + (i + 1), formatScaled(state.cellMv[i], 3) + " V" + balancing)
    }
}

export async function battery(call: Call): Promise<void> {
    const state = sampleOf(call)
    let temperatures = ""
    for (const deciC of state.temperatureDeciC) temperatures += formatTemperature(deciC) + "  "
    await call.reportFields("battery,temperature", [formatBattery(state), temperatures])
    await printSafety(call, state)
}

export async function batteryLimits(call: Call): Promise<void> {
    sampleOf(call)
    await call.reportFields(appliedNames, formatApplied(call.parts.battery.applied))
}

export async function cells(call: Call): Promise<void> {
    await printCells(call, sampleOf(call))
}

/** What `status` omits: each temperature, the chip's flags, each cell. */
export async function printSample(call: Call, state: BatteryState): Promise<void> {
    for (let i = 0; i < state.temperatureDeciC.length; ++i)
        await call.field("temperature " + (i + 1), formatTemperature(state.temperatureDeciC[i]))
    await printSafety(call, state)
    await printCells(call, state)
}
