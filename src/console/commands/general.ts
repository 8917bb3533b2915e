import { formatAlarms } from "../../core/alarm"
import { formatDateTime, secondsPerDay } from "../../core/calendar"
import { fieldAt, padEnd, printable } from "../../core/text"
import { journalPositions } from "../../journal/journal"
import { Key } from "../../settings/keys"
import { startCauseName } from "../../tasks/supervisor"
import { Call } from "../call"
import { commandRow, Part, synopsis } from "../commandtable"
import { refuse } from "../words"
import { formatBattery } from "./battery"
import { formatMoment } from "./settings"
import { timeState, wifiState } from "./system"

/** Lists all commands, or those that begin with the word. */
export async function help(call: Call): Promise<void> {
    const wanted = call.words[0]
    let index = 0
    let row = commandRow(0)
    while (row) {
        const words = fieldAt(row, Part.Words, ";") + " "
        if (wanted === undefined || words.startsWith(wanted + " "))
            await call.print(padEnd(synopsis(row), 34) + fieldAt(row, Part.Help, ";"))
        row = commandRow(++index)
    }
    if (!call.printed) refuse(`unknown command ${printable(wanted, 40)}; "help" lists them`)
}

export async function status(call: Call): Promise<void> {
    const { settings, supervisor, battery, storage, logger, uploader, alarms } = call.parts
    const seconds = supervisor.uptimeSeconds()
    await call.reportFields(
        "version,serial,up,last start,safe mode,backup,time,battery,card,records,ftp,wifi,alarms",
        [
            call.parts.version,
            settings.text(Key.UserSerial),
            `${Math.floor(seconds / secondsPerDay)} d ${formatDateTime(seconds).slice(11)}`,
            startCauseName(supervisor.cause),
            supervisor.safeMode ? "no logs, no upload: the last starts ended early" : undefined,
            call.parts.backup.remark,
            timeState(call),
            battery.last ? formatBattery(battery.last) : "no answer from the battery monitor",
            storage.mounted() ? "mounted" : storage.lastError,
            `${logger.recordsWritten(0)} main, ${logger.recordsWritten(1)} cell since the start; ` +
                `${logger.queued()} queued, ${logger.recordsLost()} lost`,
            "state: " + uploader.activity(),
            await wifiState(call),
            formatAlarms(alarms.flags()),
        ],
    )
}

export async function journal(call: Call): Promise<void> {
    const entries = call.parts.journal
    const format = (seconds: number) => formatMoment(call, seconds)
    // If there is no entry, position 1 is empty too.
    await call.field("Last record", entries.describe(entries.lastSequence || 1, format))
    for (let i = 1; i <= journalPositions; ++i)
        await call.field("Record " + i, entries.describe(i, format))
}

export async function tasks(call: Call): Promise<void> {
    for (const task of call.parts.scheduler.tasks)
        await call.field(
            task.options.name,
            `${task.runs} runs, ${task.failures} failures, longest ${task.longestMs} ms, ` +
                `late by ${task.latenessMsMax} ms at most${task.lastError ? "; " + task.lastError : ""}`,
        )
}
