import {
    JDServiceServer,
    jdpack,
    OutPipe,
    SRV_WIFI,
    WifiAPFlags,
    WifiCmd,
    WifiEvent,
    WifiReg,
    type Packet,
} from "jacdac-ts"
import type { Random } from "../random"
import type { Network, WifiAir } from "./air"
import { WifiDriver, type DriverDelays, type Timers } from "./driver"
import { WifiRuntime, type RuntimeEvent, type WifiStore } from "./runtime"

/** RFC 5737 documentation address: the station's own, never a real host's. */
const ADDRESS = Uint8Array.of(192, 0, 2, 17)
const NO_ADDRESS = new Uint8Array(0)
/** An address no real hardware has: the "locally administered" bit is set. */
const HARDWARE_ADDRESS = Uint8Array.of(2, 0, 0, 0, 0, 17)

const codes: Record<RuntimeEvent, WifiEvent> = {
    gotIp: WifiEvent.GotIp,
    lostIp: WifiEvent.LostIp,
    scanComplete: WifiEvent.ScanComplete,
    networksChanged: WifiEvent.NetworksChanged,
}

export interface StationOptions {
    timers: Timers
    /** Its own stream, for the driver's delays. */
    random: Random
    air: WifiAir
    /** The runtime's settings, which outlive resets, power cuts and the simulator's runs. */
    store: WifiStore
    delays?: Partial<DriverDelays>
    abortedScanReports?: boolean
    /** Data can pass, or no longer can. */
    onLink(up: boolean): void
    /** A line of the runtime's log. */
    onLog(line: string): void
    /** The runtime aborts with these words: the processor restarts. */
    onAbort(words: readonly string[]): void
}

/**
 * The ESP32's Wi-Fi station as seen on the Jacdac bus: driver, the runtime's service, and its
 * registers.
 */
export class WifiStation extends JDServiceServer {
    readonly runtime: WifiRuntime
    private readonly driver: WifiDriver
    private readonly ssid = this.addRegister(WifiReg.Ssid, [""])
    private readonly ipAddress = this.addRegister<[Uint8Array]>(WifiReg.IpAddress, [NO_ADDRESS])
    private readonly rssi = this.addRegister(WifiReg.Rssi, [-128])
    private readonly enabled = this.addRegister(WifiReg.Enabled, [true])

    constructor(options: StationOptions) {
        super(SRV_WIFI)
        this.driver = new WifiDriver(options)
        this.runtime = new WifiRuntime({
            ...options,
            driver: this.driver,
            onEvent: (event, payload) => this.tell(event, payload),
        })
        this.driver.events.link = up => options.onLink(up)
        this.addRegister<[Uint8Array]>(WifiReg.Eui48, [HARDWARE_ADDRESS])
        this.handle(WifiCmd.AddNetwork, packet => this.runtime.addNetwork(packet.data))
        this.handle(WifiCmd.ForgetNetwork, packet => this.runtime.forgetNetwork(packet.data))
        this.handle(WifiCmd.ForgetAllNetworks, () => this.runtime.forgetAllNetworks())
        this.handle(WifiCmd.Reconnect, () => this.runtime.reconnect())
        this.handle(WifiCmd.Scan, () => this.runtime.scan())
        // The runtime ignores it: it knows one network.
        this.handle(WifiCmd.SetNetworkPriority, () => {})
        this.addCommand(WifiCmd.ListKnownNetworks, packet => {
            const { ssid } = this.runtime
            const known = ssid === undefined ? [] : [ssid]
            void this.answer(packet, known, name =>
                Buffer.concat([Buffer.alloc(4), Buffer.from(name, "latin1")]),
            )
        })
        this.addCommand(
            WifiCmd.LastScanResults,
            packet => void this.answer(packet, this.runtime.lastScan, scanResult),
        )
        this.enabled.on("change", () => {
            this.runtime.setEnabled(Boolean(this.enabled.values()[0]))
            this.refresh()
        })
    }

    /** The processor starts, with or without a loss of supply before. */
    powerUp(): void {
        this.runtime.powerUp()
        this.refresh()
    }

    /** The supply is gone, or the processor is about to restart. */
    powerDown(): void {
        this.runtime.powerDown()
        this.refresh()
    }

    private handle(command: WifiCmd, run: (packet: Packet) => void): void {
        this.addCommand(command, packet => {
            run(packet)
            this.refresh()
        })
    }

    private tell(event: RuntimeEvent, payload?: Uint8Array): void {
        this.refresh()
        void this.sendEvent(codes[event], payload)
    }

    /** The registers show what the runtime would answer. */
    private refresh(): void {
        const { connected, ssid = "", enabled } = this.runtime
        // Not by their values, which are always padded to the maximum length.
        this.ssid.data = Buffer.from(connected ? ssid : "", "latin1")
        this.ipAddress.data = connected ? ADDRESS : NO_ADDRESS
        this.rssi.setValues([this.driver.rssi])
        this.enabled.setValues([enabled])
    }

    private async answer<T>(
        packet: Packet,
        items: readonly T[],
        convert: (item: T) => Uint8Array,
    ): Promise<void> {
        const pipe = OutPipe.from(this.device.bus, packet, true)
        // The requester may disappear before the end: then the rest does not matter.
        await pipe.respondForEach(items, convert).catch(() => undefined)
    }
}

function scanResult(network: Network): Uint8Array {
    const flags = network.password === "" ? 0 : WifiAPFlags.HasPassword
    const name = Buffer.from(network.name, "latin1").toString("utf8")
    const { signalDbm, channel } = network
    return jdpack("u32 u32 i8 u8 b[6] s[33]", [
        flags,
        0,
        signalDbm,
        channel,
        HARDWARE_ADDRESS,
        name,
    ])
}
