import { Alarm } from "../../src/core/alarm"
import type { Wifi } from "../../src/core/seams"
import { Key } from "../../src/settings/keys"
import { WifiKeeper } from "../../src/tasks/wifikeeper"
import { DeviceBuffer } from "./devicebuffer"
import { MemoryFlash } from "./memoryflash"
import { WifiBench } from "./wifibench"
import type { DriverOptions } from "../../sim/wifi/driver"

/** Time from the reset to the program's first check of the station, and the period of checks. */
const startMs = 1500
const lookMs = 2000
/** Duration of an orderly reset. */
const shutdownMs = 3000
/** A packet to the service and back. */
const packetMs = 3

/** The events that the program's handlers subscribe to. */
interface Subscriptions {
    lostIp: (() => void)[]
}

/**
 * The firmware's Wi-Fi keeper on the model of the ESP32's station. The processor restarts after an
 * abort, the program after `restartProgram`.
 */
export class WifiBoard extends WifiBench {
    ssid = ""
    password = ""
    /** The settings could not be loaded. */
    unread = false
    safeMode = false
    readonly flash = new MemoryFlash()
    keeper!: WifiKeeper
    wifi!: Wifi
    /** The reported changes of the WIFI condition. */
    readonly alarms: { atMs: number; active: boolean }[] = []
    joins = 0
    resets = 0
    /** The firmware's own resets of the board: time and network. */
    readonly restarts: { atMs: number; network: string }[] = []
    private alarm = false
    private program = 0
    private subscriptions: Subscriptions = { lostIp: [] }
    private readonly createWifi: () => Wifi

    /** @param createWifi makes `ServiceWifi` on the service that `client` gives */
    constructor(createWifi: () => Wifi, seed?: number, options?: Partial<DriverOptions>) {
        super(seed, options)
        this.createWifi = createWifi
        this.onEvent = event => {
            if (event === "lostIp") for (const handler of this.subscriptions.lostIp) handler()
        }
        this.onAbort = () => this.reset()
    }

    /** Power-on, or a restart of the processor. */
    reset(): void {
        this.resets++
        this.runtime.powerUp()
        this.restartProgram()
    }

    /** After a panic or a deployment: the runtime and the station continue. */
    restartProgram(): void {
        const program = ++this.program
        this.subscriptions = { lostIp: [] }
        this.wifi = this.createWifi()
        const unread = () => this.unread
        const settings = {
            get unread() {
                return unread()
            },
            number: () => 0,
            text: (key: Key) => (key === Key.WifiSsid ? this.ssid : this.password),
        }
        const sink = {
            set: (alarm: Alarm, active: boolean) => {
                if (alarm === Alarm.Wifi && active !== this.alarm)
                    this.alarms.push({ atMs: this.ticks.nowMs(), active })
                this.alarm = active
            },
        }
        const { ticks, wifi, flash } = this
        const keeper = new WifiKeeper(ticks, settings, wifi, flash, sink, () => this.joins++)
        keeper.mayRestart = !this.safeMode
        this.keeper = keeper
        const current = () => this.program === program
        const look = async () => {
            await ticks.sleep(startMs)
            while (current()) {
                await ticks.sleep(lookMs)
                // The task handles a fault; it runs again.
                if (current()) await keeper.run().catch(() => undefined)
                if (current() && keeper.restartFor) await this.restart(keeper, current)
            }
        }
        void look()
    }

    /** Restarts as the supervisor does. */
    private async restart(keeper: WifiKeeper, current: () => boolean): Promise<void> {
        this.restarts.push({ atMs: this.ticks.nowMs(), network: keeper.restartFor })
        await this.ticks.sleep(shutdownMs)
        if (current()) await keeper.beforeReboot()
        if (current()) this.reset()
    }

    /** Sets the network as a person does at the console. */
    set(ssid: string, password = this.password): void {
        this.ssid = ssid
        this.password = password
        this.keeper.changed = true
    }

    /** The service as seen by the program, without the subscriptions of an earlier program. */
    client(): object {
        const { runtime, ticks, subscriptions } = this
        const command = (run: () => void) => async () => {
            await ticks.sleep(packetMs)
            run()
        }
        const read = (value: () => unknown) => ({
            read: async () => {
                await ticks.sleep(packetMs)
                return value()
            },
        })
        const address = () => DeviceBuffer.from(runtime.connected ? [192, 0, 2, 17] : [])
        const name = () => Buffer.from(runtime.ssid ?? "", "latin1").toString("utf8")
        return {
            lostIp: { subscribe: (run: () => void) => subscriptions.lostIp.push(run) },
            ipAddress: read(address),
            ssid: read(() => (runtime.connected ? name() : "")),
            forgetAllNetworks: command(() => runtime.forgetAllNetworks()),
            reconnect: command(() => runtime.reconnect()),
            addNetwork: async (ssid: string, password: string) => {
                await ticks.sleep(packetMs)
                this.add(ssid, password)
            },
        }
    }
}
