import * as ds from "@devicescript/core"
import { Wifi } from "../core/seams"

/** The Wi-Fi station behind the runtime's own Jacdac service; it keeps the network in the runtime's settings. */
export class ServiceWifi implements Wifi {
    private readonly service = new ds.Wifi()
    private ip: Buffer

    constructor() {
        const self = this
        this.service.gotIp.subscribe(async () => {
            self.ip = await self.service.ipAddress.read()
        })
        this.service.lostIp.subscribe(() => {
            self.ip = undefined
        })
    }

    async join(ssid: string, password: string): Promise<void> {
        await this.service.forgetAllNetworks()
        if (ssid.length === 0) return
        await this.service.addNetwork(ssid, password)
        await this.service.reconnect()
    }

    connected(): boolean {
        return this.ip !== undefined && this.ip.length >= 4
    }

    async address(): Promise<string> {
        if (!this.connected()) return ""
        const ip = this.ip
        return ip[0] + "." + ip[1] + "." + ip[2] + "." + ip[3]
    }
}
