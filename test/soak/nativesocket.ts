import type { SimClock } from "../../sim/clock"
import type { SimNetwork } from "../../sim/network"
import { Fault, FaultCode } from "../../src/core/fault"
import type { TcpConnector, TcpStream } from "../../src/core/seams"
import { DeviceBuffer } from "../support/devicebuffer"

/** The board's one socket over the simulator's network: opening ends the connection before. */
export class NativeConnector implements TcpConnector {
    private current: NativeStream | undefined

    constructor(
        private readonly clock: SimClock,
        private readonly network: SimNetwork,
    ) {}

    async connect(host: string, port: number, timeoutMs: number): Promise<TcpStream> {
        this.current?.end()
        const stream = new NativeStream(this.clock, this.network, host, port)
        this.current = stream
        await stream.opened(timeoutMs)
        return stream
    }
}

class NativeStream implements TcpStream {
    private readonly socket: ReturnType<SimNetwork["createConnection"]>
    private readonly received: Uint8Array[] = []
    private open = false
    private ended = false
    private reason = ""
    private wake: () => void = () => {}

    constructor(
        private readonly clock: SimClock,
        network: SimNetwork,
        host: string,
        port: number,
    ) {
        this.socket = network.createConnection({ host, port })
        const on = (event: string, take: (value?: unknown) => void) =>
            this.socket.on(event, (value?: unknown) => {
                take(value)
                this.wake()
            })
        on("connect", () => (this.open = true))
        on("data", data => void this.received.push(data as Uint8Array))
        on("error", error => {
            this.reason = (error as Error).message
            this.ended = true
        })
        on("close", () => (this.ended = true))
    }

    async opened(timeoutMs: number): Promise<void> {
        const endMs = this.clock.nowMs() + timeoutMs
        while (!this.open && !this.ended) await this.wait(endMs)
        if (!this.open)
            throw new Fault(FaultCode.SocketRefused, "no connection to the server: " + this.reason)
    }

    async send(data: Buffer): Promise<void> {
        if (this.ended) throw new Fault(FaultCode.SocketClosed, "connection lost: " + this.reason)
        this.socket.write(Uint8Array.from(data))
    }

    async receive(timeoutMs: number): Promise<Buffer | undefined> {
        const endMs = this.clock.nowMs() + timeoutMs
        while (this.received.length === 0) {
            if (this.ended) return undefined
            await this.wait(endMs)
        }
        return DeviceBuffer.from(this.received.shift()!) as unknown as Buffer
    }

    async close(): Promise<void> {
        this.end()
    }

    end(): void {
        this.ended = true
        this.socket.end()
        this.wake()
    }

    private async wait(endMs: number): Promise<void> {
        const leftMs = endMs - this.clock.nowMs()
        if (leftMs <= 0) throw new Fault(FaultCode.SocketTimeout, "no answer in time")
        await new Promise<void>(resolve => {
            const timer = this.clock.setTimeout(() => this.wake(), leftMs)
            this.wake = () => {
                this.clock.clearTimeout(timer)
                this.wake = () => {}
                this.clock.breathe()
                resolve()
            }
        })
    }
}
