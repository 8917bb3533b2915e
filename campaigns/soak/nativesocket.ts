import type { SimClock } from "../../sim/clock"
import type { SocketEvent, SocketWorker } from "../../sim/net/worker"
import { Fault, FaultCode } from "../../src/core/fault"
import type { TcpConnector, TcpStream } from "../../src/core/seams"
import { DeviceBuffer } from "../../test/support/devicebuffer"

/** The board's single socket on the simulator's network: opening ends the previous connection. */
export class NativeConnector implements TcpConnector {
    private current: NativeStream | undefined

    constructor(
        private readonly clock: SimClock,
        private readonly socket: SocketWorker,
    ) {
        socket.onEvent = (event, data) => this.current?.tell(event, data)
    }

    async connect(host: string, port: number, timeoutMs: number): Promise<TcpStream> {
        this.current?.leave()
        const stream = new NativeStream(this.clock, this.socket)
        this.current = stream
        this.socket.open(host, port)
        await stream.opened(timeoutMs)
        return stream
    }
}

class NativeStream implements TcpStream {
    private readonly received: Uint8Array[] = []
    private open = false
    private ended = false
    private reason = ""
    private wake: () => void = () => {}

    constructor(
        private readonly clock: SimClock,
        private readonly socket: SocketWorker,
    ) {}

    tell(event: SocketEvent, data?: Uint8Array): void {
        if (event === "open") this.open = true
        // Earlier events belong to the previous connection.
        else if (!this.open && event !== "error") return
        else if (event === "data") this.received.push(data!)
        else {
            if (event === "error") this.reason = Buffer.from(data!).toString()
            this.ended = true
        }
        this.wake()
    }

    async opened(timeoutMs: number): Promise<void> {
        const endMs = this.clock.nowMs() + timeoutMs
        while (!this.open && !this.ended) await this.wait(endMs)
        if (!this.open)
            throw new Fault(FaultCode.SocketRefused, "no connection to the server: " + this.reason)
    }

    async send(data: Buffer): Promise<void> {
        for (;;) {
            if (this.ended)
                throw new Fault(FaultCode.SocketClosed, "connection lost: " + this.reason)
            if (this.socket.write(Uint8Array.from(data)) === 0) return
            await this.clock.sleep(10)
        }
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
        if (!this.ended) this.socket.close()
        this.leave()
    }

    /** Another connection replaces it. */
    leave(): void {
        this.ended = true
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
