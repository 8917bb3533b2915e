import { type Chance, drawMs, type Random } from "../random"
import { Air } from "./air"
import type { Dialled } from "./link"
import type { NetworkOptions } from "./options"
import { TcpEnd } from "./tcp"
import type { BoardTime } from "./time"

export const UNRESOLVED = "can't resolve host"
export const UNCONNECTED = "can't connect"

/** The first port for callers that ask for any (RFC 6335 §6). */
const FIRST_DYNAMIC_PORT = 49_152

/** A simulated computer with its listening ports. */
export class SimHost {
    /** It neither accepts nor refuses a SYN, as behind a firewall that drops. */
    synBlackhole = false
    /** Single ports with the same behaviour. */
    readonly silentPorts = new Set<number>()
    private readonly listeners = new Map<number, (end: TcpEnd) => void>()
    private nextPort = FIRST_DYNAMIC_PORT

    constructor(
        readonly name: string,
        /** Dotted address. */
        readonly address: string,
    ) {}

    /**
     * Accepts connections until `close` is called.
     * @param port 0 for any free one
     */
    listen(port: number, take: (end: TcpEnd) => void): { port: number; close(): void } {
        if (port === 0) port = this.freePort()
        else if (this.listeners.has(port))
            throw new Error(`port ${port} of ${this.name} is in use: stop its server first`)
        this.listeners.set(port, take)
        return { port, close: () => void this.listeners.delete(port) }
    }

    listener(port: number): ((end: TcpEnd) => void) | undefined {
        return this.listeners.get(port)
    }

    private freePort(): number {
        while (this.listeners.has(this.nextPort)) this.nextPort = after(this.nextPort)
        const port = this.nextPort
        this.nextPort = after(port)
        return port
    }
}

function after(port: number): number {
    return port === 65_535 ? FIRST_DYNAMIC_PORT : port + 1
}

/** The computers the board reaches over its simulated Wi-Fi. */
export class SimHosts {
    readonly air: Air
    private readonly hosts = new Map<string, SimHost>()
    private readonly random: Random

    constructor(
        private readonly time: BoardTime,
        private readonly options: NetworkOptions,
        chance: Chance,
    ) {
        this.air = new Air(time, options, chance)
        this.random = chance.stream("net: connect")
    }

    /** The host of that name; added to the simulation if new. */
    host(name: string): SimHost {
        const known = this.find(name)
        if (known) return known
        // An address for documentation (RFC 5737).
        const host = new SimHost(name, `192.0.2.${10 + this.hosts.size}`)
        host.synBlackhole = this.options.synBlackhole
        this.hosts.set(name.toLowerCase(), host)
        return host
    }

    find(name: string): SimHost | undefined {
        return this.hosts.get(name.toLowerCase())
    }

    /** Connects the board; the answer always comes in board time. */
    dial(host: SimHost, port: number, done: Dialled): void {
        const { options } = this
        if (!this.air.up) return this.failLookup(done)
        if (host.synBlackhole || host.silentPorts.has(port))
            return this.fail(options.synUnanswered, UNCONNECTED, done)
        this.time.setTimeout(
            () => {
                if (!this.air.up) this.fail(options.synUnanswered, UNCONNECTED, done)
                else this.meet(host.listener(port), done)
            },
            drawMs(options.connect, this.random),
        )
    }

    /** The name server does not answer for the name. */
    failLookup(done: Dialled): void {
        this.fail(this.options.lookupFailed, UNRESOLVED, done)
    }

    private fail(delay: NetworkOptions["connect"], problem: string, done: Dialled): void {
        this.time.setTimeout(() => done(undefined, problem), drawMs(delay, this.random))
    }

    private meet(take: ((end: TcpEnd) => void) | undefined, done: Dialled): void {
        if (!take) return done(undefined, UNCONNECTED)
        const [board, server] = TcpEnd.pair(this.air)
        board.afterHandshake(() => take(server))
        done(board, "")
    }
}
