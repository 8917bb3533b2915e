import { parseDateTime } from "../../core/calendar"
import { Key } from "../../settings/keys"
import { Call } from "../call"
import { refuse } from "../words"
import { formatMoment } from "./settings"

export async function ftp(call: Call): Promise<void> {
    const settings = call.parts.settings
    await call.out.text(call.parts.uploader.state() + "\n")
    await call.field("log-in", formatMoment(call, settings.number(Key.FtpLastLogin)))
    await call.field("success", formatMoment(call, settings.number(Key.FtpLastSuccess)))
}

export async function ftpSend(call: Call): Promise<void> {
    if (call.parts.settings.number(Key.FtpEnable) === 0)
        refuse("the upload is off; first: set ftp.enable on")
    call.parts.scheduler.trigger("upload")
    await call.line("ok")
}

export async function ftpTest(call: Call): Promise<void> {
    await call.line("logging in")
    await call.out.flush()
    await call.line(await call.parts.uploader.test())
}

export async function ftpResend(call: Call): Promise<void> {
    const date = call.words[0]
    if (date.length !== 10 || parseDateTime(date) === undefined) refuse("a date is YYYY-MM-DD")
    await call.parts.uploader.resend(date.slice(0, 4) + date.slice(5, 7) + date.slice(8))
    await call.line("ok")
}

export async function wifi(call: Call): Promise<void> {
    await call.field("network", `"${call.parts.settings.text(Key.WifiSsid)}"`)
    await call.field("state", await wifiState(call))
}

/** "connected, 192.168.1.7" */
export async function wifiState(call: Call): Promise<string> {
    const station = call.parts.wifi
    if (station.connected()) return "connected, " + (await station.address())
    return call.parts.settings.text(Key.WifiSsid).length === 0
        ? "off, wifi.ssid is empty"
        : "not connected"
}
