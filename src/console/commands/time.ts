import { formatDateTime, formatOffset, parseDateTime } from "../../core/calendar"
import { TimeSource } from "../../core/seams"
import { Call } from "../call"
import { refuse } from "../words"

/** "2026-11-22 12:00:00 +01:00, from the RTC chip"; a time that is a lower bound has a "~" behind it. */
export function timeState(call: Call): string {
    const clock = call.parts.clock
    const now = clock.nowSeconds()
    const offset = clock.offsetMinutes(now)
    const mark = clock.trusted() ? "" : "~"
    return `${formatDateTime(now + offset * 60)}${mark} ${formatOffset(offset)}`
}

export async function time(call: Call): Promise<void> {
    await call.field("time", timeState(call))
}

export async function timeSet(call: Call): Promise<void> {
    let text = call.words[0]
    if (call.words.length > 1) text += " " + call.words[1]
    const local = parseDateTime(text)
    if (local === undefined || text.length !== 19) refuse("a time is YYYY-MM-DD HH:MM:SS")
    const clock = call.parts.clock
    // The offset in force then follows from the moment, and the moment from the offset: two rounds settle it.
    const guess = local - clock.offsetMinutes(local) * 60
    await clock.offer(local - clock.offsetMinutes(guess) * 60, TimeSource.Person)
    await call.line("ok")
}

export async function timeSync(call: Call): Promise<void> {
    await call.line("asking")
    await call.out.flush()
    if (!(await call.parts.syncTime())) refuse("time.server is empty; first: set time.server <host>")
    await call.field("time", timeState(call))
}
