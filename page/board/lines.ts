import type { Line } from "../../console/line"
import { unplugged } from "../../console/line"
import type { UsbBridge } from "../../sim/usbbridge"
import { ConsoleError } from "../../console/transport"
import type { PortMessage } from "./messages"

const connectMs = 10_000

abstract class BaseLine implements Line {
    onBytes: (bytes: Uint8Array) => void = () => undefined
    onEnd: (reason: string) => void = () => undefined
    abstract readonly address: string
    abstract readonly waitingBytes: number
    abstract write(bytes: Uint8Array): void
    abstract close(): Promise<void>
}

/** The serial line of the board in this tab. */
export class TabLine extends BaseLine {
    readonly address = "the board in this tab"
    readonly waitingBytes = 0

    constructor(private readonly bridge: UsbBridge) {
        super()
        bridge.onReady = () => this.drain()
    }

    write(bytes: Uint8Array): void {
        this.bridge.push(bytes)
        this.drain()
    }

    async close(): Promise<void> {
        this.bridge.onReady = () => undefined
    }

    private drain(): void {
        for (let bytes = this.bridge.pull(); bytes.length > 0; bytes = this.bridge.pull())
            this.onBytes(bytes)
    }
}

/** A serial line over a WebSocket: its binary messages are the line's bytes. */
export class SocketLine extends BaseLine {
    private constructor(private readonly socket: WebSocket) {
        super()
        socket.binaryType = "arraybuffer"
        socket.onmessage = ({ data }) => this.onBytes(new Uint8Array(data as ArrayBuffer))
        socket.onclose = ({ reason }) => this.onEnd(reason || unplugged)
    }

    readonly address = "the serial port on this computer"

    /** Throws ConsoleError. */
    static open(url: string): Promise<SocketLine> {
        return new Promise((resolve, reject) => {
            const socket = new WebSocket(url)
            const line = new SocketLine(socket)
            const fail = (reason: string) => {
                socket.close()
                reject(new ConsoleError(reason))
            }
            const timer = setTimeout(() => fail("the page's server does not answer"), connectMs)
            // The server sends "ready" once the port is open, or closes with a reason.
            socket.onmessage = ({ data }) => {
                if (data !== "ready") return
                clearTimeout(timer)
                socket.onmessage = message =>
                    line.onBytes(new Uint8Array(message.data as ArrayBuffer))
                socket.onclose = ({ reason }) => line.onEnd(reason || unplugged)
                resolve(line)
            }
            socket.onclose = ({ reason }) => {
                clearTimeout(timer)
                fail(reason || 'there is no server: start the page with "npm run page"')
            }
        })
    }

    get waitingBytes(): number {
        return this.socket.bufferedAmount
    }

    write(bytes: Uint8Array): void {
        if (this.socket.readyState === WebSocket.OPEN) this.socket.send(Uint8Array.from(bytes))
    }

    async close(): Promise<void> {
        this.socket.close()
    }
}

/** A serial line opened by the page: only a window can ask a person for a port. */
export class PortLine extends BaseLine {
    private waiting = 0

    constructor(
        readonly address: string,
        private readonly port: MessagePort,
    ) {
        super()
        port.onmessage = ({ data }: MessageEvent<PortMessage>) => {
            if ("bytes" in data) this.onBytes(data.bytes)
            else if ("taken" in data) this.waiting -= data.taken
            else if ("ended" in data) this.onEnd(data.ended)
        }
    }

    get waitingBytes(): number {
        return this.waiting
    }

    write(bytes: Uint8Array): void {
        this.waiting += bytes.length
        this.port.postMessage({ bytes } satisfies PortMessage)
    }

    async close(): Promise<void> {
        this.port.postMessage({ close: true } satisfies PortMessage)
    }
}
