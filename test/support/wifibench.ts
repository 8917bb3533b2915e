import { generator } from "../../sim/random"
import { WifiAir } from "../../sim/wifi/air"
import { WifiDriver, type DriverOptions, type Timers } from "../../sim/wifi/driver"
import { WifiRuntime, type RuntimeEvent, type StoredNetwork } from "../../sim/wifi/runtime"
import { FakeTicks } from "./faketicks"

/** Timers in the time of a test. */
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

/** The ESP32's station in the time of a test, with what came of it. */
export class WifiBench {
    readonly ticks = new FakeTicks()
    readonly air = new WifiAir()
    readonly driver: WifiDriver
    readonly runtime: WifiRuntime
    /** What the runtime has stored, as bytes. */
    stored: StoredNetwork = {}
    /** The runtime's events and when they came. */
    readonly events: { atMs: number; event: RuntimeEvent; payload?: number[] }[] = []
    readonly lines: string[] = []
    readonly aborts: (readonly string[])[] = []
    linkUp = false
    /** Takes each event too; the program does. */
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

    /** As the client of the program sends it. */
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
