import { drawMs, type Delay, type Random } from "../random"
import type { Network, WifiAir } from "./air"

/** What of the board's time the station needs. */
export interface Timers<Timer = unknown> {
    setTimeout(run: () => void, delayMs: number): Timer
    clearTimeout(timer: Timer | undefined): void
}

/** Why a connection, or the try of one, ended; the numbers of ESP-IDF. */
const enum Reason {
    /** The access point has thrown the station out. */
    AuthExpire = 2,
    /** The station was told to leave. */
    AssocLeave = 8,
    /** A wrong password: the access point does not answer to it. */
    FourWayHandshakeTimeout = 15,
    /** The access point went silent. */
    BeaconTimeout = 200,
    /**
     * No network of the name, or none of the name that fits the password: an open one to a
     * password, or the reverse.
     */
    NoApFound = 201,
}

/** Off: the processor has no power. The others: ESP-IDF's phases of a connection. */
export type DriverState = "off" | "idle" | "searching" | "joining" | "addressing" | "up"

export interface DriverDelays {
    /** A scan of all channels. */
    scan: Delay
    /**
     * Looking for the network that is to be joined, up to the first of its name, and when there is
     * none.
     */
    search: Delay
    searchInVain: Delay
    /** Authentication, association and the handshake of the password. */
    join: Delay
    /** A handshake that the access point does not answer. */
    wrongPassword: Delay
    address: Delay
    leave: Delay
    /** Without a beacon for so long the station gives the access point up. */
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
     * True: a scan that a connection ends gives its scan-done event all the same. ESP-IDF's driver
     * gives none: a connection cancels the scan that runs.
     */
    abortedScanReports?: boolean
}

/** What the driver reports, as ESP-IDF's events. */
export interface DriverEvents {
    scanDone(found: readonly Network[]): void
    gotIp(): void
    disconnected(reason: Reason): void
    /** The link carries data, or does not any more: at once, not when the driver notices. */
    link(up: boolean): void
}

/** An esp_err_t by its name; undefined is ESP_OK. */
export type DriverError = "ESP_ERR_WIFI_STATE" | "ESP_ERR_WIFI_CONN" | undefined

/**
 * ESP-IDF's Wi-Fi driver with one station, as it behaves from outside: what is asked for is
 * answered at once, what comes of it comes later as an event.
 */
export class WifiDriver {
    state: DriverState = "off"
    events!: DriverEvents
    private readonly delays: DriverDelays
    /** What is to happen next in the present state. */
    private step: unknown
    private scan: unknown
    private beacon: unknown
    private name = ""
    private password = ""
    private linkUp = false
    /** Counts the ends of power: what was under way before the last one comes to nothing. */
    private ends = 0

    constructor(private readonly options: DriverOptions) {
        this.delays = { ...usualDelays, ...options.delays }
        options.air.watch(() => this.airChanged())
    }

    start(): void {
        this.state = "idle"
    }

    /** The power is gone, or the processor starts anew: no event comes of what was under way. */
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
     * No event comes of it while the network is still searched for, nor when there is nothing to
     * leave.
     */
    disconnect(): void {
        if (this.state === "idle" || this.state === "off") return
        this.cancelScan()
        if (this.state === "searching") this.enter("idle")
        else this.end(Reason.AssocLeave, this.delays.leave)
    }

    /** The network that it has an address in, as bytes; "" while it has none. */
    get network(): string {
        return this.state === "up" ? this.name : ""
    }

    get rssi(): number {
        return (this.state === "up" && this.options.air.find(this.name)?.signalDbm) || -128
    }

    /**
     * The network of the name, if the driver takes it: with a password it passes over open ones,
     * whatever the password's length, and without one it passes over the others.
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

    /** Runs unless the power goes before. */
    private after(delay: Delay, then: () => void): unknown {
        const ms = drawMs(delay, this.options.random)
        const ends = this.ends
        return this.options.timers.setTimeout(() => {
            if (ends === this.ends) then()
        }, ms)
    }
}
