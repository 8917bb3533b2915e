import { drawMs, type Delay, type Random } from "../random"
import type { Network, WifiAir } from "./air"

/** The part of the board's time the station needs. */
export interface Timers<Timer = unknown> {
    setTimeout(run: () => void, delayMs: number): Timer
    clearTimeout(timer: Timer | undefined): void
}

/** Why a connection or an attempt ended; ESP-IDF's numbers. */
const enum Reason {
    /** The access point has disconnected the station. */
    AuthExpire = 2,
    /** The station was told to leave. */
    AssocLeave = 8,
    /** A wrong password: the access point does not answer. */
    FourWayHandshakeTimeout = 15,
    /** The access point went silent. */
    BeaconTimeout = 200,
    /**
     * No network of the name, or none of the name that fits the password: an open one with a
     * password, or the reverse.
     */
    NoApFound = 201,
}

/** Off: the processor has no power. The others: ESP-IDF's phases of a connection. */
export type DriverState = "off" | "idle" | "searching" | "joining" | "addressing" | "up"

export interface DriverDelays {
    /** A scan of all channels. */
    scan: Delay
    /** Search for the network to join: until the first one of its name, or in vain. */
    search: Delay
    searchInVain: Delay
    /** Authentication, association and the handshake of the password. */
    join: Delay
    /** A handshake that the access point does not answer. */
    wrongPassword: Delay
    address: Delay
    leave: Delay
    /** The station gives up the access point after this long without a beacon. */
    beaconMs: number
}

const usualDelays: DriverDelays = {
    scan: { ms: [1800, 2400] },
    search: { ms: [150, 2300] },
    searchInVain: { ms: [2300, 2600] },
    join: { ms: [80, 350], tail: { share: 0.03, ms: [1000, 2500] } },
    wrongPassword: { ms: [3000, 4200] },
    address: { ms: [500, 1800], tail: { share: 0.05, ms: [3000, 6000] } },
    leave: { ms: [5, 40] },
    beaconMs: 6000,
}

export interface DriverOptions {
    timers: Timers
    random: Random
    air: WifiAir
    delays?: Partial<DriverDelays>
    /**
     * True: a scan ended by a connection still reports its scan-done event. ESP-IDF's driver
     * reports none: a connection cancels the running scan.
     */
    abortedScanReports?: boolean
}

/** The driver's events, as ESP-IDF's. */
export interface DriverEvents {
    scanDone(found: readonly Network[]): void
    gotIp(): void
    disconnected(reason: Reason): void
    /** The link starts or stops carrying data, reported at once, not when the driver notices. */
    link(up: boolean): void
}

/** The name of an esp_err_t; undefined is ESP_OK. */
export type DriverError = "ESP_ERR_WIFI_STATE" | "ESP_ERR_WIFI_CONN" | undefined

/**
 * ESP-IDF's Wi-Fi driver with one station, seen from outside: requests are answered at once, their
 * outcome comes later as an event.
 */
export class WifiDriver {
    state: DriverState = "off"
    events!: DriverEvents
    private readonly delays: DriverDelays
    /** The next step of the present state. */
    private step: unknown
    private scan: unknown
    private beacon: unknown
    private name = ""
    private password = ""
    private linkUp = false
    /** Number of power losses; anything under way before the last one is dropped. */
    private ends = 0

    constructor(private readonly options: DriverOptions) {
        this.delays = { ...usualDelays, ...options.delays }
        options.air.watch(() => this.airChanged())
    }

    start(): void {
        this.state = "idle"
    }

    /** Power is lost or the processor restarts: anything under way raises no event. */
    stop(): void {
        this.ends++
        this.cancelScan()
        this.enter("off")
    }

    startScan(): DriverError {
        if (this.state === "searching" || this.state === "joining") return "ESP_ERR_WIFI_STATE"
        this.cancelScan()
        this.scan = this.after(this.delays.scan, () => {
            this.scan = undefined
            if (this.options.air.scans === "ok") this.events.scanDone(this.options.air.visible())
        })
        return undefined
    }

