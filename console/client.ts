import { JDBus, JDService, Packet, PACKET_PROCESS } from "jacdac-ts"
import { awaitBoardService, boardService, type Time } from "./busservice"
import * as protocol from "./protocol"
import { translated } from "./translation"
import { ConsoleError, ConsoleTransport, LineResult } from "./transport"
import { networkTable, scanWifi, type WifiScan } from "./wifiscan"

/** The client's clock: the host's, or a simulated board's. */
export interface ClientTime extends Time {
    setInterval(run: () => void, ms: number): unknown
    clearInterval(handle: unknown): void
}

const hostTime: ClientTime = {
    nowMs: () => Date.now(),
    sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
    setInterval: (run, ms) => setInterval(run, ms),
    clearInterval: handle => clearInterval(handle as ReturnType<typeof setInterval>),
}

export interface ClientOptions {
    /** After this long without a packet the client asks what became of the line. */
    quietMs?: number
    /** After this long without a packet the client gives up the board. */
    timeoutMs?: number
    /** The numbers of the session and its first request; random by default. */
    session?: number
    request?: number
    /** The host's time by default. */
    time?: ClientTime
}

/** Receives a line's output as the board sends it. */
export interface RawOutput {
    onBytes(bytes: Uint8Array): void
    /** Some output was lost in transit. */
    onLoss(): void
}

/** A running line: its progress, and its caller. */
interface Exchange {
    request: number
    line: Uint8Array
    expected: number
    output: RawOutput
    resolve: (result: LineResult) => void
    reject: (reason: unknown) => void
    lastPacketMs: number
    timer: unknown
}

function randomNumber(): number {
    return crypto.getRandomValues(new Uint16Array(1))[0]
}

const nowhere: RawOutput = { onBytes: () => undefined, onLoss: () => undefined }

const scanLine = /^\s*wifi\s+scan\s*$/

function isScan(line: Uint8Array): boolean {
    return scanLine.test(new TextDecoder("latin1").decode(line))
}

function say(output: RawOutput, text: string): void {
    output.onBytes(new TextEncoder().encode(text))
}

/** A scan's output and the line's status. @param state the board's output of `wifi` */
function told({ networks, fresh }: WifiScan, state: string): [string, number] {
    const joined = /^state +connected/m.test(state)
        ? /^ +wifi\.ssid +(.*?) +Network$/m.exec(state)?.[1]
        : undefined
    const table = networkTable(networks, joined)
    if (fresh) return [table || "no network is in range\n", 0]
    // A scan interrupted by joining never ends for the runtime: until the processor restarts it
    // begins no other.
    const busy = "the board cannot scan: it is joining a network, or was during the scan"
    const remedy = '"reset now", then "wifi scan" within 20 s'
    if (table === "") return [`error: ${busy}; ${remedy}\n`, 1]
    return [`${busy}; an earlier scan found (for a new one: ${remedy})\n${table}`, 0]
}

/** Client of the board's console service, over a Jacdac bus that another module keeps connected. */
export class ConsoleClient implements ConsoleTransport {
    private readonly session: number
    private readonly quietMs: number
    private readonly timeoutMs: number
    private request: number
    private readonly time: ClientTime
    private exchange: Exchange | undefined
    /** Ends a running network scan. */
    private endScan: (() => void) | undefined
    private queue: Promise<unknown> = Promise.resolve()
    private readonly onPacket = (packet: Packet) => this.receive(packet)

    constructor(
        private readonly bus: JDBus,
        options: ClientOptions = {},
    ) {
        this.session = options.session ?? randomNumber()
        this.request = options.request ?? randomNumber()
        this.time = options.time ?? hostTime
        this.quietMs = options.quietMs ?? 2_000
        this.timeoutMs = options.timeoutMs ?? 15_000
        bus.on(PACKET_PROCESS, this.onPacket)
    }

    async open(): Promise<void> {
        const { bus, time, timeoutMs } = this
        if (!(await awaitBoardService(bus, protocol.consoleServiceClass, time, timeoutMs)))
            throw new ConsoleError(
                'the board has no console: "npm run deploy -- PORT" installs the firmware',
            )
    }

    async close(): Promise<void> {
        this.bus.off(PACKET_PROCESS, this.onPacket)
        this.end()?.reject(new ConsoleError("the console was closed"))
    }

    async execute(line: string | Uint8Array, onText: (text: string) => void): Promise<LineResult> {
        const decoder = new TextDecoder()
        const told = (text: string): void => void (text && onText(text))
        const result = await this.executeRaw(line, {
            onBytes: bytes => told(decoder.decode(bytes, { stream: true })),
            onLoss: () => told("\n[some output was lost]\n"),
        })
        told(decoder.decode())
        return result
    }

    /** As `execute`, with the exact bytes the line prints. */
    executeRaw(line: string | Uint8Array, output: RawOutput): Promise<LineResult> {
        const scans = typeof line === "string" ? scanLine.test(line) : isScan(line)
        const result = this.queue.then(() =>
            scans ? this.scan(output) : this.exchangeLine(line, output),
        )
        this.queue = result.catch(() => undefined)
        return result
    }

    async cancel(): Promise<void> {
        this.endScan?.()
        if (this.exchange)
            await this.send(protocol.Command.Cancel, protocol.packCancel(this.session))
    }

    /** Stops waiting for the running line, whatever becomes of it. */
    abandon(): void {
        this.endScan?.()
        this.end()?.reject(
            new ConsoleError("gave up waiting; the board may still be running that line"),
        )
    }

