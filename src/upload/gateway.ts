import { dateInLine, fieldValue, isBlank } from "../clock/timeserver"
import { Deadline } from "../core/deadline"
import { Fault, FaultCode, faultCode } from "../core/fault"
import { LineReader, lineReader } from "../core/lines"
import { Board, TimeSource, WallClock } from "../core/seams"
import { formatHex, parseInteger } from "../core/text"
import { Key, SettingsReader } from "../settings/keys"
import { consistsOf } from "../settings/values"
import { Courier, noFolder } from "./courier"
import { isAboutFile } from "./ftpreply"
import { Sent } from "./history"
import { Shipment } from "./shipment"

const answerTimeoutMs = 60000
/**
 * A gateway's response, with a page that explains an error; the server's words are near its
 * beginning.
 */
const answerBytesMax = 8192

const remedies =
    "|400 use a proxy that speaks FTP" +
    "|401 log-in refused, check ftp.user and ftp.password" +
    "|403 allow the FTP server in the gateway's access rules" +
    "|404 the server has no such folder" +
    "|405 use a proxy that speaks FTP" +
    "|407 the gateway wants its own log-in: let the board in without one" +
    "|502 the FTP server did not let the gateway finish" +
    "|503 the gateway cannot reach the server: check ftp.host and ftp.port" +
    "|504 the FTP server did not answer the gateway in time|"

/**
 * Delivers through an HTTP proxy that speaks FTP (Squid): PUT of an ftp:// address (RFC 9112
 * §3.2.2), one connection per request. Besides Socket*: GatewayRefused, FtpRefused, FtpFileRefused,
 * FtpLoginRefused (evidence: the status, or the code of the server's reply).
 */
export class Gateway extends Courier {
    /** Content-Length of the last response, -1 without one: Squid sends none for an empty file. */
    private lengthBytes: number
    /** host:port of the proxy. */
    private readonly gateway: string

    constructor(
        board: Board,
        settings: SettingsReader,
        private readonly clock: WallClock,
    ) {
        super(board, settings)
        this.gateway = settings.text(Key.FtpGateway)
    }

    override number(direct: boolean): number {
        return this.numberBehind(direct ? "" : this.gateway)
    }

    /** Asks for the server's folder, to check that the gateway and the server let us in. */
    override async logIn(): Promise<void> {
        await this.size("")
    }

    override async logOut(): Promise<void> {}

    override async size(name: string): Promise<number> {
        await this.ask("HEAD", name, 0)
        let status = await this.status()
        if (status === 502) {
            // Of the replies for a missing file Squid only knows 550; it shows others in its page.
            await this.ask("GET", name, 0)
            status = await this.status()
            if (isAboutFile(this.answerCode())) return -1
        }
        if (status === 404) return -1
        if (status !== 200) this.explain(status)
        return this.lengthBytes < 0 ? 0 : this.lengthBytes
    }

    /**
     * Sends the whole file; it counts as sent once the gateway says 201 or 202 and the server has
     * that many bytes: a broken data connection can look like the end of the file to the server.
     */
    override async deliver(shipment: Shipment): Promise<void> {
        const size = shipment.sizeBytes
        const there = shipment.remoteName ? await this.size(shipment.remoteName) : -1
        // Longer than ours, or than the last history line says: not only ours, so it is left alone.
        if (!shipment.remoteName || there > size || there > shipment.markedBytes)
            await shipment.takeFreeName(this)
        else if (there === size && shipment.sentBytes !== Sent.Again)
            return await shipment.noteArrived(size)
        await this.ask("PUT", shipment.remoteName, size)
        try {
            await shipment.copyTo(this.stream, 0)
        } catch (thrown) {
            // A gateway that closes early has given its reason.
            if (faultCode(thrown) !== FaultCode.SocketClosed) throw thrown
        }
        const status = await this.status()
        if (status !== 201 && status !== 202) this.explain(status)
        const arrived = await this.size(shipment.remoteName)
        // A file that is gone at once was taken away: its arrival is already confirmed.
        if (arrived !== size && arrived >= 0)
            throw new Fault(
                FaultCode.FtpNoProgress,
                "the server did not get the whole file; it will be sent again: check its connection",
            )
        await shipment.noteArrived(size)
    }

