import {
    createConnection,
    createServer,
    type AddressInfo,
    type Server,
    type Socket,
} from "node:net"
import type { BoardClock } from "./boardclock"
import type { Flow } from "./boardsocket"
import type { Action, Fault, Manners } from "./faults"
import { replyBytes } from "./replies"

/** Two sockets that belong together. */
interface Pair {
    near: Socket
    far: Socket
    /** Queues that forward in order, one item after another. */
    toFar: Promise<void>
    toNear: Promise<void>
    stalled: Promise<void> | undefined
    over: boolean
    data: boolean
}

export type Speaks = "ftp" | "http"

/**
 * A proxy between a client and an FTP server, or an HTTP proxy, that applies the plan to their
 * connections: one fault at a protocol step or at a byte of a transfer, and bad manners all the
 * time.
 */
export class FaultProxy {
    port = 0
    /** The port it forwards connections to. */
    targetPort = 0
    manners: Manners = {}
    /** Applied once. */
    fault: Fault | undefined
    /** The events, for the report of a violation. */
    readonly trace: string[] = []
    steps = 0
    transferBytes = 0
    /** Incoming connections. */
    connections = 0
    /** Carries out actions outside the network: server, power, card. */
    onAction: (action: Action) => Promise<void> | void = () => {}
    /** The board's own port and its accepted bytes. */
    flow: Flow | undefined
    private replies = 0
    private outage: Promise<void> | undefined
    private readonly pairs = new Set<Pair>()
    private readonly listeners = new Set<Server>()
    private front: Server | undefined

    constructor(
        private readonly speaks: Speaks,
        private clock: BoardClock,
    ) {}

    async start(): Promise<void> {
        this.front = await this.listen(socket => this.accept(socket, this.targetPort, false))
        this.port = (this.front.address() as AddressInfo).port
    }

    async stop(): Promise<void> {
        this.reset()
        for (const server of this.listeners) server.close()
        this.listeners.clear()
    }

    /** Resets all connections and counts, and sets the next case's clock. */
    reset(clock = this.clock): void {
        this.clock = clock
        for (const pair of this.pairs) this.end(pair, true)
        for (const server of this.listeners) if (server !== this.front) server.close()
        this.trace.length = 0
        this.outage = undefined
        this.manners = {}
        this.flow = undefined
        this.onAction = () => {}
        this.arm(undefined, {})
    }

    /** Sets the fault and the manners of the next session. */
    arm(fault: Fault | undefined, manners: Manners): void {
        this.fault = fault
        this.manners = manners
        this.steps = 0
        this.replies = 0
        this.transferBytes = 0
    }

    /** Number of open connections. */
    open(): number {
        return this.pairs.size
    }

    note(text: string): void {
        if (this.trace.length < 400) this.trace.push(`${Math.round(this.clock.nowMs)} ${text}`)
    }