    /** @param name as bytes, like `password`; "" for an open network */
    connect(name: string, password: string): DriverError {
        if (this.state !== "idle") return "ESP_ERR_WIFI_CONN"
        if (this.cancelScan() && this.options.abortedScanReports)
            this.after({ ms: [0, 0] }, () => this.events.scanDone([]))
        this.name = name
        this.password = password
        const found = this.matching() !== undefined
        this.enter("searching", found ? this.delays.search : this.delays.searchInVain, () =>
            this.join(),
        )
        return undefined
    }

    /**
     * Raises no event while the network is still being searched for, or if there is nothing to
     * leave.
     */
    disconnect(): void {
        if (this.state === "idle" || this.state === "off") return
        this.cancelScan()
        if (this.state === "searching") this.enter("idle")
        else this.end(Reason.AssocLeave, this.delays.leave)
    }

    /** The network it has an address in, as bytes; "" if none. */
    get network(): string {
        return this.state === "up" ? this.name : ""
    }

    get rssi(): number {
        return (this.state === "up" && this.options.air.find(this.name)?.signalDbm) || -128
    }

    /**
     * The network of the name, if the driver accepts it: with a password it skips open ones,
     * whatever the password's length, and without one it skips the others.
     */
    private matching(): Network | undefined {
        const network = this.options.air.find(this.name)
        return network && (network.password === "") === (this.password === "") ? network : undefined
    }

    private join(): void {
        const network = this.matching()
        if (!network) return this.end(Reason.NoApFound)
        if (network.password !== this.password)
            this.enter("joining", this.delays.wrongPassword, () =>
                this.end(Reason.FourWayHandshakeTimeout),
            )
        else this.enter("joining", this.delays.join, () => this.address())
    }

    private address(): void {
        const { dhcpMs } = this.options.air
        const delay = dhcpMs === undefined ? this.delays.address : { ms: [dhcpMs, dhcpMs] as const }
        this.enter("addressing", delay, () => {
            this.enter("up")
            this.events.gotIp()
        })
        this.airChanged()
    }

    private end(reason: Reason, delay: Delay = { ms: [0, 0] }): void {
        this.enter("idle")
        this.after(delay, () => this.events.disconnected(reason))
    }

    private airChanged(): void {
        const joined = this.state === "addressing" || this.state === "up"
        if (!joined) return
        const network = this.options.air.find(this.name)
        if (network && network.password !== this.password) return this.end(Reason.AuthExpire)
        if (network && this.beacon !== undefined) {
            this.options.timers.clearTimeout(this.beacon)
            this.beacon = undefined
        } else if (!network && this.beacon === undefined)
            this.beacon = this.after({ ms: [this.delays.beaconMs, this.delays.beaconMs] }, () =>
                this.end(Reason.BeaconTimeout),
            )
        this.showLink()
    }

    /** @returns whether a scan was under way */
    private cancelScan(): boolean {
        const running = this.scan !== undefined
        this.options.timers.clearTimeout(this.scan)
        this.scan = undefined
        return running
    }

    private enter(state: DriverState, delay?: Delay, then?: () => void): void {
        this.options.timers.clearTimeout(this.step)
        this.options.timers.clearTimeout(this.beacon)
        this.beacon = undefined
        this.state = state
        this.step = delay && then ? this.after(delay, then) : undefined
        this.showLink()
    }

    private showLink(): void {
        const up = this.state === "up" && this.options.air.find(this.name) !== undefined
        if (up === this.linkUp) return
        this.linkUp = up
        this.events.link(up)
    }

    /** Runs unless power fails first. */
    private after(delay: Delay, then: () => void): unknown {
        const ms = drawMs(delay, this.options.random)
        const ends = this.ends
        return this.options.timers.setTimeout(() => {
            if (ends === this.ends) then()
        }, ms)
    }
}
