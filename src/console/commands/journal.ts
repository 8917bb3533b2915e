import { padEnd, padStart } from "../../core/text"
import { journalPositions } from "../../journal/journal"
import { Call } from "../call"
import { formatMoment } from "./settings"

export async function journal(call: Call): Promise<void> {
    const entries = call.parts.journal
    const format = (seconds: number) => formatMoment(call, seconds)
    const last = entries.lastPosition()
    const text = last === 0 ? "empty" : `Record ${last}, ${entries.describe(last, format)}`
    await call.field("Last record", text)
    for (let i = 1; i <= journalPositions; ++i)
        await call.field(`Record ${i}`, entries.describe(i, format))
}

export async function tasks(call: Call): Promise<void> {
    await call.line("task          runs  failures  longest ms  late ms  last error")
    for (const task of call.parts.scheduler.tasks) {
        await call.line(
            padEnd(task.options.name, 10) +
                padStart("" + task.runs, 8, " ") +
                padStart("" + task.failures, 10, " ") +
                padStart("" + task.longestMs, 12, " ") +
                padStart("" + task.latenessMsMax, 9, " ") +
                "  " +
                task.lastError,
        )
    }
}
