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
 * Longer than the runtime takes to give up: 10 s for a name, 18 s for a server that takes no SYN.
 */
const connectTimeoutMs = 30000
/**
 * As much of an answer is shown that a password in it is never cut: a line is kept to 160
 * characters.
 */
const saidMax = 96

export const noFolder = "the folder is missing and cannot be made, check ftp.directory"

/**
 * A way to the FTP server over the board's one socket, for one session: with more than fifteen
 * members it would be a large piece of the heap. Throws Fault Socket*, Ftp*, GatewayRefused.
 */
export abstract class Courier {
    /** The open connection. */
    stream: TcpStream
    /** The last line the other side said, beginning with its code. */
    answer = ""
    private stopped: boolean

    // The settings of this session, whatever becomes of them meanwhile.
    readonly serial: string
    protected readonly host: string
    protected readonly port: number
    protected readonly user: string
    protected readonly password: string
    /** Where on the server the files go, "" for where a log-in begins. */
    protected readonly directory: string

    constructor(
        readonly board: Board,
        settings: SettingsReader,
    ) {
        this.serial = settings.text(Key.UserSerial)
        this.host = settings.text(Key.FtpHost)
        this.port = settings.number(Key.FtpPort)
        this.user = settings.text(Key.FtpUser)
        // Some servers want an address from "anonymous", and all take one.
        this.password = settings.text(Key.FtpPassword) || "bms-mini@"
        this.directory = settings.text(Key.FtpDirectory)
    }

    /** What stands for the server in the history; `direct`: what did before it had its gateway. */
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
    /** Bytes of a remote file, -1 when there is none. */
    abstract size(name: string): Promise<number>
    /** Brings all of the file to the server; returns when the server has confirmed it. */
    abstract deliver(shipment: Shipment): Promise<void>

    /** Ends what is under way, for good: whoever waits for the other side hears that it is over. */
    async stop(): Promise<void> {
        this.stopped = true
        if (this.stream) await this.stream.close()
    }

    /**
     * The last answer for people: no control characters, and not the password, which some servers
     * repeat.
     */
    said(): string {
        const { password } = this
        let text = this.answer
        for (let at = text.indexOf(password); at >= 0; at = text.indexOf(password, at + 3))
            text = text.slice(0, at) + "***" + text.slice(at + password.length)
        return printable(text, saidMax)
    }

    /** @param deaf whatever the other side says is dropped */
    protected async openConnection(host: string, port: number, deaf?: boolean): Promise<void> {
        if (this.stopped) throw new Fault(FaultCode.SocketClosed, "stopped")
        this.stream = await this.board.tcp.connect(host, port, connectTimeoutMs, deaf)
    }

    /** The next line of the other side; throws SocketClosed when none comes any more. */
    protected async next(lines: LineReader, deadline: Deadline): Promise<string> {
        const line = await lines(deadline)
        if (line === undefined)
            throw new Fault(
                FaultCode.SocketClosed,
                "no answer: the other side closed the connection, or sent too much",
            )
        return line
    }

    /** The code that the last answer begins with. */
    protected answerCode(): number {
        return parseInteger(this.answer.slice(0, 3))
    }

    /**
     * Throws with the last answer in words; evidence: its code. FtpFileRefused that is not about a
     * file is FtpRefused.
     */
    protected refuse(code: FaultCode, what: string): void {
        const evidence = this.answerCode()
        if (code === FaultCode.FtpFileRefused && !isAboutFile(evidence)) code = FaultCode.FtpRefused
        throw new Fault(code, what + ": " + this.said(), evidence)
    }
}