    private async ask(method: string, name: string, bytes: number): Promise<void> {
        const colon = this.gateway.lastIndexOf(":")
        await this.openConnection(
            this.gateway.slice(0, colon),
            parseInteger(this.gateway.slice(colon + 1)),
        )
        const server = this.host + ":" + this.port
        const login = base64(Buffer.from(this.user + ":" + this.password))
        // In two parts: several small buffers fit where one large one does not.
        const path = name && this.directory ? escaped(this.directory) + "/" + name : name
        const first = `${method} ftp://${server}/${path} HTTP/1.1\r\nHost: ${server}\r\n`
        await this.stream.send(Buffer.from(first))
        const rest = `Content-Length: ${bytes}\r\nConnection: close\r\n\r\n`
        await this.stream.send(Buffer.from(`Authorization: Basic ${login}\r\n${rest}`))
    }

    /** The status of the response; the connection is closed on return. */
    private async status(): Promise<number> {
        const deadline = new Deadline(this.board.ticks, answerTimeoutMs)
        const lines = lineReader(this.stream, answerBytesMax)
        let first = ""
        let seconds: number | undefined
        for (;;) {
            const line = await this.next(lines, deadline)
            if (!line) {
                // The final response follows an interim one (RFC 9110 §15.2).
                if (!first.startsWith("HTTP/1.1 1")) break
                first = ""
                continue
            }
            if (!first) {
                first = line
                this.lengthBytes = -1
            }
            this.answer = line
            const length = fieldValue(line, "content-length:")
            // A second one makes the end of the response doubtful.
            if (length)
                this.lengthBytes = this.lengthBytes === -1 ? parseInteger(length) : undefined
            if (!first.startsWith("HTTP/1.") || isBlank(line[0]) || !(this.lengthBytes >= -1))
                this.refuse(FaultCode.GatewayRefused, "no HTTP/1.1 answer, check ftp.gateway")
            if (seconds === undefined) seconds = dateInLine(line)
        }
        this.answer = first.slice(9)
        const status = this.answerCode()
        if (status === 502 || status === 500) await this.quoteServer(lines, deadline)
        await this.stream.close()
        if (seconds !== undefined) await this.clock.offer(seconds, TimeSource.Http)
        return status
    }

    /** Replaces `answer` by the server's own words, with which Squid's page ends. */
    private async quoteServer(lines: LineReader, deadline: Deadline): Promise<void> {
        try {
            for (;;) {
                // From one "<" to the next.
                const element = await lines(deadline, 60)
                if (element === undefined) break
                const end = element.indexOf("\n")
                if (element.startsWith("pre>") && element.length > 4)
                    this.answer = element.slice(4, end < 0 ? element.length : end)
            }
        } catch (thrown) {
            // The status is known: make do with the received part of the page.
        }
    }

    private explain(status: number): void {
        const at = remedies.indexOf("|" + status + " ") + 5
        let what = status === 500 ? noFolder : "the gateway refuses"
        if (at >= 5) what = remedies.slice(at, remedies.indexOf("|", at))
        this.refuse(status === 401 ? FaultCode.FtpLoginRefused : FaultCode.FtpFileRefused, what)
    }
}

/** A path for an address (RFC 3986 §2.1): as is, or fully encoded. */
function escaped(path: string): string {
    if (consistsOf(path, "./")) return path
    const bytes = Buffer.from(path)
    let text = ""
    for (let i = 0; i < bytes.length; ++i)
        text += bytes[i] === 47 ? "/" : "%" + formatHex(bytes[i], 2).slice(2)
    return text
}

/** Base64 (RFC 4648 §4). */
export function base64(data: Buffer): string {
    let text = ""
    for (let i = 0; i < data.length; i += 3) {
        const group = data.slice(i, i + 3)
        const bits = (group[0] << 16) | (group[1] << 8) | group[2]
        for (let shift = 18; shift >= 0; shift -= 6)
            text += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[
                (bits >> shift) & 63
            ]
    }
    const padding = (data.length * 2) % 3
    return text.slice(0, text.length - padding) + "==".slice(0, padding)
}