    private async listen(accept: (socket: Socket) => void): Promise<Server> {
        const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accept)
        this.listeners.add(server)
        server.on("close", () => this.listeners.delete(server))
        await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
        return server
    }

    private accept(near: Socket, targetPort: number, data: boolean): void {
        const far = createConnection({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true })
        const none = Promise.resolve()
        const pair: Pair = {
            near,
            far,
            toFar: none,
            toNear: none,
            stalled: undefined,
            over: false,
            data,
        }
        this.connections++
        this.pairs.add(pair)
        this.note(data ? "= data" : "= connection")
        near.setNoDelay()
        far.setNoDelay()
        for (const socket of [near, far]) {
            socket.on("error", () => this.end(pair, true))
            socket.on("close", () => {
                if (near.destroyed && far.destroyed) this.pairs.delete(pair)
            })
        }
        this.wire(pair)
    }

    private wire(pair: Pair): void {
        const { near, far } = pair
        const lines = this.speaks === "ftp" && !pair.data
        const port = near.remotePort!
        const passUp = (data: Buffer): Promise<void> =>
            lines ? this.command(pair, data) : this.bytes(pair, data)
        const passDown = (data: Buffer): Promise<void> =>
            lines ? this.reply(pair, data) : this.answer(pair, data)
        const upLines = new LineCutter(lines)
        const downLines = new LineCutter(lines)
        near.on("data", chunk => {
            this.clock.moved()
            near.pause()
            const parts = upLines.cut(chunk)
            pair.toFar = pair.toFar.then(async () => {
                for (const part of parts) await passUp(part)
                this.flow?.take(port, chunk.length)
                near.resume()
            })
        })
        far.on("data", chunk => {
            this.clock.moved()
            for (const part of downLines.cut(chunk))
                pair.toNear = pair.toNear.then(() => passDown(part))
        })
        near.on("end", () => {
            pair.toFar = pair.toFar.then(async () => {
                await this.held(pair)
                far.end()
            })
        })
        far.on("end", () => {
            pair.toNear = pair.toNear.then(async () => {
                await this.held(pair)
                this.note(pair.data ? "data closed by the server" : "closed by the server")
                near.end()
                // A dead server reads no more.
                if (!pair.data) near.resume()
            })
        })
        near.resume()
    }

    /** A command on its way to the server. */
    private async command(pair: Pair, line: Buffer): Promise<void> {
        const text = line.toString("latin1").trimEnd()
        await this.step(pair)
        if (pair.over) return
        this.note("> " + text.replace(/^PASS .*/, "PASS ..."))
        const { epsvRefused } = this.manners
        if (text === "EPSV" && epsvRefused) await this.say(pair, epsvRefused + "\r\n")
        else await this.pass(pair, pair.far, line)
        await this.step(pair)
    }

    /** A line from the server on its way back. */
    private async reply(pair: Pair, line: Buffer): Promise<void> {
        let text = line.toString("latin1")
        await this.step(pair)
        if (pair.over) return
        const passive = /^22[79] .*/.test(text) ? await this.passive(text) : undefined
        if (passive !== undefined) text = passive
        await this.say(pair, text)
        await this.step(pair)
    }

    private async say(pair: Pair, text: string): Promise<void> {
        const last = /^\d{3}( |\r)/.test(text)
        const number = last ? this.replies++ : -1
        const { storm } = this.manners
        while (storm?.at === number && !pair.over && !pair.near.readableEnded) {
            this.note("< " + storm.line)
            await this.pass(pair, pair.near, Buffer.from(storm.line + "\r\n"))
            await this.hold(10_000)
        }
        const out = replyBytes(text, number, this.manners)
        this.note("< " + (out.length > 100 ? out.toString("latin1", 0, 60) + "…" : text.trimEnd()))
        if (this.manners.split)
            for (let at = 0; at < out.length; ++at) {
                await this.pass(pair, pair.near, out.subarray(at, at + 1))
                await new Promise(resolve => setImmediate(resolve))
            }
        else await this.pass(pair, pair.near, out)
        if (number >= 0 && this.manners.goodbyeAt === number) this.end(pair, false)
    }

    /** Bytes of a transfer, or of a request. */
    private async bytes(pair: Pair, chunk: Buffer): Promise<void> {
        if (this.speaks === "http" && this.manners.errorPage && !pair.over) {
            const page = "<p>no luck</p>".repeat(500)
            const head = `HTTP/1.1 ${this.manners.errorPage} Trouble\r\nConnection: close\r\n\r\n`
            await this.pass(pair, pair.near, Buffer.from(head + page))
            this.note(`< ${this.manners.errorPage}`)
            this.end(pair, false)
            return
        }
        if (/^(PUT|HEAD) /.test(chunk.toString("latin1", 0, 5))) {
            this.note("> " + chunk.toString("latin1", 0, chunk.indexOf(13)))
            await this.step(pair)
        }
        const { slowBytes } = this.manners
        let at = 0
        while (at < chunk.length && !pair.over) {
            const when = this.fault?.when
            const left = when && "bytes" in when ? when.bytes - this.transferBytes : Infinity
            const room = Math.min(chunk.length - at, slowBytes ?? Infinity)
            const count = Math.max(0, Math.min(room, left))
            await this.pass(pair, pair.far, chunk.subarray(at, at + count))
            this.transferBytes += count
            at += count
            if (slowBytes) await this.clock.sleep(100)
            if (count === left) await this.strike(pair)
        }
    }

    /** Data from a data connection or from the HTTP proxy. */
    private async answer(pair: Pair, chunk: Buffer): Promise<void> {
        await this.step(pair)
        if (pair.over) return
        const { garbageAt, split } = this.manners
        const out = garbageAt === this.replies++ ? Buffer.from("\0\xff garbage\r\n\r\n") : chunk
        this.note("< " + out.toString("latin1", 0, Math.max(0, out.indexOf(13))))
        const piece = split ? 7 : out.length
        for (let at = 0; at < out.length; at += piece) {
            await this.pass(pair, pair.near, out.subarray(at, at + piece))
            await new Promise(resolve => setImmediate(resolve))
        }
        await this.step(pair)
    }

    private async pass(pair: Pair, to: Socket, data: Uint8Array): Promise<void> {
        await this.held(pair)
        if (pair.over || data.length === 0 || !to.writable) return
        this.clock.moved()
        if (to.write(data)) return
        await new Promise<void>(resolve => {
            const finish = (): void => {
                to.off("drain", finish).off("close", finish)
                resolve()
            }
            to.on("drain", finish).on("close", finish)
        })
    }

    /** Waits for the end of a stall. */
    private async held(pair: Pair): Promise<void> {
        while (pair.stalled ?? this.outage) await (pair.stalled ?? this.outage)
    }

    /** One protocol step is reached. */
    private async step(pair: Pair): Promise<void> {
        await this.held(pair)
        const when = this.fault?.when
        const number = this.steps++
        if (when && "step" in when && when.step === number) await this.strike(pair)
    }

    private async strike(pair: Pair): Promise<void> {
        const fault = this.fault
        if (!fault) return
        this.fault = undefined
        this.note("! " + fault.action)
        switch (fault.action) {
            case "cut":
                return this.end(pair, false)
            case "reset":
                return this.end(pair, true)
            case "stall":
                pair.stalled = this.hold(fault.stallMs).then(() => {
                    pair.stalled = undefined
                })
                return await this.held(pair)
            case "stall, reset":
                pair.stalled = this.hold(fault.stallMs).then(() => {
                    pair.stalled = undefined
                    this.end(pair, true)
                })
                return await this.held(pair)
            case "outage":
                this.outage = this.hold(fault.stallMs).then(() => {
                    this.outage = undefined
                })
                return await this.held(pair)
            default:
                await this.onAction(fault.action)
        }
    }

    private async hold(ms: number): Promise<void> {
        const clock = this.clock
        clock.holding++
        await clock.sleep(ms)
        clock.holding--
    }

    private end(pair: Pair, hard: boolean): void {
        if (pair.over && !hard) return
        pair.over = true
        for (const socket of [pair.near, pair.far]) {
            if (socket.destroyed) continue
            if (hard) socket.resetAndDestroy()
            else {
                socket.end()
                // Further data is lost; a peer that does not close in turn is closed.
                socket.resume()
                setTimeout(() => socket.destroy(), 500).unref()
            }
        }
        this.flow?.wake()
    }

    /** A reply with one of our own ports. */
    private async passive(text: string): Promise<string> {
        const extended = /\|(\d+)\|\)/.exec(text)
        const plain = /(\d+),(\d+)\)?\D*$/.exec(text)
        if (!extended && !plain) throw new Error(`a passive reply without a port: ${text}`)
        const real = extended ? Number(extended[1]) : Number(plain![1]) * 256 + Number(plain![2])
        const server = await this.listen(socket => {
            server.close()
            this.accept(socket, real, true)
        })
        const { port } = server.address() as AddressInfo
        if (extended) {
            const address = this.manners.sixth ? "(|2|2001:db8::7|" : "(|||"
            return `229 Entering Extended Passive Mode ${address}${port}|)\r\n`
        }
        const host = (this.manners.pasvAddress ?? "127.0.0.1").replaceAll(".", ",")
        return `227 Entering Passive Mode (${host},${port >> 8},${port & 255}).\r\n`
    }
}

/** Splits a stream into lines, or leaves it as it comes. */
class LineCutter {
    private rest = Buffer.alloc(0)

    constructor(private readonly lines: boolean) {}

    cut(chunk: Buffer): Buffer[] {
        if (!this.lines) return [chunk]
        let rest = Buffer.concat([this.rest, chunk])
        const parts: Buffer[] = []
        for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
            parts.push(rest.subarray(0, end + 1))
            rest = rest.subarray(end + 1)
        }
        this.rest = Buffer.from(rest)
        return parts
    }
}
