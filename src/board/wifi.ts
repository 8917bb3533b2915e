import * as ds from "@devicescript/core"
import { Wifi } from "../core/seams"

/**
 * Stands for "no network" in the runtime's store, where entries cannot be deleted or empty: a name
 * longer than any network's, and its password.
 */
const nowhere = "no network: wifi.ssid of the BMS Mini is empty"

/**
 * The Wi-Fi station behind the runtime's own Jacdac service, which stores the network it is given
 * and joins it at each start of the processor. docs/design/platform.md describes the service.
 */
export class ServiceWifi implements Wifi {
    private readonly service = new ds.Wifi()
    private ip: Buffer
    private joined = ""
    /** The next address may be the previous network's. */
    private doubtful = false

    constructor() {
        const self = this
        this.service.lostIp.subscribe(() => {
            self.joined = ""
            self.doubtful = false
        })
    }

    // Polled, since "got an address" comes once per connection, perhaps before the program's start.
    async look(): Promise<void> {
        const ip = await this.service.ipAddress.read()
        if (!ip || !ip[0]) this.joined = ""
        else if (!this.joined) {
            const name = await this.service.ssid.read()
            this.ip = ip
            if (this.doubtful) this.joined = "?"
            // It was told to forget this network, if the next look finds the same.
            else if (!name) this.doubtful = true
            else this.joined = name
        }
    }

    async join(ssid: string, password: string, another: boolean): Promise<void> {
        await this.leaveNetwork(false, another)
        // Connects at once, or after the current attempt.
        await this.service.addNetwork(ssid, password)
    }

    async leaveNetwork(forGood: boolean, another: boolean): Promise<void> {
        const service = this.service
        // Otherwise the next addNetwork leaks this one's memory. The stored network stays.
        await service.forgetAllNetworks()
        this.doubtful = (another || this.doubtful) && !this.joined
        if (this.joined) {
            // Only if joined: after an aborted search the station never starts another.
            await service.reconnect()
            for (let i = 0; this.joined && i < 20; ++i) await ds.sleep(100)
        }
        if (!forGood) return
        await service.addNetwork(nowhere, nowhere)
        await service.forgetAllNetworks()
    }

    async tellOpen(ssid: string): Promise<void> {
        await this.service.addNetwork(ssid, "")
        // The service handles it while the fibers rest, and does not survive that.
        await ds.sleep(1000)
    }

    network(): string {
        return this.joined
    }

    connected(): boolean {
        return this.joined !== ""
    }

    async address(): Promise<string> {
        if (!this.connected()) return ""
        const ip = this.ip
        return ip[0] + "." + ip[1] + "." + ip[2] + "." + ip[3]
    }
}
