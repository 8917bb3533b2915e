import { Deadline } from "../core/deadline"
import { Fault, FaultCode } from "../core/fault"
import { parseInteger } from "../core/text"
import { Courier } from "./courier"
import { ReplyReader } from "./ftpreply"

const replyTimeoutMs = 20000
const settlingMs = 800

/**
 * An FTP client (RFC 959, RFC 2428, RFC 3659) on one socket. Opening the data connection ends the
 * control connection, and the other way round, after flushing it: whoever sent a file logs in again
 * and asks for the size to learn what arrived. Besides Socket*: FtpRefused, FtpLoginRefused,
 * FtpReplyMalformed (evidence: the reply code), BadValue.
 */
export abstract class FtpSession extends Courier {
    private reader: ReplyReader
    private epsvRefused: boolean

    /**
     * Opens the control connection, ending a transfer under way after its last byte, and logs in.
     */
    override async logIn(): Promise<void> {
        await this.open(this.host, this.port)
        this.reader = new ReplyReader()
        let code = 0
        // 120 is "ready in a few minutes"; 220 comes then.
        while (code < 200) code = await this.reply(replyTimeoutMs)
        if (code === 220) code = await this.command("USER", this.user)
        if (code === 331) code = await this.command("PASS", this.password)
        if (code === 530)
            this.refuse(
                FaultCode.FtpLoginRefused,
                "log-in refused, check ftp.user and ftp.password",
            )
        const welcome = this.answer
        if (code === 230) code = await this.command("TYPE", "I")
        if (code !== 200) this.refuse(FaultCode.FtpRefused, "the server refuses the log-in")
        this.answer = welcome
    }

    override async logOut(): Promise<void> {
        try {
            await this.command("QUIT", "")
        } catch (thrown) {
            // Everything is confirmed by then: the goodbye decides nothing.
        }
        await this.stream.close()
    }

    override async size(name: string): Promise<number> {
        const code = await this.command("SIZE", name)
        if (code === 550) return -1
        const bytes = parseInteger(this.answer.slice(4))
        if (code !== 213 || !(bytes >= 0))
            this.refuse(FaultCode.FtpRefused, "the server does not tell sizes")
        return bytes
    }

    /**
     * The size once the server has written what it got: equal to `expected`, or no longer growing.
     */
    async settledSize(name: string, expected: number): Promise<number> {
        let bytes = await this.size(name)
        for (let waitMs = 100; bytes !== expected && waitMs <= settlingMs; waitMs *= 2) {
            await this.ticks.sleep(waitMs)
            const before = bytes
            bytes = await this.size(name)
            if (bytes !== before) waitMs = 50
        }
        return bytes
    }

    /**
     * Writes `APPE name` or `STOR name` and hands the socket over to the data connection.
     * With `refusalWaitMs` the server gets that time to refuse in words; if it does not,
     * SocketTimeout.
     */
    async startTransfer(verb: string, name: string, refusalWaitMs: number): Promise<void> {
        const port = await this.passivePort()
        await this.write(verb, name)
        if (refusalWaitMs > 0 && (await this.reply(refusalWaitMs)) >= 400)
            this.refuse(FaultCode.FtpRefused, "the server refuses " + verb + " " + name)
        await this.open(this.host, port)
    }

    protected async command(verb: string, argument: string): Promise<number> {
        await this.write(verb, argument)
        return await this.reply(replyTimeoutMs)
    }

    private async write(verb: string, argument: string): Promise<void> {
        for (let i = 0; i < argument.length; ++i)
            if (argument.charCodeAt(i) < 32)
                throw new Fault(
                    FaultCode.BadValue,
                    "a control character in the argument of " + verb,
                )
        if (argument !== "") verb += " " + argument
        await this.stream.send(Buffer.from(verb + "\r\n"))
    }

    private async reply(timeoutMs: number): Promise<number> {
        const deadline = new Deadline(this.ticks, timeoutMs)
        let code = this.reader.next()
        while (code === 0) {
            const chunk = await this.stream.receive(deadline.remainingMs())
            if (chunk === undefined)
                throw new Fault(FaultCode.SocketClosed, "the server closed the connection")
            this.reader.push(chunk)
            code = this.reader.next()
        }
        this.answer = this.reader.line
        return code
    }

    private async passivePort(): Promise<number> {
        let port = 0
        if (!this.epsvRefused) {
            if ((await this.command("EPSV", "")) === 229) port = extendedPort(this.answer)
            else this.epsvRefused = true
        }
        if (this.epsvRefused && (await this.command("PASV", "")) === 227)
            port = passivePort(this.answer)
        if (!(port > 0 && port < 65536))
            this.refuse(FaultCode.FtpRefused, "the server refuses passive mode")
        return port
    }
}

/** Port of "229 … (|||6446|)"; no valid port when it is not one. */
export function extendedPort(line: string): number {
    return lastNumber(line.slice(0, line.lastIndexOf("|")), "|")
}

/**
 * Port of "227 … (h1,h2,h3,h4,p1,p2)", parentheses or not; no valid port when it is not one. The
 * address is not used: it is the control connection's host.
 */
export function passivePort(line: string): number {
    const end = line.indexOf(")")
    if (end >= 0) line = line.slice(0, end)
    const high = lastNumber(line.slice(0, line.lastIndexOf(",")), ",")
    return high * 256 + lastNumber(line, ",")
}

function lastNumber(text: string, mark: string): number {
    return parseInteger(text.slice(text.lastIndexOf(mark) + 1))
}
