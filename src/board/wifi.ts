import * as ds from "@devicescript/core"
import { Wifi } from "../core/seams"

/**
 * Stands for "no network" in the runtime's store, where nothing can be deleted and nothing may be
 * empty: a name longer than any network's, and its password.
 */
const nowhere = "no network: wifi.ssid of the BMS Mini is empty"

/**
 * The Wi-Fi station behind the runtime's own Jacdac service, which stores the network that it is
 * told and joins it at each start of the processor. What the service does is in
 * docs/design/platform.md.
 */
export class ServiceWifi implements Wifi {
    private readonly service = new ds.Wifi()
    private ip: Buffer
    private joined = ""
    /** The address that comes may be one of the network before. */
    private doubtful = false

    constructor() {
        const self = this
        this.service.lostIp.subscribe(() => {
            self.joined = ""
            self.doubtful = false
        })
    }

    // "Got an address" is said once a connection, which may be before the program's start.
    async look(): Promise<void> {
        const ip = await this.service.ipAddress.read()
        if (!ip || !ip[0]) this.joined = ""
        else if (!this.joined) {
            const name = await this.service.ssid.read()
            this.ip = ip
            if (this.doubtful) this.joined = "?"
            // It was told to forget this one, if the next look finds it so too.
            else if (!name) this.doubtful = true
            else this.joined = name
        }
    }

    async join(ssid: string, password: string, another: boolean): Promise<void> {
        await this.leaveNetwork(false, another)
        // Connects at once, or after the try that is under way.
        await this.service.addNetwork(ssid, password)
    }

    async leaveNetwork(forGood: boolean, another: boolean): Promise<void> {
        const service = this.service
        // It loses its memory of one network with the next. What is stored stays.
        await service.forgetAllNetworks()
        this.doubtful = (another || this.doubtful) && !this.joined
        if (this.joined) {
            // Only now: a search that is broken off is never followed by another one.
            await service.reconnect()
            for (let i = 0; this.joined && i < 20; ++i) await ds.sleep(100)
        }
        if (!forGood) return
        await service.addNetwork(nowhere, nowhere)
        await service.forgetAllNetworks()
    }

    async tellOpen(ssid: string): Promise<void> {
        await this.service.addNetwork(ssid, "")
        // The service takes it while the fibers rest, and does not survive that.
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
