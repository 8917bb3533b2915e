import { HostLink } from "./net/hostlink"
import { SimHosts } from "./net/hosts"
import type { Dialled } from "./net/link"
import { esp32Network, type NetworkOptions } from "./net/options"
import type { BoardTime } from "./net/time"
import { SocketWorker } from "./net/worker"
import { Chance } from "./random"

/** The network's clock; real connections hold its speed. */
export interface NetworkTime extends BoardTime {
    hold(): () => void
}

/**
 * The board's network: its one socket and the hosts it reaches. Simulated hosts are reached in
 * board time, without a real socket; all other names are real servers, for which the clock waits.
 */
export class SimNetwork {
    /** The simulated computers: `network.hosts.host("ftp.sim")`. */
    readonly hosts: SimHosts
    /** The board's socket, for the runtime's natives. */
    readonly socket: SocketWorker
    private readonly real = new Map<string, { host: string; ports: Map<number, number> }>()
    private readonly links = new Set<HostLink>()

    constructor(
        private readonly time: NetworkTime,
        options: Partial<NetworkOptions> = {},
        chance = new Chance(0),
    ) {
        const all = { ...esp32Network, ...options }
        this.hosts = new SimHosts(time, all, chance)
        this.socket = new SocketWorker({
            time,
            options: all,
            random: chance.stream("net: socket"),
            dial: (host, port, done) => this.dial(host, port, done),
        })
    }

    /** A name for a real server; unlisted ports go there unchanged (FTP data connections). */
    addHost(name: string, host: string, ports: Record<number, number>): void {
        const entries = Object.entries(ports).map(([from, to]) => [Number(from), to] as const)
        this.real.set(name.toLowerCase(), { host, ports: new Map(entries) })
    }

    /**
     * The station has got or lost its address. Simulated connections pause meanwhile, as on the
     * ESP32; those to real servers break.
     */
    setUp(up: boolean): void {
        this.hosts.air.setUp(up)
        if (!up) for (const link of [...this.links]) link.vanish()
    }

    /** The processor has lost power or restarts: neither side is told. */
    dropAll(): void {
        this.socket.powerOff()
        for (const link of [...this.links]) link.vanish()
    }

    private dial(host: string, port: number, done: Dialled): void {
        const own = this.hosts.find(host)
        if (own) return this.hosts.dial(own, port, done)
        if (!this.hosts.air.up) return this.hosts.failLookup(done)
        const known = this.real.get(host.toLowerCase())
        const release = this.time.hold()
        const link = HostLink.dial(known?.host ?? host, known?.ports.get(port) ?? port, done)
        this.links.add(link)
        link.onClosed = () => {
            this.links.delete(link)
            release()
        }
    }
}
