import { Key } from "../../settings/keys"
import { Call } from "../call"
import { formatMoment } from "./settings"

export async function reset(call: Call): Promise<void> {
    const settings = call.parts.settings
    const schedule =
        settings.number(Key.ResetEnable) === 0
            ? "off"
            : `${settings.format(Key.ResetDays)} at ${settings.format(Key.ResetTime)}`
    await call.field("schedule", schedule)
    await call.field("resets", settings.format(Key.ResetCount) + " of " + settings.format(Key.ResetMax))
    await call.field("last reset", formatMoment(call, settings.number(Key.ResetLast)))
    await call.field("last start", call.parts.supervisor.cause)
}

export async function resetNow(call: Call): Promise<void> {
    call.parts.supervisor.resetNow()
    await call.line("ok, resetting")
}

export async function resetClear(call: Call): Promise<void> {
    await call.parts.settings.setState(Key.ResetCount, 0)
    await call.line("ok")
}
