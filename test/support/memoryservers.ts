import { Fault, FaultCode } from "../../src/core/fault"
import type { TcpConnector, TcpStream, Ticks } from "../../src/core/seams"
import { DeviceBuffer } from "./devicebuffer"

const ftpPort = 21
const httpPort = 80
const dataPort = 50_000

/** One connection; a function of the sent bytes is the server's side. */
class MemoryStream implements TcpStream {
    private readonly waiting: string[] = []
    closed = false

    constructor(
        private readonly ticks: Ticks,
        private readonly take: (data: Uint8Array, reply: (text: string) => void) => void,
        greeting: string,
    ) {
        if (greeting) this.waiting.push(greeting)
    }

    async send(data: Buffer): Promise<void> {
        this.take(data, text => this.waiting.push(text))
    }

    async receive(timeoutMs: number): Promise<Buffer | undefined> {
        await this.ticks.sleep(10)
        const text = this.waiting.shift()
        if (text !== undefined) return DeviceBuffer.from(text) as unknown as Buffer
        if (this.closed) return undefined
        await this.ticks.sleep(timeoutMs)
        throw new Fault(FaultCode.SocketTimeout, "the server does not answer")
    }

    async close(): Promise<void> {
        this.closed = true
    }
}

/**
 * example.org in memory: an FTP server on port 21 that finishes transfers, and an HTTP server on
 * port 80 that knows the time. Every other host refuses.
 */
export class MemoryServers implements TcpConnector {
    readonly files = new Map<string, number[]>()
    private target: number[] = []

    constructor(
        private readonly ticks: Ticks,
        private readonly nowMs: () => number,
    ) {}

    async connect(host: string, port: number): Promise<TcpStream> {
        await this.ticks.sleep(20)
        if (host === "example.org" && port === dataPort) {
            const target = this.target
            return new MemoryStream(this.ticks, data => void target.push(...data), "")
        }
        if (host === "example.org" && port === ftpPort)
            return new MemoryStream(this.ticks, this.command.bind(this), "220 ready\r\n")
        if (host === "example.org" && port === httpPort)
            return new MemoryStream(this.ticks, this.date.bind(this), "")
        throw new Fault(FaultCode.SocketRefused, `${host}:${port} refuses the connection`)
    }

    private date(_data: Uint8Array, reply: (text: string) => void): void {
        const date = new Date(this.nowMs()).toUTCString()
        reply(`HTTP/1.1 200 OK\r\nDate: ${date}\r\nContent-Length: 0\r\n\r\n`)
    }

    private command(data: Uint8Array, reply: (text: string) => void): void {
        for (const line of globalThis.Buffer.from(data).toString().split("\r\n").slice(0, -1))
            reply(this.answer(line) + "\r\n")
    }

    private answer(line: string): string {
        const [verb, name = ""] = line.split(" ")
        const file = this.files.get(name)
        switch (verb) {
            case "USER":
                return "331 password please"
            case "PASS":
                return "230 welcome"
            case "TYPE":
                return "200 binary"
            case "SIZE":
                return file ? `213 ${file.length}` : "550 no such file"
            case "EPSV":
                return `229 entering extended passive mode (|||${dataPort}|)`
            case "STOR":
            case "APPE":
                if (!file || verb === "STOR") this.files.set(name, [])
                this.target = this.files.get(name)!
                return "150 go on"
            case "QUIT":
                return "221 goodbye"
            default:
                return "502 not known here"
        }
    }
}
