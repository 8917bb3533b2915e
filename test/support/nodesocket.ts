import { createConnection, type Socket } from "node:net"
import { Fault, FaultCode } from "../../src/core/fault"
import type { TcpConnector, TcpStream } from "../../src/core/seams"
import { DeviceBuffer } from "./devicebuffer"

export interface NodeSocketOptions {
    /** Largest piece from one receive(); 1,024 on the ESP32. */
    eventBytesMax?: number
    /** Queued send() calls before it waits; 50 on the ESP32's worker. */
    queueMax?: number
    /**
     * Received pieces that may wait for a receive() before the connection ends; unbounded by
     * default.
     */
    receivedMax?: number
}

/** The values of the ESP32's runtime and the firmware's stream on it. */
export const esp32Socket: NodeSocketOptions = { eventBytesMax: 1024, queueMax: 50, receivedMax: 9 }

/**
 * The board's one socket on node:net, as on the ESP32. Opening flushes the queue of the previous
 * stream, ends it, and only then connects. Closing drops the queue.
 */
export class NodeConnector implements TcpConnector {
    connections = 0
    bytesSent = 0
    current: NodeStream | undefined
    private readonly underWay = new Set<Promise<unknown>>()
    /** Called before each send with its bytes; may throw or break the connection. */
    onSend: (stream: NodeStream, data: Uint8Array) => void = () => {}

    constructor(readonly options: NodeSocketOptions = {}) {}

    /** Ends with the first thing that the board has asked for; undefined when it waits for none. */
    waiting = (): Promise<void> | undefined =>
        this.underWay.size > 0 ? Promise.race(this.underWay).then(() => {}) : undefined

    /** Work on the network that the board asks for. */
    async watch<T>(work: Promise<T>): Promise<T> {
        const ended = work.then(
            () => {},
            () => {},
        )
        this.underWay.add(ended)
        try {
            return await work
        } finally {
            this.underWay.delete(ended)
        }
    }

    async connect(host: string, port: number, timeoutMs: number): Promise<TcpStream> {
        return await this.watch(this.open(host, port, timeoutMs))
    }

    private async open(host: string, port: number, timeoutMs: number): Promise<TcpStream> {
        const before = this.current
        const deadline = Date.now() + timeoutMs
        await before?.flushAndEnd()
        const stream = new NodeStream(this, host, port)
        this.current = stream
        this.connections++
        await stream.opened(deadline - Date.now())
        return stream
    }
}

class NodeStream implements TcpStream {
    readonly socket: Socket
    private readonly received: Uint8Array[] = []
    private outgoing: Uint8Array[] = []
    private flushing: Promise<void> = Promise.resolve()
    private stage: "connecting" | "open" | "ended" = "connecting"
    private error = ""
    private wake: () => void = () => {}

    constructor(
        private readonly owner: NodeConnector,
        private readonly host: string,
        private readonly port: number,
    ) {
        this.socket = createConnection({ host, port })
        this.socket.setNoDelay()
        this.socket.on("connect", () => this.enter("open"))
        this.socket.on("data", data => this.take(data))
        this.socket.on("error", error => {
            this.error = error.message
            this.enter("ended")
        })
        this.socket.on("end", () => this.enter("ended"))
        this.socket.on("close", () => this.enter("ended"))
    }

    async opened(timeoutMs: number): Promise<void> {
        const end = Date.now() + timeoutMs
        while (this.stage === "connecting") await this.wait(end)
        if (this.stage === "ended")
            throw new Fault(
                FaultCode.SocketRefused,
                `no connection to ${this.host}:${this.port}: ${this.error}`,
            )
    }

    async send(data: Buffer): Promise<void> {
        await this.owner.watch(this.queue(data))
    }

    private async queue(data: Buffer): Promise<void> {
        this.owner.onSend(this, data)
        const pieces = Math.ceil(data.length / 512)
        for (let i = 0; i < pieces; ++i) {
            while (this.outgoing.length >= (this.owner.options.queueMax ?? 50)) await this.flushing
            if (this.stage !== "open" || this.owner.current !== this)
                throw new Fault(
                    FaultCode.SocketClosed,
                    "connection lost, check Wi-Fi and server: " + this.error,
                )
            this.outgoing.push(Uint8Array.from(data.subarray(i * 512, i * 512 + 512)))
            this.flushing = this.flushing.then(() => this.flushOne())
        }
        this.owner.bytesSent += data.length
    }

    async receive(timeoutMs: number): Promise<Buffer | undefined> {
        return await this.owner.watch(this.nextPiece(timeoutMs))
    }

    private async nextPiece(timeoutMs: number): Promise<Buffer | undefined> {
        const end = Date.now() + timeoutMs
        while (this.received.length === 0) {
            if (this.stage === "ended" || this.owner.current !== this) return undefined
            await this.wait(end)
        }
        return DeviceBuffer.from(this.received.shift()!)
    }

    async close(): Promise<void> {
        if (this.owner.current !== this) return
        this.outgoing = []
        this.socket.end()
        this.enter("ended")
    }

    /** Does what the runtime does with the old socket when a new one is opened. */
    async flushAndEnd(): Promise<void> {
        await this.flushing
        this.socket.end()
        this.enter("ended")
    }

    private async flushOne(): Promise<void> {
        const piece = this.outgoing.shift()
        if (!piece || this.socket.destroyed || !this.socket.writable) return
        await new Promise<void>(resolve => this.socket.write(piece, () => resolve()))
    }

    private take(data: Uint8Array): void {
        if (this.stage === "ended") return
        const step = this.owner.options.eventBytesMax ?? 1024
        for (let at = 0; at < data.length; at += step)
            this.keep(Uint8Array.from(data.subarray(at, at + step)))
        this.wake()
    }

    private keep(piece: Uint8Array): void {
        if (this.received.length < (this.owner.options.receivedMax ?? Infinity))
            this.received.push(piece)
        else {
            this.error = "more data than expected"
            this.enter("ended")
        }
    }

    private enter(stage: "open" | "ended"): void {
        if (this.stage !== "ended") this.stage = stage
        this.wake()
    }

    private wait(endMs: number): Promise<void> {
        const left = endMs - Date.now()
        if (left <= 0)
            return Promise.reject(
                new Fault(
                    FaultCode.SocketTimeout,
                    "no answer in time: check the network and the server",
                ),
            )
        return new Promise(resolve => {
            const timer = setTimeout(resolve, left)
            this.wake = () => {
                clearTimeout(timer)
                resolve()
            }
        })
    }
}
