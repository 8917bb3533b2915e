import { Alarm, AlarmSink } from "../core/alarm"
import { Flash, Ticks, Wifi } from "../core/seams"
import { textOf } from "../core/text"
import { Key, SettingsReader } from "../settings/keys"

/**
 * Flash key: "=" and the open network that the runtime was told last; without a name once one with
 * a password was.
 */
const flashKey = "wifi"
/**
 * In the name's place when the runtime has been made to forget it, up to its next start. No network
 * is called so.
 */
const forgotten = "\n"
/**
 * WIFI goes up after so long without a connection; one whose address takes 20 s is there by then.
 */
const alarmMs = 30000
/**
 * The runtime joins by itself what it has stored. It is told again after so long in vain, and then
 * each …
 */
const firstMs = 20000
const againMs = 60000
/** The board restarts for an open network so long after the start, the last change, the loss. */
const restartMs = 60000
/** The runtime's driver takes no longer name. */
const nameBytesMax = 31

const away =
    "; this open network is absent or hidden, or the board once had a password: then it joins no " +
    "open one until its flash is erased"
const untold =
    "; to join an open network the board restarts once, about a minute after the last change " +
    "of wifi.*, not in safe mode; or set wifi.password"

/** The settings; `unread` while they could not be loaded. */
export interface KeeperSettings extends SettingsReader {
    unread: boolean
}

/**
 * Keeps the station in the network of the settings, and raises WIFI when that does not succeed. The
 * runtime takes an open network only with a restart, of which a change of the settings can bring
 * about one: docs/reference/wifi.md.
 */
export class WifiKeeper {
    /** The settings have changed: the station is told at the next run. */
    changed = false
    /** The board may be restarted for an open network: not in safe mode. */
    mayRestart: boolean
    /** The open network for which the board is to be restarted. */
    restartFor: string
    /** What the runtime may be on its way to: at first, what it has stored. */
    private wanted = "?"
    private online: boolean
    /** When it was last as the settings want it, or these have changed. */
    private sinceMs: number
    /** When the station is told, unless it has joined by then. */
    private dueMs: number
    /** It was told while in this network, which is not the one that is wanted. */
    private corrected = ""
    /** What is in flash; undefined until it is asked for. */
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
     * What to say behind the station's state: why it is not in the network of the settings, "" when
     * nothing is known.
     */
    problem(): string {
        const settings = this.settings
        const ssid = settings.text(Key.WifiSsid)
        if (Buffer.from(ssid).length > nameBytesMax) return "; wifi.ssid has more than 31 bytes"
        if (!ssid || settings.text(Key.WifiPassword) || this.wifi.network() === ssid) return ""
        return this.told === ssid ? away : untold
    }

    /** Call it every other second. */
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
        // In between nothing is said: a start does not end the condition of the run before.
        if (settled || awayMs >= alarmMs) alarms.set(Alarm.Wifi, !settled)
        if (problem === untold && awayMs >= restartMs && this.mayRestart) {
            // When the flash refuses, again in a minute.
            this.sinceMs = nowMs
            // First of all: there is no second try.
            await this.keepTold(ssid)
            this.restartFor = ssid
            return
        }
        // The runtime joins it by itself, as soon as it is there.
        if (wanted && !password) return
        if (network === wanted) {
            this.dueMs = nowMs + firstMs
            // Nothing is to be joined: said at the first look too, for what the runtime has stored.
            if (!(wanted ? changed : before)) return
        } else {
            if (!network) this.corrected = ""
            // Not the one that is wanted: the runtime had it stored, or was on its way there.
            else if (!this.corrected) this.dueMs = nowMs
            if (!changed && nowMs < this.dueMs) return
        }
        this.corrected = network
        this.dueMs = nowMs + againMs
        const another = before && changed
        // The runtime has one stored; an open one is only forgotten up to its next start.
        const stored = network || (changed && before !== "?")
        if (wanted) await wifi.join(wanted, password, another)
        else await wifi.leaveNetwork(stored && !this.told, another)
        if (problem !== away) await this.keepTold(wanted || !this.told ? "" : forgotten)
    }

    /** To be called as the last thing before a reset. The program may end with it. */
    async beforeReboot(): Promise<void> {
        if (this.restartFor) await this.wifi.tellOpen(this.restartFor)
    }

    private async keepTold(name: string): Promise<void> {
        if (name === this.told) return
        // What the settings wanted then.
        this.restartFor = ""
        await this.flash.write(flashKey, Buffer.from("=" + name))
        this.told = name
    }
}
