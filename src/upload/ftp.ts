import { Deadline } from "../core/deadline"
import { Fault, FaultCode, faultCode } from "../core/fault"
import { LineReader, lineReader } from "../core/lines"
import { Board } from "../core/seams"
import { parseInteger, printable } from "../core/text"
import { SettingsReader } from "../settings/keys"
import { Courier, noFolder } from "./courier"
import { isAboutFile, ReplyReader } from "./ftpreply"
import { Sent } from "./history"
import { Shipment } from "./shipment"

/** Before the greeting some servers look up the client, for up to half a minute. */
const replyTimeoutMs = 60000
/** More than any server sends over one control connection. */
const repliesBytesMax = 1048576
const settlingMs = 800
/**
 * For a file that was sent twice and is not there: some servers hide it while scanning for viruses.
 */
const lateMs = 12800
/** Handovers without progress; in the last one the server has time to give its reason. */
const stalledMax = 3
/** Handovers per file and session; the next session continues. */
const handoversMax = 8
const refusalWaitMs = 2000
/**
 * Files that were sent three times and were gone each time; with this many, the server gets no more
 * missing files.
 */
const goneMax = 16

const stops = "server stops the transfer when the control connection closes: set ftp.gateway"

/** What was learned about a server, kept while the program runs and its settings stay. */
export interface ServerMemory {
    /** Ask for the data port with PASV: EPSV's was useless. */
    pasv: boolean
    /** Files that were gone from the server after each delivery, and the time of the last one. */
    gone: string[]
    goneMs: number
}

/**
 * An FTP client (RFC 959, RFC 2428, RFC 3659) on one socket. Opening the data connection flushes
 * and ends the control connection, and vice versa: after sending a file it logs in again and asks
 * for the size to learn what arrived. Besides Socket*: FtpRefused, FtpFileRefused, FtpLoginRefused,
 * FtpReplyMalformed (evidence: the reply code), BadValue, FtpNoProgress if the server drops
 * transfers.
 */
export class DirectCourier extends Courier {
    private lines: LineReader
    private reader: ReplyReader
    /** The data port that did not open, 0 for none. */
    private closedPort: number
    /** STOR can begin at any byte of a file; undefined until asked. */
    private restarts: boolean

    constructor(
        board: Board,
        settings: SettingsReader,
        private readonly memory: ServerMemory,
    ) {
        super(board, settings)
    }

    /**
     * Opens the control connection, which ends a running transfer after its last byte, and logs in.
     */
    override async logIn(): Promise<void> {
        await this.openConnection(this.host, this.port)
        this.lines = lineReader(this.stream, repliesBytesMax)
        this.reader = new ReplyReader()
        let code = 0
        // 120 is "ready in a few minutes"; 220 follows.
        for (let i = 0; code < 200 && i < 9; ++i) code = await this.reply(replyTimeoutMs)
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
        if (this.directory) await this.enterDirectory()
        this.answer = welcome
    }

    /** Creates missing folders, outermost first. */
    private async enterDirectory(): Promise<void> {
        const { directory } = this
        for (let end = 0; (await this.command("CWD", directory)) >= 300;) {
            if (end < 0) this.refuse(FaultCode.FtpLoginRefused, noFolder)
            end = directory.indexOf("/", end + 1)
            await this.command("MKD", end < 0 ? directory : directory.slice(0, end))
        }
    }

    override async logOut(): Promise<void> {
        try {
            await this.command("QUIT", "")
        } catch (thrown) {
            // Everything is confirmed by now: the goodbye does not matter.
        }
        await this.stream.close()
    }

    override async size(name: string): Promise<number> {
        const code = await this.command("SIZE", name)
        if (code >= 400 && isAboutFile(code)) return -1
        const bytes = parseInteger(this.answer.slice(4))
        if (code !== 213 || !(bytes >= 0))
            this.refuse(
                FaultCode.FtpRefused,
                "the server gives no size: if it never does, set ftp.gateway",
            )
        return bytes
    }

