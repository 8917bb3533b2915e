import { JDServiceServer, SRV_WIFI, WifiCmd, WifiEvent, WifiReg, type Packet } from "jacdac-ts"

/** RFC 5737 documentation address: the station's own, never a real host's. */
const ADDRESS = Uint8Array.of(192, 0, 2, 17)
const NO_ADDRESS = new Uint8Array(0)

/**
 * The Wi-Fi service that the ESP32 runtime offers, with an access point that takes every network name.
 * `inRange` is the access point's power switch.
 */
export class WifiStation extends JDServiceServer {
    private readonly enabled = this.addRegister(WifiReg.Enabled, [true])
    private readonly ssid = this.addRegister(WifiReg.Ssid, [""])
    private readonly ipAddress = this.addRegister<[Uint8Array]>(WifiReg.IpAddress, [NO_ADDRESS])
    private networks: string[] = []
    private inRange = true
    onConnected: (connected: boolean) => void = () => {}

    constructor() {
        super(SRV_WIFI)
        this.addRegister<[Uint8Array]>(WifiReg.Eui48, [Uint8Array.of(2, 0, 0, 0, 0, 17)])
        this.addCommand(WifiCmd.AddNetwork, packet => this.add(packet))
        this.addCommand(WifiCmd.ForgetNetwork, packet => this.forget(packet))
        this.addCommand(WifiCmd.ForgetAllNetworks, () => this.forgetAll())
        this.addCommand(WifiCmd.Reconnect, () => this.update())
        this.enabled.on("change", () => this.update())
    }

    /** Not by the registers' values, which are always filled up to the greatest length. */
    get connected(): boolean {
        return this.ipAddress.data.length === ADDRESS.length
    }

    setInRange(inRange: boolean): void {
        this.inRange = inRange
        this.update()
    }

    private add(packet: Packet): void {
        const [ssid] = packet.jdunpack<[string, string]>("z z")
        this.networks = [ssid, ...this.networks.filter(one => one !== ssid)]
        this.sendEvent(WifiEvent.NetworksChanged)
        this.update()
    }

    private forget(packet: Packet): void {
        const [ssid] = packet.jdunpack<[string]>("s")
        this.networks = this.networks.filter(one => one !== ssid)
        this.sendEvent(WifiEvent.NetworksChanged)
        this.update()
    }

    private forgetAll(): void {
        this.networks = []
        this.sendEvent(WifiEvent.NetworksChanged)
        this.update()
    }

    private update(): void {
        const joined = this.inRange && this.networks.length > 0 && this.enabled.values()[0]
        if (joined === this.connected) return
        this.ssid.data = Buffer.from(joined ? this.networks[0] : "")
        this.ipAddress.data = joined ? ADDRESS : NO_ADDRESS
        this.sendEvent(joined ? WifiEvent.GotIp : WifiEvent.LostIp)
        this.onConnected(joined)
    }
}
