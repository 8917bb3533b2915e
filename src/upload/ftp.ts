import { Deadline } from "../core/deadline"
import { Fault, FaultCode, faultCode } from "../core/fault"
import { TcpConnector, TcpStream, Ticks } from "../core/seams"
import { parseInteger } from "../core/text"
import { ReplyReader } from "./ftpreply"

export const enum FtpState {
    Closed,
    /** Connected, not yet logged in. */
    Greeting,
    LoggedIn,
    /** The data connection is open; the control connection is gone. */
    Transfer,
    /** stop() was called: nothing is opened any more. */
    Stopped,
}

const connectTimeoutMs = 15000
const replyTimeoutMs = 20000

/**
 * An FTP client (RFC 959, RFC 2428, RFC 3659) on one socket. Opening the data connection ends the
 * control connection, and the other way round, after flushing it; the caller asks for the size to
 * learn what arrived. Throws Fault: Socket*, Ftp* (evidence: the reply code), BadValue.
 */
export class FtpSession {
    state = FtpState.Closed
    stream: TcpStream = undefined
    /** What the server said first, and when it let us in. */
    greeting = ""
    welcome = ""
    private reader: ReplyReader = undefined
    private epsvRefused = false

    constructor(
        private readonly tcp: TcpConnector,
        private readonly ticks: Ticks,
        private readonly host: string,
        private readonly port: number,
        private readonly user: string,
        private readonly password: string,
        private readonly log: (line: string) => void,
    ) {}

    /** The server's last line. */
    answer(): string {
        return this.reader.line
    }

    /** Opens the control connection, ending a transfer under way after its last byte, and logs in. */
    async logIn(): Promise<void> {
        await this.open(this.port, FtpState.Greeting)
        this.reader = new ReplyReader()
        let code = await this.reply(replyTimeoutMs)
        while (code < 200) code = await this.reply(replyTimeoutMs)
        if (code !== 220) this.refused("the connection")
        this.greeting = this.answer()
        code = await this.command("USER", this.user)
        if (code === 331) code = await this.command("PASS", this.password)
        if (code === 530)
            throw new Fault(
                FaultCode.FtpLoginRefused,
                "log-in refused (" + this.answer() + "): check ftp.user and ftp.password",
                code,
            )
        if (code !== 230 && code !== 202) this.refused("the log-in")
        this.welcome = this.answer()
        if ((await this.command("TYPE", "I")) !== 200) this.refused("TYPE I")
        this.enter(FtpState.LoggedIn, "logged in to " + this.host + ":" + this.port)
    }

    /** Bytes of a remote file, -1 when there is none. */
    async size(name: string): Promise<number> {
        const code = await this.command("SIZE", name)
        if (code === 550) return -1
        const bytes = parseInteger(this.answer().slice(4))
        if (code !== 213 || bytes === undefined || bytes < 0) this.refused("SIZE")
        return bytes
    }

    /** The size once the server has written what it got: equal to `expected`, or no longer growing. */
    async settledSize(name: string, expected: number): Promise<number> {
        let bytes = await this.size(name)
        for (let waitMs = 200; bytes !== expected && waitMs <= 800; waitMs *= 2) {
            await this.ticks.sleep(waitMs)
            const next = await this.size(name)
            if (next !== bytes) waitMs = 100
            bytes = next
        }
        return bytes
    }

    /** True when the server has deleted the file. */
    async remove(name: string): Promise<boolean> {
        return (await this.command("DELE", name)) === 250
    }

    /**
     * Writes `APPE name` or `STOR name` and hands the socket over to the data connection: `stream`.
     * With `refusalWaitMs` it first gives the server that time to refuse in words.
     */
    async startTransfer(verb: string, name: string, refusalWaitMs: number): Promise<void> {
        const port = await this.passivePort()
        await this.write(verb, name)
        if (refusalWaitMs > 0 && (await this.refusal(refusalWaitMs)) >= 400)
            this.refused(verb + " " + name)
        await this.open(port, FtpState.Transfer)
    }

    async logOut(): Promise<void> {
        await this.command("QUIT", "")
        await this.stream.close()
        this.enter(FtpState.Closed, "logged out")
    }

    /** Ends whatever is under way; what waits for the server fails with SocketClosed. */
    async stop(): Promise<void> {
        this.enter(FtpState.Stopped, "stopped")
        if (this.stream !== undefined) await this.stream.close()
    }

    private enter(state: FtpState, line: string): void {
        this.state = state
        this.log("ftp: " + line)
    }

    private async open(port: number, state: FtpState): Promise<void> {
        if (this.state === FtpState.Stopped) throw new Fault(FaultCode.SocketClosed, "stopped")
        this.stream = await this.tcp.connect(this.host, port, connectTimeoutMs)
        this.state = state
    }

    private async command(verb: string, argument: string): Promise<number> {
        await this.write(verb, argument)
        return await this.reply(replyTimeoutMs)
    }

    private async write(verb: string, argument: string): Promise<void> {
        for (let i = 0; i < argument.length; ++i) {
            const c = argument.charCodeAt(i)
            if (c === 13 || c === 10 || c === 0)
                throw new Fault(FaultCode.BadValue, "a line break in the argument of " + verb)
        }
        if (argument !== "") verb += " " + argument
        await this.stream.send(Buffer.from(verb + "\r\n"))
    }

    private async reply(timeoutMs: number): Promise<number> {
        const deadline = new Deadline(this.ticks, timeoutMs)
        for (;;) {
            const code = this.reader.next()
            if (code !== 0) return code
            const chunk = await this.stream.receive(deadline.remainingMs())
            if (chunk === undefined)
                throw new Fault(FaultCode.SocketClosed, "the server closed the connection")
            this.reader.push(chunk)
        }
    }

    /** The reply that came within the time, 0 for none: the server waits for the data connection. */
    private async refusal(timeoutMs: number): Promise<number> {
        try {
            return await this.reply(timeoutMs)
        } catch (thrown) {
            if (faultCode(thrown) !== FaultCode.SocketTimeout) throw thrown
            return 0
        }
    }

    private async passivePort(): Promise<number> {
        let port = 0
        if (!this.epsvRefused) {
            if ((await this.command("EPSV", "")) === 229) port = extendedPort(this.answer())
            else this.epsvRefused = true
        }
        if (this.epsvRefused && (await this.command("PASV", "")) === 227)
            port = passivePort(this.answer())
        if (port <= 0 || port > 65535) this.refused("passive mode")
        return port
    }

    private refused(what: string): void {
        const code = parseInteger(this.answer().slice(0, 3))
        throw new Fault(
            FaultCode.FtpRefused,
            "the server refuses " + what + ": " + this.answer().slice(0, 100),
            code,
        )
    }
}

/** Port of "229 … (|||6446|)", 0 when it is not one. */
export function extendedPort(line: string): number {
    const end = line.lastIndexOf("|")
    if (end < 0) return 0
    return parseInteger(line.slice(line.slice(0, end).lastIndexOf("|") + 1, end)) || 0
}

/** Port of "227 … (h1,h2,h3,h4,p1,p2)", parentheses or not, 0 when it is not one. The address is not used. */
export function passivePort(line: string): number {
    let high = 0
    let low = 0
    let commas = 0
    for (let i = 4; i < line.length; ++i) {
        const digit = line.charCodeAt(i) - 48
        if (digit >= 0 && digit <= 9) low = low * 10 + digit
        else if (digit === -4) {
            high = low
            low = 0
            ++commas
        } else if (commas < 5) {
            low = 0
            commas = 0
        } else break
    }
    return commas === 5 && high < 256 && low < 256 ? high * 256 + low : 0
}
