import { Alarm, AlarmSink } from "../core/alarm"
import { Flash, Ticks, Wifi } from "../core/seams"
import { textOf } from "../core/text"
import { Key, SettingsReader } from "../settings/keys"

/**
 * Flash key: "=" and the open network last given to the runtime; without a name once it was given
 * one with a password.
 */
const flashKey = "wifi"
/**
 * Replaces the name once the runtime was made to forget it, until its next start. No network has
 * this name.
 */
const forgotten = "\n"
/** WIFI goes up after this long without a connection; getting an address may take 20 s. */
const alarmMs = 30000
/**
 * The runtime joins its stored network on its own. If it fails for this long, it is told again,
 * then every …
 */
const firstMs = 20000
const againMs = 60000
/** The board restarts for an open network this long after the start, the last change, the loss. */
const restartMs = 60000
/** The runtime's driver takes no longer names. */
const nameBytesMax = 31

const away =
    "; this open network is absent or hidden, or the board once had a password: then it joins no " +
    "open one until its flash is erased"
const untold =
    "; to join an open network the board restarts once, about a minute after the last change " +
    "of wifi.*, not in safe mode; or set wifi.password"

/** The settings; `unread` while they are not loaded. */
export interface KeeperSettings extends SettingsReader {
    unread: boolean
}

/**
 * Keeps the station in the settings' network, and raises WIFI if that fails. The runtime takes an
 * open network only with a restart, which a change of the settings can cause:
 * docs/reference/wifi.md.
 */
export class WifiKeeper {
    /** The settings have changed: the next run tells the station. */
    changed = false
    /** The board may be restarted for an open network: not in safe mode. */
    mayRestart: boolean
    /** The open network for which the board must restart. */
    restartFor: string
    /** The network that the runtime may be joining: at first, its stored one. */
    private wanted = "?"
    private online: boolean
    /** When the station was last as set, or the settings last changed. */
    private sinceMs: number
    /** When the station is told, unless it has joined by then. */
    private dueMs: number
    /** The unwanted network that the station was in when it was told. */
    private corrected = ""
    /** The name in flash; undefined until read. */
    private told: string

    constructor(
        private readonly ticks: Ticks,
        private readonly settings: KeeperSettings,
        private readonly wifi: Wifi,
        private readonly flash: Flash,
        private readonly alarms: AlarmSink,
        private readonly onJoined: () => void,
    ) {
        this.sinceMs = ticks.nowMs()
        this.dueMs = this.sinceMs + firstMs
    }

    /**
     * Text to follow the station's state: why it is not in the settings' network, "" if unknown.
     */
    problem(): string {
        const settings = this.settings
        const ssid = settings.text(Key.WifiSsid)
        if (Buffer.from(ssid).length > nameBytesMax) return "; wifi.ssid has more than 31 bytes"
        if (!ssid || settings.text(Key.WifiPassword) || this.wifi.network() === ssid) return ""
        return this.told === ssid ? away : untold
    }

    /** Call it every two seconds. */
    async run(): Promise<void> {
        const { wifi, settings, alarms, changed } = this
        await wifi.look()
        if (settings.unread) return
        const ssid = settings.text(Key.WifiSsid)
        const password = ssid && settings.text(Key.WifiPassword)
        if (!password && this.told === undefined) {
            const value = await this.flash.read(flashKey)
            this.told = ""
            if (value) this.told = textOf(value).slice(1)
        }
        const nowMs = this.ticks.nowMs()
        const network = wifi.network()
        const before = this.wanted
        const problem = this.problem()
        const wanted = !problem || (!network && problem === away) ? ssid : ""
        const online = wanted && network === wanted
        if (online && !this.online) this.onJoined()
        this.changed = false
        this.wanted = wanted
        this.online = online
        const settled = online || !ssid
        if (settled || changed) this.sinceMs = nowMs
        const awayMs = nowMs - this.sinceMs
        // No report in between: a start must not clear the previous run's alarm.
        if (settled || awayMs >= alarmMs) alarms.set(Alarm.Wifi, !settled)
        if (problem === untold && awayMs >= restartMs && this.mayRestart) {
            // If the flash refuses, again in a minute.
            this.sinceMs = nowMs
            // Stored first: there is no second try.
            await this.keepTold(ssid)
            this.restartFor = ssid
            return
        }
        // The runtime joins it on its own as soon as it is in range.
        if (wanted && !password) return
        if (network === wanted) {
            this.dueMs = nowMs + firstMs
            // If none is wanted, the first run tells the station too, because of its stored
            // network.
            if (!(wanted ? changed : before)) return
        } else {
            if (!network) this.corrected = ""
            // The wrong network: the runtime had it stored, or was joining it.
            else if (!this.corrected) this.dueMs = nowMs
            if (!changed && nowMs < this.dueMs) return
        }
        this.corrected = network
        this.dueMs = nowMs + againMs
        const another = before && changed
        // The runtime has one stored; an open one is only forgotten until its next start.
        const stored = network || (changed && before !== "?")
        if (wanted) await wifi.join(wanted, password, another)
        else await wifi.leaveNetwork(stored && !this.told, another)
        if (problem !== away) await this.keepTold(wanted || !this.told ? "" : forgotten)
    }

    /** Call it last before a reset. The program may end with it. */
    async beforeReboot(): Promise<void> {
        if (this.restartFor) await this.wifi.tellOpen(this.restartFor)
    }

    private async keepTold(name: string): Promise<void> {
        if (name === this.told) return
        // Belongs to earlier settings.
        this.restartFor = ""
        await this.flash.write(flashKey, Buffer.from("=" + name))
        this.told = name
    }
}
