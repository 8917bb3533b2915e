import { formatDateTime, formatOffset, parseDateTime } from "../../core/calendar"
import { timeSourceName } from "../../clock/clock"
import { TimeSource } from "../../core/seams"
import { parseInteger, printable } from "../../core/text"
import { Key } from "../../settings/keys"
import { StartCause } from "../../tasks/supervisor"
import { Call } from "../call"
import { refuse } from "../words"
import { show } from "./settings"

/** "2026-11-22 12:00:00 +01:00 from RTC chip"; a time that is a lower bound has a "~" behind it. */
export function timeState(call: Call): string {
    const clock = call.parts.clock
    const now = clock.nowSeconds()
    const offset = clock.offsetMinutes(now)
    const mark = clock.trusted() ? "" : "~"
    return `${formatDateTime(now + offset * 60)}${mark} ${formatOffset(offset)} from ${timeSourceName(clock.source)}`
}

/** "connected, 192.168.1.7" */
export async function wifiState(call: Call): Promise<string> {
    const { wifi: station, wifiKeeper } = call.parts
    const state = station.connected() ? "connected, " + (await station.address()) : "not connected"
    return state + wifiKeeper.problem()
}

/** The command `ftp` and what belongs to it. */
export async function ftp(call: Call): Promise<void> {
    const uploader = call.parts.uploader
    let lines: string[] = []
    switch (call.name) {
        case "ftp send":
            await call.progress("sending")
            uploader.requested = true
            lines = [await uploader.finished()]
            if (lines[0]) refuse(lines[0])
            lines = ["files confirmed since the start: " + uploader.filesConfirmed]
            break
        case "ftp test":
            if (!call.parts.settings.text(Key.FtpHost)) refuse("ftp.host is empty; set it first")
            await call.progress("logging in")
            lines = await uploader.test()
            break
        case "ftp resend":
            lines = [
                (await uploader.resend(printable(call.words[0], 40))) +
                    " files will be sent once more",
            ]
            if (lines[0][0] === "0") refuse("the card has no files from that day on")
            break
        default:
            lines = uploader.state()
    }
    for (const line of lines) await call.print(line)
}

/** The command `time` and what belongs to it. */
export async function time(call: Call): Promise<void> {
    const clock = call.parts.clock
    if (call.name === "time set") {
        const text = call.words[0] + (call.words.length > 1 ? " " + call.words[1] : "")
        // Unix seconds: what a console sends that knows the time itself.
        if (text[0] === "@")
            return await clock.offer(parseInteger(text.slice(1)), TimeSource.Person)
        const local = parseDateTime(text)
        if (local === undefined || text.length !== 19) refuse("a time is YYYY-MM-DD HH:MM:SS")
        // The offset depends on the moment in UTC: one step from a guess finds it.
        const guess = local - clock.offsetMinutes(local) * 60
        await clock.offer(local - clock.offsetMinutes(guess) * 60, TimeSource.Person)
        return
    }
    if (call.name === "time sync") {
        await call.progress("asking time.server")
        if (!(await call.parts.syncTime())) refuse("time.server is empty; set it first")
    }
    await call.field("time", timeState(call))
}

/** The command `wifi`. */
export async function wifi(call: Call): Promise<void> {
    await show(call)
    await call.field("state", await wifiState(call))
}

/** The command `reset` and what belongs to it. */
export async function reset(call: Call): Promise<void> {
    const { spawn, supervisor, ticks } = call.parts
    switch (call.name) {
        case "reset now":
            // Not before the console has had its answer.
            spawn(async () => {
                await ticks.sleep(500)
                await supervisor.reset(StartCause.Console)
            })
            break
        case "reset clear":
            await call.parts.settings.apply([Key.ResetCount], [0])
            break
        default:
            await show(call)
    }
}
