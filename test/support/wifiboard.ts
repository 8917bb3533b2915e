import { Alarm } from "../../src/core/alarm"
import type { Wifi } from "../../src/core/seams"
import { Key } from "../../src/settings/keys"
import { WifiKeeper } from "../../src/tasks/wifikeeper"
import { DeviceBuffer } from "./devicebuffer"
import { MemoryFlash } from "./memoryflash"
import { WifiBench } from "./wifibench"
import type { DriverOptions } from "../../sim/wifi/driver"

/** From the reset to the program's first look at the station, and how often it looks. */
const startMs = 1500
const lookMs = 2000
/** How long a reset in good order takes. */
const shutdownMs = 3000
/** A packet to the service and back. */
const packetMs = 3

/** What a handler of the program subscribes to. */
interface Subscriptions {
    lostIp: (() => void)[]
}

/**
 * The firmware's keeping of its network, on the model of the ESP32's station: the processor starts
 * anew after an abort, the program after `restartProgram`.
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
    /** When the WIFI condition was reported to have changed. */
    readonly alarms: { atMs: number; active: boolean }[] = []
    joins = 0
    resets = 0
    /** When, and for which network, the firmware has reset the board. */
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

    /** The supply comes, or the processor starts anew. */
    reset(): void {
        this.resets++
        this.runtime.powerUp()
        this.restartProgram()
    }

    /** After a panic or a deployment: the runtime goes on, and with it the station. */
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
                // A fault is the task's; it runs again.
                if (current()) await keeper.run().catch(() => undefined)
                if (current() && keeper.restartFor) await this.restart(keeper, current)
            }
        }
        void look()
    }

    /** As the supervisor does it. */
    private async restart(keeper: WifiKeeper, current: () => boolean): Promise<void> {
        this.restarts.push({ atMs: this.ticks.nowMs(), network: keeper.restartFor })
        await this.ticks.sleep(shutdownMs)
        if (current()) await keeper.beforeReboot()
        if (current()) this.reset()
    }

    /** As a person does it at the console. */
    set(ssid: string, password = this.password): void {
        this.ssid = ssid
        this.password = password
        this.keeper.changed = true
    }

    /** The service as the program sees it, with what a program before has subscribed to gone. */
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