    /** A file counts as sent once the server's SIZE says so. */
    override async deliver(shipment: Shipment): Promise<void> {
        const { memory } = this
        const size = shipment.sizeBytes
        let stalled = 0
        let whole = 0
        let handovers = 0
        let reached = 0
        let there = -1
        if (shipment.remoteName) there = await this.size(shipment.remoteName)
        else await shipment.takeFreeName(this)
        while (
            there !== size ||
            shipment.sentBytes === Sent.Again ||
            (handovers === 0 && there > shipment.markedBytes)
        ) {
            const name = shipment.remoteName
            if (there < 0 && (memory.gone.length === goneMax || memory.gone.includes(name)))
                throw noProgress(
                    name +
                        " vanished from the server after each upload: make the server keep it, or set ftp.gateway",
                )
            if (++handovers > handoversMax)
                throw noProgress(
                    "the transfer keeps breaking off: set ftp.gateway, or find a better connection",
                )
            const start = await startOf(this, shipment, there, handovers === 1)
            if (start > reached) reached = start
            let refusalMs = 0
            let waitMsMax = settlingMs << stalled
            if (stalled === stalledMax - 1) {
                refusalMs = refusalWaitMs
                if (there < 0) waitMsMax = lateMs
            }
            if (await this.transfer(shipment, start, refusalMs)) ++whole
            await this.logIn()
            there = await settledSize(this, shipment.remoteName, size, waitMsMax)
            if (there > reached || there === size) {
                stalled = 0
                reached = there
                // It no longer needs to be sent again from the start.
                if (shipment.sentBytes < 0) shipment.sentBytes = 0
                if (there < size && (await this.restartable())) await shipment.noteArrived(there)
            } else if (++stalled === stalledMax) {
                this.mustBeGone(there, whole)
                memory.gone.push(shipment.remoteName)
                memory.goneMs = this.board.ticks.nowMs()
            } else if (stalled === 1) memory.pasv = !memory.pasv
        }
        await shipment.noteArrived(size)
    }

    /**
     * Throws the reason why a file does not arrive, unless it was sent whole each time and nothing
     * of it is there.
     */
    private mustBeGone(there: number, whole: number): void {
        if (this.closedPort > 0)
            throw new Fault(
                FaultCode.FtpRefused,
                `data port ${this.closedPort} of ${this.host} is closed: open the server's passive ports in its firewall; if they are open, the ${stops}`,
            )
        if (there >= 0 || whole < stalledMax)
            throw noProgress(
                `${stops} (if rare: its disk is full, or a broken transfer still held the file)`,
            )
    }

    /**
     * True if the server promises STOR from any byte of a file on (REST STREAM, RFC 3659 §5): the
     * late rest of a broken transfer then only repeats what is there.
     */
    async restartable(): Promise<boolean> {
        if (this.restarts === undefined) {
            await this.command("FEAT", "")
            this.restarts = this.reader.restarts
        }
        return this.restarts
    }

    async command(verb: string, argument: string): Promise<number> {
        await this.write(verb, argument)
        return await this.reply(replyTimeoutMs)
    }

    /**
     * One handover of the socket: control, then data from `start` on. The size reveals a broken
     * connection; other faults are passed on. `refusalMs` gives the server that time to refuse in
     * words.
     * @returns true if all bytes were handed to the network
     */
    private async transfer(shipment: Shipment, start: number, refusalMs: number): Promise<boolean> {
        const name = shipment.remoteName
        let verb = "STOR"
        this.closedPort = 0
        try {
            const port = await this.passivePort()
            if (start > 0) {
                if (this.restarts) {
                    this.restarts = (await this.command("REST", "" + start)) === 350
                    if (!this.restarts) return false
                } else verb = "APPE"
            }
            await this.write(verb, name)
            if (refusalMs > 0) await this.refusal(verb + " " + name, refusalMs)
            this.closedPort = port
            await this.openConnection(this.host, port, true)
            this.closedPort = 0
            await shipment.copyTo(this.stream, start)
            return true
        } catch (thrown) {
            if (faultCode(thrown) >> 8 !== FaultCode.SocketClosed >> 8) throw thrown
        }
        return false
    }

