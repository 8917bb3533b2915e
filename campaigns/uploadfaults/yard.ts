import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import {
    type FtpServerName,
    type FtpTestServer,
    startServer,
} from "../../test/support/servers/ftpserver"
import { type SquidServer, startSquid } from "../../test/support/servers/squid"
import { BoardClock } from "./boardclock"
import { FaultProxy } from "./faultproxy"

interface Place {
    server: FtpTestServer
    /** In front of the server. */
    proxy: FaultProxy
}

/** The real servers, each behind a proxy, and Squid behind one; started on first use. */
export class Yard {
    /** In front of Squid. */
    readonly front: FaultProxy
    private readonly clock = new BoardClock()
    private readonly places = new Map<FtpServerName, Place>()
    private squid: SquidServer | undefined

    constructor() {
        this.front = new FaultProxy("http", this.clock)
    }

    /** The server with an empty folder. */
    async place(name: FtpServerName): Promise<Place> {
        const known = this.places.get(name)
        if (known) {
            for (const file of readdirSync(known.server.folder))
                rmSync(join(known.server.folder, file), { force: true, recursive: true })
            return known
        }
        const proxy = new FaultProxy("ftp", this.clock)
        const server = await startServer(name)
        await proxy.start()
        proxy.targetPort = server.port
        const place = { server, proxy }
        this.places.set(name, place)
        return place
    }

    /** Squid, with access to all current servers; a new server means a new Squid. */
    async gateway(): Promise<FaultProxy> {
        const ports = [...this.places.values()].map(place => place.proxy.port)
        const served = (this.squid as unknown as { options: { ftpPorts: number[] } })?.options
        if (this.squid && ports.every(port => served.ftpPorts.includes(port))) return this.front
        await this.squid?.stop()
        this.squid = await startSquid({ ftpPorts: ports })
        if (this.front.port === 0) await this.front.start()
        this.front.targetPort = this.squid.port
        return this.front
    }

    /** Stops the servers and removes their folders. */
    async close(): Promise<void> {
        this.clock.stop()
        await this.front.stop()
        for (const { proxy } of this.places.values()) await proxy.stop()
        const stops = [...this.places.values()].map(({ server }) => server.stop())
        await Promise.all([this.squid?.stop(), ...stops])
    }
}
