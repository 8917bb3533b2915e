import { generator } from "../../sim/random"
import { WifiAir } from "../../sim/wifi/air"
import { WifiDriver, type DriverOptions, type Timers } from "../../sim/wifi/driver"
import { WifiRuntime, type RuntimeEvent, type StoredNetwork } from "../../sim/wifi/runtime"
import { FakeTicks } from "./faketicks"

/** Timers in a test's time. */
export function timersOn(ticks: FakeTicks): Timers {
    const cleared = new Set<unknown>()
    return {
        setTimeout: (run, delayMs) => {
            const timer = {}
            void ticks.sleep(delayMs).then(() => {
                if (!cleared.delete(timer)) run()
            })
            return timer
        },
        clearTimeout: timer => void (timer && cleared.add(timer)),
    }
}

/** The ESP32's station in a test's time, with its events. */
export class WifiBench {
    readonly ticks = new FakeTicks()
    readonly air = new WifiAir()
    readonly driver: WifiDriver
    readonly runtime: WifiRuntime
    /** The runtime's stored network, as bytes. */
    stored: StoredNetwork = {}
    /** The runtime's events and their times. */
    readonly events: { atMs: number; event: RuntimeEvent; payload?: number[] }[] = []
    readonly lines: string[] = []
    readonly aborts: (readonly string[])[] = []
    linkUp = false
    /** Also called with each event, for the program. */
    onEvent: (event: RuntimeEvent) => void = () => {}
    onAbort: () => void = () => {}

    constructor(seed = 1, options: Partial<DriverOptions> = {}) {
        const timers = timersOn(this.ticks)
        const random = generator(seed)
        this.driver = new WifiDriver({ timers, random, air: this.air, ...options })
        this.runtime = new WifiRuntime({
            timers,
            driver: this.driver,
            store: {
                load: () => this.stored,
                save: network => (this.stored = network),
            },
            onEvent: (event, payload) => {
                const atMs = this.ticks.nowMs()
                this.events.push({ atMs, event, ...(payload && { payload: [...payload] }) })
                this.onEvent(event)
            },
            onLog: line => this.lines.push(line),
            onAbort: words => {
                this.aborts.push(words)
                this.onAbort()
            },
        })
        this.driver.events.link = up => (this.linkUp = up)
    }

    /** Sends it as the program's client does. */
    add(ssid: string, password: string): void {
        this.runtime.addNetwork(Buffer.from(`${ssid}\0${password}\0`))
    }

    count(event: RuntimeEvent): number {
        return this.events.filter(one => one.event === event).length
    }

    async seconds(seconds: number): Promise<void> {
        await this.ticks.advance(seconds * 1000)
    }
}