    /** The board has restarted: asks at once what became of the line. */
    boardRestarted(): void {
        if (this.exchange) this.sendLine(protocol.Mode.Ask)
    }

    /** True while the board's console is on the bus. */
    present(): boolean {
        return this.service() !== undefined
    }

    /**
     * When the console's device was last heard, in ms of the bus's time; undefined if there is
     * none.
     */
    lastSeenMs(): number | undefined {
        return this.service()?.device.lastSeen
    }

    /** Runs `wifi scan`, after asking the board whether this console may know the networks. */
    private async scan(output: RawOutput): Promise<LineResult> {
        const pieces: number[] = []
        const onBytes = (bytes: Uint8Array) => void pieces.push(...bytes)
        const { status } = await this.exchangeLine("wifi", { onBytes, onLoss: () => undefined })
        const state = new TextDecoder().decode(Uint8Array.from(pieces))
        if (status !== 0) {
            say(output, state)
            return { status }
        }
        const ended = new Promise<undefined>(resolve => (this.endScan = () => resolve(undefined)))
        try {
            const found = await Promise.race([scanWifi(this.bus, this.time), ended])
            const [text, refused] =
                found === undefined ? ["error: cancelled\n", 1] : told(found, state)
            say(output, text)
            return { status: refused }
        } finally {
            this.endScan = undefined
        }
    }

    private async exchangeLine(line: string | Uint8Array, output: RawOutput): Promise<LineResult> {
        const { line: sent, remark, refusal } = translated(line, this.time.nowMs())
        const bytes = typeof sent === "string" ? new TextEncoder().encode(sent) : sent
        const tooLong = `the line has ${bytes.length} bytes; the board takes at most ${protocol.lineBytesMax}`
        const wrong = refusal ?? (bytes.length > protocol.lineBytesMax ? tooLong : undefined)
        if (wrong !== undefined) {
            say(output, `error: ${wrong}\n`)
            // An import in progress must fail because of this line: the board refuses a zero byte.
            return await this.exchangeLine(new Uint8Array(1), nowhere)
        }
        if (remark !== undefined) say(output, remark + "\n")
        await this.open()
        this.request = (this.request + 1) & 0xffff
        return new Promise((resolve, reject) => {
            this.exchange = {
                request: this.request,
                line: bytes,
                expected: 0,
                output,
                resolve,
                reject,
                lastPacketMs: this.time.nowMs(),
                timer: this.time.setInterval(() => this.onQuiet(), this.quietMs),
            }
            this.sendLine(protocol.Mode.Run)
        })
    }

    private service(): JDService | undefined {
        return boardService(this.bus, protocol.consoleServiceClass)
    }

    private async send(command: protocol.Command, data: Uint8Array): Promise<void> {
        await this.service()?.sendPacketAsync(Packet.from(command, data), false)
    }

    private sendLine(mode: protocol.Mode): void {
        const { request, line } = this.exchange!
        const text = mode === protocol.Mode.Run ? line : new Uint8Array(0)
        const packet = protocol.packExecute(this.session, request, mode, text)
        this.send(protocol.Command.Execute, packet).catch(reason => this.end()?.reject(reason))
    }

    private onQuiet(): void {
        const quietMs = this.time.nowMs() - this.exchange!.lastPacketMs
        if (quietMs >= this.timeoutMs)
            this.end()?.reject(
                new ConsoleError(
                    `the board has not answered for ${Math.round(quietMs / 1000)} s: is it connected and running?`,
                ),
            )
        else if (quietMs >= this.quietMs - 1) this.sendLine(protocol.Mode.Ask)
    }

    private receive(packet: Packet): void {
        const exchange = this.exchange
        if (!exchange || !packet.isReport || packet.serviceCommand !== protocol.Command.Execute)
            return
        if (packet.serviceClass !== protocol.consoleServiceClass) return
        const report = protocol.parseReport(packet.data)
        if (report?.session !== this.session || report.request !== exchange.request) return
        exchange.lastPacketMs = this.time.nowMs()
        if (report.flags & protocol.ReportFlags.Running) return
        if (!(report.flags & protocol.ReportFlags.Missing)) this.take(exchange, report)
        else if (!(report.flags & protocol.ReportFlags.Final)) this.sendLine(protocol.Mode.Run)
        else
            this.end()?.reject(
                new ConsoleError(
                    "the board was reset; the previous line may not have been executed",
                ),
            )
    }

    private take(exchange: Exchange, report: protocol.Report): void {
        const final = (report.flags & protocol.ReportFlags.Final) !== 0
        // A 16-bit counter: more than half its range behind is a duplicate packet.
        const ahead = (report.sequence - exchange.expected) & 0xffff
        if (ahead >= 0x8000) return
        if (ahead > 0) exchange.output.onLoss()
        exchange.expected = (report.sequence + 1) & 0xffff
        exchange.output.onBytes(report.text)
        if (!final) return
        const refused = (report.flags & protocol.ReportFlags.Refused) !== 0
        // A refusal has a reason; one without comes from a session that has a line running.
        if (refused && report.sequence === 0 && report.text.length === 0)
            say(exchange.output, "error: the board is still busy with the previous line\n")
        this.end()?.resolve({ status: refused ? 1 : 0 })
    }

    /** Ends the running exchange and returns it, for its caller to be told. */
    private end(): Exchange | undefined {
        const exchange = this.exchange
        this.time.clearInterval(exchange?.timer)
        this.exchange = undefined
        return exchange
    }
}
