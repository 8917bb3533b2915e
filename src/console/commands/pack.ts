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

/** The commands `battery`, `battery limits` and `cells`; for `describe`, what `status` does not say. */
export async function pack(call: Call): Promise<void> {
    const battery = call.parts.battery
    const state = battery.last
    if (!state) refuse("no answer from the battery monitor")
    const isBattery = call.name === "battery"
    if (isBattery || call.json) {
        let temperatures = ""
        for (let i = 0; i < state.temperatureDeciC.length; ++i) {
            const text = formatScaled(state.temperatureDeciC[i], 1) + " \u00b0C"
            temperatures += text + "  "
            if (call.json) await call.field("temperature " + (i + 1), text)
        }
        if (isBattery)
            await call.reportFields("battery,temperature", [formatBattery(state), temperatures])
        await call.reportFields("safety,alerts", [
            formatHex(state.safety, 6),
            formatHex(state.alerts, 6),
        ])
        if (isBattery) return
    }
    if (call.name === "battery limits") {
        await call.reportFields(appliedNames, formatApplied(battery.applied))
        return
    }
    for (let i = 0; i < state.cellMv.length; ++i) {
        const balancing = (state.balancing >> i) & 1 ? "  balancing" : ""
        await call.field("cell " + (i + 1), formatScaled(state.cellMv[i], 3) + " V" + balancing)
    }
}
