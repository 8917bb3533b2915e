import { crc16 } from "../core/checksum"
import { Fault, FaultCode } from "../core/fault"
import { Board, TcpStream, WallClock } from "../core/seams"
import { parseInteger } from "../core/text"
import { Key, SettingsReader } from "../settings/keys"
import { Shipment } from "./shipment"

/** Longer than the runtime takes to give up: 10 s for a name, 18 s for a server that takes no SYN. */
const connectTimeoutMs = 30000

/**
 * A way to the FTP server over the board's one socket. Throws Fault Socket*, Ftp*, GatewayRefused.
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
    /** host:port of a proxy, "" for none. */
    protected readonly gateway: string

    constructor(
        readonly board: Board,
        protected readonly clock: WallClock,
        settings: SettingsReader,
    ) {
        this.serial = settings.text(Key.UserSerial)
        this.host = settings.text(Key.FtpHost)
        this.port = settings.number(Key.FtpPort)
        this.user = settings.text(Key.FtpUser)
        // Some servers want an address from "anonymous", and all take one.
        this.password = settings.text(Key.FtpPassword) || "bms-mini@"
        this.gateway = settings.text(Key.FtpGateway)
    }

    /** What stands for the server in the history; `direct`: what did before it had its gateway. */
    number(direct: boolean): number {
        const gateway = direct ? "" : this.gateway
        const bytes = Buffer.from(this.host + " " + this.user + " " + this.port + gateway)
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

    protected async open(host: string, port: number): Promise<void> {
        if (this.stopped) throw new Fault(FaultCode.SocketClosed, "stopped")
        this.stream = await this.board.tcp.connect(host, port, connectTimeoutMs)
    }

    /** Throws with the last answer in words; evidence: its code. */
    protected refuse(code: FaultCode, what: string): void {
        const answer = this.answer.slice(0, 120)
        throw new Fault(code, what + ": " + answer, parseInteger(answer.slice(0, 3)))
    }
}
