import { BatteryState } from "../../battery/state"
import { formatHex, formatScaled } from "../../core/text"
import { Call } from "../call"
import { refuse } from "../words"

/** The last measurement; without one the line is refused. */
function measured(call: Call): BatteryState {
    const state = call.parts.battery.last
    if (!state) refuse("the battery monitor does not answer: no measurement yet")
    return state
}

/** "52.800 V, -1.200 A, 87.5 %" */
export function formatBattery(state: BatteryState): string {
    const charge = state.socPermille === undefined ? "?" : formatScaled(state.socPermille, 1)
    return `${formatScaled(state.packMv, 3)} V, ${formatScaled(state.currentMa, 3)} A, ${charge} %`
}

export async function battery(call: Call): Promise<void> {
    const state = measured(call)
    await call.field("battery", formatBattery(state))
    let text = ""
    for (const deciC of state.temperatureDeciC) text += formatScaled(deciC, 1) + " °C  "
    await call.field("temperature", text)
    await call.field("safety", "0x" + formatHex(state.safety, 6))
    await call.field("measured", `${call.parts.ticks.nowMs() - state.atMs} ms ago`)
}

export async function cells(call: Call): Promise<void> {
    const state = measured(call)
    for (let i = 0; i < state.cellMv.length; ++i) {
        const balancing = (state.balancing >> i) & 1 ? "  balancing" : ""
        await call.field(`cell ${i + 1}`, formatScaled(state.cellMv[i], 3) + " V" + balancing)
    }
}
