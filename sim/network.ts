import { EventEmitter } from "node:events"
import { createConnection, type Socket } from "node:net"
import { SimClock } from "./clock"

/** The ESP32's lwIP hands over at most this much in one event. */
const DATA_EVENT_BYTES = 1024
/** Writes that wait in the ESP32's socket worker. */
const QUEUE_WRITES = 50

/**
 * The network as the runtime's socket code sees it: `net` with the Wi-Fi in between. Names in `hosts` stand
 * for servers of the simulation; a port not listed goes to the same host unchanged (FTP data connections).
 */
export class SimNetwork {
    private readonly sockets = new Set<BoardSocket>()
    private newest: BoardSocket | undefined
    private readonly hosts = new Map<string, { host: string; ports: Map<number, number> }>()
    up = true

    constructor(private readonly clock: SimClock) {}

    addHost(name: string, host: string, ports: Record<number, number>): void {
        const entries = Object.entries(ports).map(([from, to]) => [Number(from), to] as const)
        this.hosts.set(name.toLowerCase(), { host, ports: new Map(entries) })
    }

    /** Takes the network away, or gives it back: what is open breaks, as when the access point goes. */
    setUp(up: boolean): void {
        this.up = up
        if (!up) this.dropAll("the network is down")
    }

    dropAll(reason: string): void {
        for (const socket of [...this.sockets]) socket.fail(reason)
    }

    queueFull(): boolean {
        return (this.newest?.queuedWrites ?? 0) >= QUEUE_WRITES
    }

    createConnection(options: { host: string; port: number }): BoardSocket {
        const known = this.hosts.get(options.host.toLowerCase())
        const host = known?.host ?? options.host
        const port = known?.ports.get(options.port) ?? options.port
        const socket = new BoardSocket(this.clock, this.up ? { host, port } : undefined)
        this.sockets.add(socket)
        this.newest = socket
        socket.finished.then(() => this.sockets.delete(socket))
        return socket
    }
}

/** One connection of the board; its events reach the runtime as part of the board's own execution. */
class BoardSocket {
    private readonly events = new EventEmitter()
    private readonly socket: Socket | undefined
    private readonly release: () => void
    private resolveFinished!: () => void
    private done = false
    /** Writes that Node has not handed to the operating system. */
    queuedWrites = 0
    readonly finished = new Promise<void>(resolve => (this.resolveFinished = resolve))

    constructor(
        private readonly clock: SimClock,
        target: { host: string; port: number } | undefined,
    ) {
        this.release = clock.hold()
        this.events.on("error", () => {})
        if (!target) {
            clock.soon(() => this.fail("the network is down"))
            return
        }
        const socket = createConnection(target)
        this.socket = socket
        socket.setNoDelay()
        socket.on("connect", () => this.tell("connect"))
        socket.on("data", data => this.received(data))
        socket.on("error", error => this.fail(error.message))
        socket.on("close", () => this.finish(() => this.events.emit("close", false)))
    }

    on(event: string, handler: (...args: never[]) => void): void {
        this.events.on(event, handler as (...args: unknown[]) => void)
    }

    once(event: string, handler: (...args: never[]) => void): void {
        this.events.once(event, handler as (...args: unknown[]) => void)
    }

    write(data: Uint8Array): void {
        if (!this.socket || this.done) return
        this.queuedWrites++
        this.socket.write(data, () => this.queuedWrites--)
    }

    end(): void {
        this.socket?.end()
        if (!this.socket) this.finish(() => {})
    }

    /** Breaks the connection; the runtime sees an error. */
    fail(message: string): void {
        this.finish(() => this.events.emit("error", new Error(message)))
        this.socket?.destroy()
    }

    private received(data: Buffer): void {
        for (let at = 0; at < data.length; at += DATA_EVENT_BYTES)
            this.tell("data", new Uint8Array(data.subarray(at, at + DATA_EVENT_BYTES)))
    }

    private tell(event: string, ...args: unknown[]): void {
        this.clock.soon(() => {
            if (!this.done) this.events.emit(event, ...args)
        })
    }

    private finish(last: () => void): void {
        this.clock.soon(() => {
            if (this.done) return
            this.done = true
            last()
            this.release()
            this.resolveFinished()
        })
    }
}