    private async refusal(command: string, timeoutMs: number): Promise<void> {
        let code = 0
        try {
            code = await this.reply(timeoutMs)
        } catch (thrown) {
            // Continue: a server left without the data connection may keep the file locked for a
            // minute.
            if (faultCode(thrown) !== FaultCode.SocketTimeout) throw thrown
        }
        if (code >= 400) this.refuse(FaultCode.FtpFileRefused, "the server refuses " + command)
    }

    private async write(verb: string, argument: string): Promise<void> {
        if (printable(argument, argument.length) !== argument)
            throw new Fault(FaultCode.BadValue, "a control character in the argument of " + verb)
        if (argument) verb += " " + argument
        await this.stream.send(Buffer.from(verb + "\r\n"))
    }

    private async reply(timeoutMs: number): Promise<number> {
        const deadline = new Deadline(this.board.ticks, timeoutMs)
        for (;;) {
            const line = await this.next(this.lines, deadline)
            const code = this.reader.take(line)
            this.answer = line
            if (code !== 0) return code
        }
    }

    /**
     * If one form of passive mode is refused, or its answer has no port, uses the other from then
     * on.
     */
    private async passivePort(): Promise<number> {
        const { memory } = this
        for (let i = 0; i < 2; ++i) {
            const { pasv } = memory
            await this.command(pasv ? "PASV" : "EPSV", "")
            const port = pasv ? passivePort(this.answer) : extendedPort(this.answer)
            if (port > 0 && port < 65536) return port
            memory.pasv = !pasv
        }
        this.refuse(FaultCode.FtpRefused, "the server refuses passive mode")
        return 0
    }
}

function noProgress(what: string): Fault {
    return new Fault(FaultCode.FtpNoProgress, what)
}

/**
 * Where to continue: at the end of the `there` bytes on the server if they are the beginning of
 * ours, else at 0.
 */
async function startOf(
    courier: DirectCourier,
    shipment: Shipment,
    there: number,
    first: boolean,
): Promise<number> {
    const sent = shipment.sentBytes
    if (there < 0) return 0
    // Longer than ours, or than the last history line says: not only ours, so it is left alone.
    if (there > shipment.sizeBytes || (first && there > shipment.markedBytes)) {
        await shipment.takeFreeName(courier)
        return 0
    }
    // Without restarts only after a complete delivery: the tail of a broken one may still arrive.
    if (
        sent >= 0 &&
        there >= sent &&
        (there === 0 || (await courier.restartable()) || (first && there === sent))
    )
        return there
    // Ours, but damaged or to be sent again. Deleted, so that neither its size nor late data can
    // mislead.
    if ((await courier.command("DELE", shipment.remoteName)) !== 250)
        await shipment.takeFreeName(courier)
    return 0
}

/**
 * The size once the server has written what it received: equal to `expected`, or no longer growing.
 */
async function settledSize(
    courier: DirectCourier,
    name: string,
    expected: number,
    waitMsMax: number,
): Promise<number> {
    let bytes = await courier.size(name)
    for (let waitMs = 100; bytes !== expected && waitMs <= waitMsMax; waitMs *= 2) {
        await courier.board.ticks.sleep(waitMs)
        const before = bytes
        bytes = await courier.size(name)
        if (bytes !== before) waitMs = 50
    }
    return bytes
}

/** Port of "229 … (|||6446|)"; no valid port for other lines. */
export function extendedPort(line: string): number {
    return lastNumber(line.slice(0, line.lastIndexOf("|")), "|")
}

/**
 * Port of "227 … (h1,h2,h3,h4,p1,p2)", with or without parentheses; no valid port for other lines.
 * The address is unused: it is the control connection's host.
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
