import { dateInHead } from "../clock/timeserver"
import { Deadline } from "../core/deadline"
import { Fault, FaultCode } from "../core/fault"
import { TcpConnector, TcpStream, Ticks, TimeSource, WallClock } from "../core/seams"
import { parseInteger } from "../core/text"
import { Shipment } from "./shipment"

const connectTimeoutMs = 15000
const answerTimeoutMs = 60000
const headBytesMax = 4096

const answers =
    "|400 the gateway does not understand ftp:// addresses: use a proxy that speaks FTP" +
    "|403 the gateway refuses this server: allow it in the gateway's access rules" +
    "|404 the server has no such file or folder" +
    "|405 the gateway takes no files: use a proxy that speaks FTP" +
    "|407 the gateway wants a log-in of its own: allow the board's address there" +
    "|502 the gateway got no sense out of the FTP server" +
    "|503 the gateway does not reach the FTP server: check ftp.host and ftp.port" +
    "|504 the FTP server did not answer the gateway in time|"

/**
 * Delivers over an HTTP proxy that speaks FTP (Squid): PUT of an ftp:// address (RFC 9112 §3.2.2), one
 * connection a file. Throws Fault: Socket*, GatewayRefused (evidence: the status), FtpLoginRefused.
 */
export class Gateway {
    private stream: TcpStream = undefined
    private stopped = false

    constructor(
        private readonly tcp: TcpConnector,
        private readonly ticks: Ticks,
        private readonly clock: WallClock,
        /** host:port of the proxy. */
        private readonly gateway: string,
        /** host:port of the FTP server. */
        private readonly server: string,
        private readonly user: string,
        private readonly password: string,
    ) {}

    /** Sends the whole file; it counts as sent when the gateway says 201 or 202. */
    async deliver(shipment: Shipment): Promise<void> {
        if (shipment.remoteName === "") await shipment.takeFreeName(this)
        await this.request("PUT", shipment.remoteName, shipment.sizeBytes)
        let broken: any = undefined
        try {
            await shipment.copyTo(this.stream, 0)
        } catch (thrown) {
            broken = thrown
        }
        const status = await this.status(broken)
        if (status !== 201 && status !== 202) this.refused(status)
        if (broken !== undefined) throw broken
        await shipment.record(shipment.sizeBytes)
    }

    /** 0 when the file is there, -1 when it is not; "" asks for the folder. */
    async size(name: string): Promise<number> {
        await this.request("HEAD", name, 0)
        const status = await this.status(undefined)
        if (status === 404) return -1
        if (status !== 200) this.refused(status)
        return 0
    }

    async stop(): Promise<void> {
        this.stopped = true
        if (this.stream !== undefined) await this.stream.close()
    }

    private async request(method: string, name: string, bytes: number): Promise<void> {
        if (this.stopped) throw new Fault(FaultCode.SocketClosed, "stopped")
        const colon = this.gateway.lastIndexOf(":")
        const port = parseInteger(this.gateway.slice(colon + 1))
        this.stream = await this.tcp.connect(this.gateway.slice(0, colon), port, connectTimeoutMs)
        const login = base64(Buffer.from(this.user + ":" + this.password))
        const head =
            `${method} ftp://${this.server}/${name} HTTP/1.1\r\nHost: ${this.server}\r\n` +
            `Authorization: Basic ${login}\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n`
        await this.stream.send(Buffer.from(head))
    }

    /** The status of the answer; the connection is closed on return. An early end rethrows `broken`. */
    private async status(broken: any): Promise<number> {
        const deadline = new Deadline(this.ticks, answerTimeoutMs)
        let head = ""
        while (head.indexOf("\r\n\r\n") < 0 && head.length < headBytesMax) {
            const part = await this.stream.receive(deadline.remainingMs())
            if (part === undefined) {
                if (broken !== undefined) throw broken
                throw new Fault(FaultCode.SocketClosed, "the gateway closed the connection")
            }
            head += part.toString()
            // "100 Continue" and its like come before the answer.
            if (head[9] === "1" && head.indexOf("\r\n\r\n") > 0)
                head = head.slice(head.indexOf("\r\n\r\n") + 4)
        }
        await this.stream.close()
        const seconds = dateInHead(head)
        if (seconds !== undefined) await this.clock.offer(seconds, TimeSource.Http)
        return parseInteger(head.slice(9, 12)) || 0
    }

    private refused(status: number): void {
        if (status === 401)
            throw new Fault(
                FaultCode.FtpLoginRefused,
                "log-in refused: check ftp.user and ftp.password",
                status,
            )
        const at = answers.indexOf("|" + status + " ")
        const words = at < 0 ? "" : answers.slice(at + 4, answers.indexOf("|", at + 1))
        throw new Fault(FaultCode.GatewayRefused, "gateway answers " + status + words, status)
    }
}

/** Base64 (RFC 4648 §4). */
export function base64(data: Buffer): string {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    let text = ""
    for (let i = 0; i < data.length; i += 3) {
        const left = data.length - i
        const bits =
            (data[i] << 16) | (left > 1 ? data[i + 1] << 8 : 0) | (left > 2 ? data[i + 2] : 0)
        text += letters[bits >> 18] + letters[(bits >> 12) & 63]
        text += left > 1 ? letters[(bits >> 6) & 63] : "="
        text += left > 2 ? letters[bits & 63] : "="
    }
    return text
}
