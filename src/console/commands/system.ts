import { formatDateTime, formatOffset, parseDateTime } from "../../core/calendar"
import { timeSourceName } from "../../clock/clock"
import { TimeSource } from "../../core/seams"
import { fieldAt, parseInteger, printable } from "../../core/text"
import { Key } from "../../settings/keys"
import { StartCause } from "../../tasks/supervisor"
import { Uploader } from "../../upload/uploader"
import { Call } from "../call"
import { refuse } from "../words"
import { showSettings } from "./settings"

/**
 * "2026-11-22 12:00:00 +01:00 from RTC chip"; a "~" follows a time that is a lower bound, and any
 * trouble with the chip is added.
 */
export function timeState(call: Call): string {
    const clock = call.parts.clock
    const now = clock.nowSeconds()
    const offset = clock.offsetMinutes(now)
    const mark = clock.trusted() ? "" : "~"
    const source = timeSourceName(clock.source) + (clock.chipError && "; " + clock.chipError)
    return `${formatDateTime(now + offset * 60)}${mark} ${formatOffset(offset)} from ${source}`
}

/** "connected, 192.168.1.7" */
export async function wifiState(call: Call): Promise<string> {
    const { wifi: station, wifiKeeper } = call.parts
    const state = station.connected() ? "connected, " + (await station.address()) : "not connected"
    return state + wifiKeeper.problem()
}

/** The names of formatUpload's values. */
export const uploadNames =
    "state,last error,unsent at the last look,confirmed since the start,log-ins"

/** The upload's state in words, in the order of uploadNames. */
export function formatUpload(uploader: Uploader): string[] {
    const { filesConfirmed, bytesConfirmed, logins } = uploader.sender
    const { failures, failuresInRow } = uploader.pacing
    return [
        uploader.activity(),
        // It may contain anything that the server sent.
        printable(uploader.lastError, 250) || "none",
        uploader.unsentBytes() + " bytes",
        `${filesConfirmed} files, ${bytesConfirmed} bytes`,
        `${logins}, failures: ${failures}, in a row: ${failuresInRow}`,
    ]
}

export async function ftp(call: Call): Promise<void> {
    const values = formatUpload(call.parts.uploader)
    for (let i = 0; i < values.length; ++i)
        await call.print(fieldAt(uploadNames, i, ",") + ": " + values[i])
}

export async function ftpSend(call: Call): Promise<void> {
    const uploader = call.parts.uploader
    await call.progress("sending")
    uploader.requested = true
    const obstacle = await uploader.finished()
    if (obstacle) refuse(obstacle)
    await call.print("files confirmed since the start: " + uploader.sender.filesConfirmed)
}

export async function ftpTest(call: Call): Promise<void> {
    if (!call.parts.settings.text(Key.FtpHost)) refuse("ftp.host is empty; set it first")
    await call.progress("logging in")
    for (const line of await call.parts.uploader.test()) await call.print(line)
}

export async function ftpResend(call: Call): Promise<void> {
    const count = await call.parts.uploader.resend(printable(call.words[0], 40))
    if (count === 0) refuse("the card has no files from that day on")
    await call.print(count + " files will be sent again")
}

export async function time(call: Call): Promise<void> {
    await call.field("time", timeState(call))
}

export async function timeSet(call: Call): Promise<void> {
    const clock = call.parts.clock
    const text = call.words[0] + (call.words.length > 1 ? " " + call.words[1] : "")
    // Unix seconds, sent by a console that knows the time itself.
    if (text[0] === "@") await clock.offer(parseInteger(text.slice(1)), TimeSource.Person)
    else {
        const local = parseDateTime(text)
        if (local === undefined || text.length !== 19) refuse("a time is YYYY-MM-DD HH:MM:SS")
        // The offset depends on the moment in UTC: one step from a guess finds it.
        const guess = local - clock.offsetMinutes(local) * 60
        await clock.offer(local - clock.offsetMinutes(guess) * 60, TimeSource.Person)
    }
    // Shown until the chip has taken it.
    if (clock.chipError) await time(call)
}

export async function timeSync(call: Call): Promise<void> {
    await call.progress("asking time.server")
    if (!(await call.parts.syncTime())) refuse("time.server is empty; set it first")
    await time(call)
}

export async function wifi(call: Call): Promise<void> {
    await showSettings(call, "wifi")
    await call.field("state", await wifiState(call))
}

export async function reset(call: Call): Promise<void> {
    await showSettings(call, "reset")
}

export async function resetNow(call: Call): Promise<void> {
    const { spawn, supervisor, ticks } = call.parts
    // Not before the console has its answer.
    spawn(async () => {
        await ticks.sleep(500)
        await supervisor.reset(StartCause.Console)
    })
}

export async function resetClear(call: Call): Promise<void> {
    await call.parts.settings.apply([Key.ResetCount], [0])
}
