import { alarmName } from "../../core/alarm"
import { formatDateTime } from "../../core/calendar"
import { keyCount, Row } from "../../settings/schema"
import { formatValue } from "../../settings/values"
import { Call } from "../call"
import { argumentsOf, commandAt, helpOf, wordsOf } from "../commandtable"
import { quote } from "../words"

/** The version of the lines' format: one more when a field changes its meaning or goes. */
const version = 1

/** `"name":"text",` */
function member(name: string, text: string): string {
    return `"${name}":${quote(text)},`
}

/** The schema, the state and the alarms as JSON lines; docs/SPEC-console.md has the fields. */
export async function describe(call: Call): Promise<void> {
    const parts = call.parts
    await call.line(`{${member("kind", "bms-mini")}${member("version", parts.version)}"format":${version}}`)
    for (let key = 0; key < keyCount; ++key) {
        const row = new Row(key)
        await call.line(
            "{" +
                member("kind", "setting") +
                member("key", row.name) +
                member("section", row.section) +
                member("name", row.title) +
                member("type", row.type) +
                `"min":${row.min},"max":${row.max},` +
                member("default", formatValue(row, parts.settings.fallback(key))) +
                member("unit", row.unit) +
                member("help", row.help) +
                `"value":${quote(parts.settings.format(key))}}`,
        )
    }
    for (let i = 0; commandAt(i).length !== 0; ++i) {
        const row = commandAt(i)
        await call.line(
            `{${member("kind", "command")}${member("words", wordsOf(row))}${member("arguments", argumentsOf(row))}"help":${quote(helpOf(row))}}`,
        )
    }
    for (let bit = 0; bit < 32; ++bit) {
        const name = alarmName(bit)
        if (name.length !== 0)
            await call.line(
                `{${member("kind", "alarm")}${member("name", name)}"bit":${bit},"active":${(parts.alarms.flags() >> bit) & 1}}`,
            )
    }
    await describeState(call)
}

function numbers(values: number[]): string {
    let text = ""
    for (const value of values) text += (text.length === 0 ? "" : ",") + value
    return `[${text}]`
}

async function describeState(call: Call): Promise<void> {
    const parts = call.parts
    const clock = parts.clock
    const now = clock.nowSeconds()
    const offset = clock.offsetMinutes(now)
    const logger = parts.logger
    let text =
        `{"kind":"state","time":"${formatDateTime(now + offset * 60)}","offsetMinutes":${offset},` +
        `"trusted":${clock.trusted()},"uptimeSeconds":${Math.floor(parts.ticks.nowMs() / 1000)},` +
        `"records":${numbers([logger.recordsWritten(0), logger.recordsWritten(1)])},` +
        `"lost":${logger.recordsLost()},"queued":${logger.queued()},"card":${parts.storage.mounted()},` +
        `"wifi":${parts.wifi.connected()},"start":${quote(parts.supervisor.cause)}`
    const state = parts.battery.last
    if (state) {
        const charge = state.socPermille === undefined ? "null" : "" + state.socPermille
        text +=
            `,"packMv":${state.packMv},"currentMa":${state.currentMa},"socPermille":${charge},` +
            `"cellMv":${numbers(state.cellMv)},"temperatureDeciC":${numbers(state.temperatureDeciC)},` +
            `"balancing":${state.balancing},"safety":${state.safety}`
    }
    await call.line(text + "}")
}
