import { createConnection, type Socket } from "node:net"
import { DeviceBuffer } from "../../test/support/devicebuffer"
import type { BoardClock } from "./boardclock"
import type { Random } from "../../test/support/random"

/** The socket rules: the ESP32's worker, or the simulator's direct calls. */
export type SocketKind = "esp32" | "simulator"

const commandsMax = 50
const pieceBytesMax = 512
const eventBytesMax = 1024
const eventsMax = 10
/** lwIP's limit of unacknowledged bytes. */
const windowBytes = 5744

type Command = { host: string; port: number } | { data: Uint8Array }
type BoardEvent = { socket: Socket | undefined; name: string; data?: unknown }

/** Bytes of each connection accepted by the network, by the board's port. */
export class Flow {
    private readonly taken = new Map<number, number>()
    private waiters: (() => void)[] = []

    take(port: number, bytes: number): void {
        this.taken.set(port, this.of(port) + bytes)
        this.wake()
    }

    of(port: number): number {
        return this.taken.get(port) ?? 0
    }

    /** A connection is over: its waiters check again. */
    wake(): void {
        const waiters = this.waiters
        this.waiters = []
        for (const waiter of waiters) waiter()
    }

    change(): Promise<void> {
        return new Promise(resolve => this.waiters.push(resolve))
    }
}

/** The runtime's single socket, over node:net. */
export class BoardSocket {
    /** Violated usage rules, for the judge. */
    readonly complaints: string[] = []
    commandsHigh = 0
    onEvent: (event: string, data?: unknown) => void = () => {}
    private current: Socket | undefined
    private connected = false
    private commands: Command[] = []
    private working = false
    private life = 0
    /** Set by a late "close": the runtime's handler is unhooked until the next open. */
    private deaf = false
    private readonly events: BoardEvent[] = []
    private delivering = false
    private readonly sockets = new Set<Socket>()

    constructor(
        readonly kind: SocketKind,
        private readonly clock: BoardClock,
        private readonly flow: Flow,
        private readonly random: Random,
    ) {}

    /** The board's open connections. */
    openSockets(): number {
        return [...this.sockets].filter(socket => socket.writable).length
    }

    queued(): number {
        return this.commands.length + this.events.length
    }

    open(host: string, port: number): number {
        this.deaf = false
        if (this.kind === "simulator") {
            this.current?.end()
            this.connect(host, port)
            return 0
        }
        this.push({ host, port })
        return 0
    }

    write(data: Uint8Array): number {
        if (data.length > pieceBytesMax) this.complaints.push(`a write of ${data.length} bytes`)
        if (this.kind === "simulator") {
            if (!this.current) return -10
            this.current.write(Uint8Array.from(data))
            return 0
        }
        if (!this.connected) return -100
        if (this.commands.length >= commandsMax) return -1
        this.push({ data: Uint8Array.from(data) })
        return 0
    }

    close(): number {
        this.life++
        this.commands = []
        this.working = false
        this.flow.wake()
        if (!this.current) return -10
        this.current.end()
        this.current = undefined
        this.connected = false
        return 0
    }

    /** Power loss: connections stay open on the other side. */
    powerOff(): Socket[] {
        const left = [...this.sockets]
        this.life++
        this.commands = []
        this.working = false
        this.current = undefined
        this.connected = false
        this.events.length = 0
        this.sockets.clear()
        for (const socket of left) {
            socket.removeAllListeners("data")
            socket.pause()
        }
        return left
    }

    private push(command: Command): void {
        this.commands.push(command)
        this.commandsHigh = Math.max(this.commandsHigh, this.commands.length)
        if (!this.working) void this.work()
    }

    private async work(): Promise<void> {
        const life = this.life
        this.working = true
        while (this.commands.length > 0) {
            const command = this.commands[0]
            if ("data" in command) await this.flush(command.data, life)
            else await this.replace(command.host, command.port, life)
            if (life !== this.life) return
            this.commands.shift()
        }
        this.working = false
    }

    private async replace(host: string, port: number, life: number): Promise<void> {
        const old = this.current
        this.connected = false
        if (old) {
            old.end()
            if (this.random.chance(0.1)) this.tell(old, "data", DeviceBuffer.from("150 late\r\n"))
            if (this.random.chance(0.04)) {
                this.tell(old, "close")
                this.deaf = true
            }
        }
        const socket = this.connect(host, port)
        await new Promise<void>(resolve => {
            socket.once("connect", resolve)
            socket.once("close", resolve)
        })
        if (life !== this.life) socket.destroy()
    }

    private async flush(data: Uint8Array, life: number): Promise<void> {
        const socket = this.current
        const over = (): boolean => life !== this.life || !socket?.writable
        if (over()) return
        await new Promise<void>(resolve => {
            socket!.once("close", resolve)
            socket!.write(data, () => {
                socket!.off("close", resolve)
                resolve()
            })
        })
        const port = socket!.localPort!
        while (!over() && socket!.bytesWritten - this.flow.of(port) > windowBytes)
            await this.flow.change()
    }

    private connect(host: string, port: number): Socket {
        const socket = createConnection({ host, port })
        this.current = socket
        this.sockets.add(socket)
        socket.setNoDelay()
        socket.on("connect", () => this.tell(socket, "open"))
        socket.on("data", data => {
            for (let at = 0; at < data.length; at += eventBytesMax)
                this.tell(socket, "data", DeviceBuffer.from(data.subarray(at, at + eventBytesMax)))
            if (this.events.length > eventsMax) socket.pause()
        })
        socket.on("error", error => {
            this.tell(socket, "error", error.message)
            this.lose(socket)
        })
        socket.on("close", () => {
            this.sockets.delete(socket)
            this.tell(socket, "close")
            this.lose(socket)
            this.flow.wake()
        })
        return socket
    }

    private lose(socket: Socket): void {
        if (socket !== this.current) return
        if (this.kind === "esp32") this.connected = false
    }

    private tell(socket: Socket, name: string, data?: unknown): void {
        this.clock.moved()
        this.events.push({ socket, name, data })
        if (!this.delivering) void this.deliver()
    }

    private async deliver(): Promise<void> {
        this.delivering = true
        while (this.events.length > 0) {
            await new Promise(resolve => setImmediate(resolve))
            const event = this.events.shift()
            if (!event) break
            this.hand(event)
            if (this.events.length === 0) this.current?.resume()
        }
        this.delivering = false
    }

    private hand({ socket, name, data }: BoardEvent): void {
        const late = socket !== this.current
        // The ESP32 still reports pending events of the old socket; replace() simulates them.
        const told = !late || (this.kind === "esp32" && this.commands.length > 0 && !socket?.closed)
        if (!told || (this.deaf && !late)) return
        if (!late && name === "open") this.connected = true
        if (!late && this.kind === "simulator" && (name === "close" || name === "error"))
            this.current = undefined
        this.onEvent(name, data)
    }
}
