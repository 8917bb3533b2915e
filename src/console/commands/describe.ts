import { alarmCount, alarmName } from "../../core/alarm"
import { fieldAt } from "../../core/text"
import { keyCount, Row } from "../../settings/schema"
import { formatAllowed, formatValue } from "../../settings/values"
import { Call } from "../call"
import { commandRow, Part } from "../commandtable"
import { printSample } from "./battery"
import { status } from "./general"
import { formatUpload, uploadNames } from "./system"

/** Format version of the lines, incremented when a member changes meaning or is removed. */
const version = 1

/** Values that change constantly, as numbers, for tools that poll each second. */
export async function values(call: Call): Promise<void> {
    const { clock, supervisor, alarms, journal, logger, battery } = call.parts
    const now = clock.nowSeconds()
    await call.object("kind,time,offset,trusted,up,flags,journal,queued,lost", [
        "values",
        now,
        clock.offsetMinutes(now),
        clock.trusted(),
        supervisor.uptimeSeconds(),
        alarms.flags(),
        journal.lastSequence,
        logger.queued(),
        logger.recordsLost(),
    ])
    const state = battery.last
    if (state)
        await call.object("kind,mv,ma,soc,cells,temperatures,balancing,safety,alerts", [
            "battery",
            state.packMv,
            state.currentMa,
            state.socPermille ?? -1,
            state.cellMv.join(","),
            state.temperatureDeciC.join(","),
            state.balancing,
            state.safety,
            state.alerts,
        ])
}

/**
 * The schema, the commands, the alarms and the state as JSON lines;
 * docs/reference/console-service.md lists the members.
 */
export async function describe(call: Call): Promise<void> {
    const { settings, alarms, battery, uploader } = call.parts
    await call.object("kind,format", ["bms-mini", version])
    for (let key = 0; key < keyCount; ++key) {
        const row = new Row(key)
        await call.object("kind,key,section,name,type,min,max,default,unit,help,value,allowed", [
            "setting",
            row.name,
            row.section,
            row.title,
            row.type,
            row.min,
            row.max,
            formatValue(row, settings.fallback(key)),
            row.unit,
            row.help,
            formatValue(row, settings.text(key)),
            row.isState ? "" : formatAllowed(row),
        ])
    }
    let index = 0
    let row = commandRow(0)
    while (row) {
        await call.object("kind,words,arguments,help", [
            "command",
            fieldAt(row, Part.Words, ";"),
            fieldAt(row, Part.Arguments, ";"),
            fieldAt(row, Part.Help, ";"),
        ])
        row = commandRow(++index)
    }
    for (let bit = 0; bit < alarmCount; ++bit)
        if (alarmName(bit)) {
            const active = ((alarms.flags() >> bit) & 1) !== 0
            await call.object("kind,name,bit,active", ["alarm", alarmName(bit), bit, active])
        }
    // The state has the fields that `status`, `ftp`, `battery` and `cells` print.
    call.json = true
    await status(call)
    const upload = formatUpload(uploader)
    for (let i = 1; i < upload.length; ++i)
        await call.field("ftp " + fieldAt(uploadNames, i, ","), upload[i])
    if (battery.last) await printSample(call, battery.last)
    await values(call)
}
