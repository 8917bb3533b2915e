import { Alarm, AlarmSink } from "../core/alarm"
import { Ticks, Wifi } from "../core/seams"
import { Key, SettingsReader } from "../settings/keys"

/** WIFI goes up after so long without a connection; one whose address takes 20 s is there by then. */
const alarmMs = 30000
/** The runtime joins by itself what it has stored. It is told again after so long in vain, and then each … */
const firstMs = 15000
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
    private wanted = ""
    private online = false
    /** When it was last as the settings want it. */
    private onlineMs: number
    /** When the station is told, unless it has joined by then. */
    private dueMs: number
    private told = false

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
        const { wifi, settings } = this
        await wifi.look()
        const nowMs = this.ticks.nowMs()
        const ssid = settings.text(Key.WifiSsid)
        const wanted = wifiProblem(settings) ? "" : ssid
        const before = this.wanted
        const network = wifi.network()
        const online = wanted !== "" && network === wanted
        if (online && !this.online) this.onJoined()
        if (online || !ssid) this.onlineMs = nowMs
        this.wanted = wanted
        this.online = online
        this.alarms.set(Alarm.Wifi, nowMs - this.onlineMs >= alarmMs)
        if (network === wanted) {
            this.told = false
            this.dueMs = nowMs + firstMs
            // A password that is new, or a network that the runtime still has stored.
            if (!this.changed || (!wanted && !before)) return
        } else if (network && !this.told) this.dueMs = nowMs
        if (!this.changed && nowMs < this.dueMs) return
        this.changed = false
        this.told = true
        this.dueMs = nowMs + againMs
        await wifi.join(wanted, settings.text(Key.WifiPassword), before !== "" && before !== wanted)
    }
}
