import { Alarm } from "../../src/core/alarm"
import type { Wifi } from "../../src/core/seams"
import { Key } from "../../src/settings/keys"
import { WifiKeeper } from "../../src/tasks/wifikeeper"
import { DeviceBuffer } from "./devicebuffer"
import { WifiBench } from "./wifibench"
import type { DriverOptions } from "../../sim/wifi/driver"

/** From the reset to the program's first look at the station, and how often it looks. */
const startMs = 1500
const lookMs = 2000
/** A packet to the service and back. */
const packetMs = 3

/** What a handler of the program subscribes to. */
interface Subscriptions {
    lostIp: (() => void)[]
}

/**
 * The firmware's keeping of its network, on the model of the ESP32's station: the processor starts anew after an
 * abort, the program after `restartProgram`.
 */
export class WifiBoard extends WifiBench {
    ssid = ""
    password = ""
    keeper!: WifiKeeper
    wifi!: Wifi
    /** When the WIFI condition was reported to have changed. */
    readonly alarms: { atMs: number; active: boolean }[] = []
    joins = 0
    resets = 0
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
        const settings = {
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
        const keeper = new WifiKeeper(this.ticks, settings, this.wifi, sink, () => this.joins++)
        this.keeper = keeper
        const look = async () => {
            await this.ticks.sleep(startMs)
            while (this.program === program) {
                await this.ticks.sleep(lookMs)
                if (this.program === program) await keeper.run()
            }
        }
        void look()
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
