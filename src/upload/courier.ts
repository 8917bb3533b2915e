import { crc16 } from "../core/checksum"
import { Deadline } from "../core/deadline"
import { Fault, FaultCode } from "../core/fault"
import { LineReader } from "../core/lines"
import { Board, TcpStream } from "../core/seams"
import { parseInteger, printable } from "../core/text"
import { Key, SettingsReader } from "../settings/keys"
import { isAboutFile } from "./ftpreply"
import { Shipment } from "./shipment"

/**
 * Longer than the runtime needs to give up: 10 s for a name, 18 s for a server that takes no SYN.
 */
const connectTimeoutMs = 30000
/**
 * Characters shown of an answer: a password that begins within them lies whole in the 160
 * characters kept of a line, and is masked.
 */
const saidMax = 96

export const noFolder = "the folder is missing and cannot be made, check ftp.directory"

/**
 * A way to the FTP server over the board's only socket, for one session. More than fifteen members
 * would make it a large heap block. Throws Fault Socket*, Ftp*, GatewayRefused.
 */
export abstract class Courier {
    /** The open connection. */
    stream: TcpStream
    /** The peer's last line, beginning with its code. */
    answer = ""
    private stopped: boolean

    // This session's settings, even if they change meanwhile.
    readonly serial: string
    protected readonly host: string
    protected readonly port: number
    protected readonly user: string
    protected readonly password: string
    /** The files' directory on the server, "" for where a log-in begins. */
    protected readonly directory: string

    constructor(
        readonly board: Board,
        settings: SettingsReader,
    ) {
        this.serial = settings.text(Key.UserSerial)
        this.host = settings.text(Key.FtpHost)
        this.port = settings.number(Key.FtpPort)
        this.user = settings.text(Key.FtpUser)
        // Some servers require an address from "anonymous", and all accept one.
        this.password = settings.text(Key.FtpPassword) || "bms-mini@"
        this.directory = settings.text(Key.FtpDirectory)
    }

    /** The server's number in the history; `direct`: its number without the gateway. */
    number(_direct: boolean): number {
        return this.numberBehind("")
    }

    protected numberBehind(gateway: string): number {
        const bytes = Buffer.from(
            `${this.host} ${this.user} ${this.port}${gateway}/${this.directory}`,
        )
        return crc16(0, bytes, 0, bytes.length)
    }

    /** Makes sure that the server lets us in. */
    abstract logIn(): Promise<void>
    abstract logOut(): Promise<void>
    /** Size of a remote file in bytes, -1 if there is none. */
    abstract size(name: string): Promise<number>
    /** Delivers the whole file; returns once the server has confirmed it. */
    abstract deliver(shipment: Shipment): Promise<void>

    /** Ends the session for good: whoever waits for the peer learns that it is over. */
    async stop(): Promise<void> {
        this.stopped = true
        if (this.stream) await this.stream.close()
    }

    /**
     * The last answer for display: without control characters, and without the password, which some
     * servers repeat.
     */
    said(): string {
        const { password } = this
        let text = this.answer
        for (let at = text.indexOf(password); at >= 0; at = text.indexOf(password, at + 3))
            text = text.slice(0, at) + "***" + text.slice(at + password.length)
        return printable(text, saidMax)
    }

    /** @param deaf drops everything the peer sends */
    protected async openConnection(host: string, port: number, deaf?: boolean): Promise<void> {
        if (this.stopped) throw new Fault(FaultCode.SocketClosed, "stopped")
        this.stream = await this.board.tcp.connect(host, port, connectTimeoutMs, deaf)
    }

    /** The peer's next line; throws SocketClosed if there are no more. */
    protected async next(lines: LineReader, deadline: Deadline): Promise<string> {
        const line = await lines(deadline)
        if (line === undefined)
            throw new Fault(
                FaultCode.SocketClosed,
                "no answer: the other side closed the connection, or sent too much",
            )
        return line
    }

    /** The code at the beginning of the last answer. */
    protected answerCode(): number {
        return parseInteger(this.answer.slice(0, 3))
    }

    /**
     * Throws with the last answer as text; evidence: its code. FtpFileRefused becomes FtpRefused
     * unless the code is about a file.
     */
    protected refuse(code: FaultCode, what: string): void {
        const evidence = this.answerCode()
        if (code === FaultCode.FtpFileRefused && !isAboutFile(evidence)) code = FaultCode.FtpRefused
        throw new Fault(code, what + ": " + this.said(), evidence)
    }
}
