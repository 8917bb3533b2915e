import { checkFailed, emptyWriteAbort } from "../abortwords"
import type { Network } from "./air"
import type { Timers, WifiDriver } from "./driver"

/** The runtime's scan period while it has no address, and the delay of the first scan. */
const scanEveryMs = 10 << 10
const firstScanMs = 2 << 10
/** The driver's field for a name has 32 bytes including the final NUL, that for a password 64. */
const nameBytesMax = 31
const passwordBytesMax = 63

/** The runtime's own settings "wifi_ssid" and "wifi_psk", as bytes; undefined: never stored. */
export interface StoredNetwork {
    ssid?: string
    psk?: string
}

/** The part of the runtime's store the station uses. It outlives resets and power cuts. */
export interface WifiStore {
    load(): StoredNetwork
    save(network: StoredNetwork): void
}

export type RuntimeEvent = "gotIp" | "lostIp" | "scanComplete" | "networksChanged"

export interface RuntimeOptions {
    timers: Timers
    driver: WifiDriver
    store: WifiStore
    onEvent(event: RuntimeEvent, payload?: Uint8Array): void
    /** A line of the runtime's log. */
    onLog(line: string): void
    /** The runtime aborts with these words, and the processor restarts. */
    onAbort(words: readonly string[]): void
}

/**
 * The runtime's Wi-Fi service (devicescript/network/wifi.c) on the ESP32's port. It runs from one
 * processor start to the next, independent of the program.
 */
export class WifiRuntime {
    /** The network to join; undefined if there is none. */
    ssid: string | undefined
    enabled = true
    /** It has an address. */
    connected = false
    lastScan: readonly Network[] = []
    private password = ""
    private inScan = false
    private connecting = false
    private rescanRequested = false
    private nextScan: unknown

    constructor(private readonly options: RuntimeOptions) {
        options.driver.events = {
            scanDone: found => this.scanDone(found),
            gotIp: () => this.gotIp(),
            disconnected: () => this.disconnected(),
            link: () => {},
        }
    }

    powerUp(): void {
        const { driver, store } = this.options
        this.powerDown()
        const stored = store.load()
        this.ssid = stored.ssid
        this.password = stored.psk ?? ""
        this.enabled = true
        this.lastScan = []
        this.inScan = this.connecting = this.rescanRequested = false
        driver.start()
        this.scanLater(firstScanMs)
    }

    powerDown(): void {
        this.options.timers.clearTimeout(this.nextScan)
        this.options.driver.stop()
        this.connected = false
    }

    /** @param payload name, NUL, password, NUL; the password and its NUL may be missing */
    addNetwork(payload: Uint8Array): void {
        if (payload.length < 2 || payload[0] === 0 || payload.at(-1) !== 0) return
        const [ssid, password = ""] = Buffer.from(payload).toString("latin1").split("\0")
        this.ssid = ssid
        this.password = password
        if (!this.store({ ssid }) || !this.store({ psk: password })) return
        this.options.onEvent("networksChanged")
        this.connect()
    }

    forgetNetwork(payload: Uint8Array): void {
        if (Buffer.from(payload).toString("latin1") === this.ssid) this.forgetAllNetworks()
    }

    /** Forgets the network in memory only. The stored one stays, and so does the connection. */
    forgetAllNetworks(): void {
        if (this.ssid === undefined) return
        this.ssid = undefined
        this.password = ""
        this.options.onEvent("networksChanged")
    }

    reconnect(): void {
        this.rescanRequested = true
        this.leave()
    }

    setEnabled(enabled: boolean): void {
        if (enabled === this.enabled) return
        this.enabled = enabled
        if (enabled) this.scan()
        else this.leave()
    }

    scan(): void {
        if (this.inScan) return
        this.inScan = true
        const error = this.options.driver.startScan()
        if (!error) this.options.onLog("wifi: start scan")
        else {
            this.options.onLog("wifi: can't scan")
            this.inScan = false
        }
    }

    /** @returns false if the runtime aborted */
    private store(change: StoredNetwork): boolean {
        const { store, onAbort } = this.options
        const before = store.load()
        const [[key, value]] = Object.entries(change) as [keyof StoredNetwork, string][]
        if (before[key] === value) return true
        if (value === "") {
            onAbort(emptyWriteAbort)
            return false
        }
        store.save({ ...before, ...change })
        return true
    }

    private connect(): void {
        const { driver, onLog, onAbort } = this.options
        if (this.connecting || this.ssid === undefined) return
        this.connecting = true
        onLog(`wifi: connecting to '${this.ssid}'`)
        const error = driver.connect(
            this.ssid.slice(0, nameBytesMax),
            this.password.slice(0, passwordBytesMax),
        )
        if (error) onAbort(checkFailed(error, "expression: esp_wifi_connect()"))
    }

    private leave(): void {
        if (this.connecting) this.options.driver.disconnect()
    }

    private scanDone(found: readonly Network[]): void {
        const { onLog, onEvent } = this.options
        this.inScan = false
        this.lastScan = found
        onLog(`wifi: scan done: ${found.length} results`)
        const known = found.filter(network => network.name === this.ssid).length
        onEvent("scanComplete", Uint8Array.of(found.length, 0, known, 0))
        if (this.enabled && !this.connecting && known > 0) this.connect()
    }

    private gotIp(): void {
        this.connected = true
        this.options.onEvent("gotIp")
    }

    private disconnected(): void {
        const { onLog, onEvent } = this.options
        this.connected = false
        this.connecting = false
        if (this.rescanRequested) {
            this.rescanRequested = false
            onLog("wifi: sta disconnect, rescan...")
            this.scan()
        } else if (this.enabled) {
            onLog("wifi: sta disconnect, reconnect...")
            this.connect()
        } else onLog("wifi: sta disconnect")
        onEvent("lostIp")
    }

    private scanLater(delayMs: number): void {
        this.nextScan = this.options.timers.setTimeout(() => {
            this.scanLater(scanEveryMs)
            if (!this.connected) this.scan()
        }, delayMs)
    }
}
