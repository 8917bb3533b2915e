import { Alarm, AlarmSink } from "../core/alarm"
import { Ticks, Wifi } from "../core/seams"
import { Key, SettingsReader } from "../settings/keys"

/** WIFI goes up after so long without a connection; one whose address takes 20 s is there by then. */
const alarmMs = 30000
/** The runtime joins by itself what it has stored. It is told again after so long in vain, and then each … */
const firstMs = 20000
const againMs = 60000
/** The runtime's driver takes no longer name. */
const nameBytesMax = 31

/** Why the board does not even try to join the network of the settings; "" when nothing is in the way. */
export function wifiProblem(settings: SettingsReader): string {
    const ssid = settings.text(Key.WifiSsid)
    if (Buffer.from(ssid).length > nameBytesMax) return "wifi.ssid has more than 31 bytes"
    if (ssid && !settings.text(Key.WifiPassword))
        return "no open network can be joined; set wifi.password"
    return ""
}

/** Keeps the station in the network of the settings, and raises WIFI when that does not succeed. */
export class WifiKeeper {
    /** The settings have changed: the station is told at the next run. */
    changed = false
    /** What the runtime may be on its way to: at first, what it has stored. */
    private wanted = "?"
    private online = false
    /** When it was last as the settings want it. */
    private onlineMs: number
    /** When the station is told, unless it has joined by then. */
    private dueMs: number
    /** It was told while in this network, which is not the one that is wanted. */
    private corrected = false

    constructor(
        private readonly ticks: Ticks,
        private readonly settings: SettingsReader,
        private readonly wifi: Wifi,
        private readonly alarms: AlarmSink,
        private readonly onJoined: () => void,
    ) {
        this.onlineMs = ticks.nowMs()
        this.dueMs = this.onlineMs + firstMs
    }

    /** Call it every other second. */
    async run(): Promise<void> {
        const { wifi, settings, alarms, changed } = this
        await wifi.look()
        const nowMs = this.ticks.nowMs()
        const ssid = settings.text(Key.WifiSsid)
        const wanted = wifiProblem(settings) ? "" : ssid
        const before = this.wanted
        const network = wifi.network()
        const online = wanted !== "" && network === wanted
        if (online && !this.online) this.onJoined()
        this.wanted = wanted
        this.online = online
        // In between nothing is said: a start does not end the condition of the run before.
        if (online || !ssid) {
            this.onlineMs = nowMs
            alarms.set(Alarm.Wifi, false)
        } else if (nowMs - this.onlineMs >= alarmMs) alarms.set(Alarm.Wifi, true)
        if (network === wanted) {
            this.dueMs = nowMs + firstMs
            if (!changed || (!wanted && !before)) return
        } else if (!network) this.corrected = false
        // Not the one that is wanted: the runtime had it stored, or was on its way there.
        else if (!this.corrected) this.dueMs = nowMs
        if (!changed && nowMs < this.dueMs) return
        this.changed = false
        this.corrected = network !== ""
        this.dueMs = nowMs + againMs
        await wifi.join(wanted, settings.text(Key.WifiPassword), changed && before !== "")
    }
}
