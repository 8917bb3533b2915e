import { formatAlarms } from "../../core/alarm"
import { formatDigits } from "../../core/text"
import { Key } from "../../settings/keys"
import { Call } from "../call"
import { wifiState } from "./system"
import { formatBattery } from "./pack"
import { timeState } from "./time"

/** "3 d 04:05:06" */
function formatUptime(ms: number): string {
    const seconds = Math.floor(ms / 1000)
    const hours = Math.floor(seconds / 3600)
    const minutes = Math.floor(seconds / 60) % 60
    return `${Math.floor(hours / 24)} d ${formatDigits(hours % 24, 2)}:${formatDigits(minutes, 2)}:${formatDigits(seconds % 60, 2)}`
}

export async function status(call: Call): Promise<void> {
    const parts = call.parts
    const logger = parts.logger
    const state = parts.battery.last
    await call.field(
        "BMS Mini",
        `${parts.version}, serial number ${parts.settings.text(Key.UserSerial)}`,
    )
    await call.field(
        "up",
        `${formatUptime(parts.ticks.nowMs())}, last start: ${parts.supervisor.cause}`,
    )
    if (parts.supervisor.safeMode)
        await call.field(
            "safe mode",
            "five starts died early: no logging, no upload; look at the journal",
        )
    await call.field("time", timeState(call))
    await call.field("battery", state ? formatBattery(state) : "the monitor does not answer")
    await call.field("card", parts.storage.mounted() ? "mounted" : parts.storage.lastError)
    await call.field(
        "records",
        `${logger.recordsWritten(0)} main, ${logger.recordsWritten(1)} cell, ${logger.recordsLost()} lost, ${logger.queued()} queued`,
    )
    await call.field("ftp", parts.uploader.state())
    await call.field("wifi", await wifiState(call))
    await call.field("alarms", formatAlarms(parts.alarms.flags()))
}
