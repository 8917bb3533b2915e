import * as ds from "@devicescript/core"
import { Fault, FaultCode } from "../core/fault"
import { TcpConnector, TcpStream } from "../core/seams"

// DeviceScript's own Socket asserts when the server speaks first, throws when the send queue is
// full and can wait for ever; this is a thin stream over the same natives without those.

type Natives = typeof ds & {
    /** A failure to connect comes as an event. */
    _socketOpen(host: string, port: number): number
    _socketClose(): number
    /** 0 queued, -1 queue full, -10 not connected (now), -100 nobody is told of its events. */
    _socketWrite(data: Buffer): number
    /** Without it the runtime drops what comes before it makes a piece of the heap of it. */
    _socketOnEvent: ((event: string, data: any) => void) | undefined
}

const enum Stage {
    Connecting,
    Open,
    Ended,
}

const pieceBytes = 512
const sendTimeoutMs = 20000
/**
 * Events of up to 1,024 bytes: what comes in one turn of the runtime. Ten of them were more than
 * the heap always has.
 */
const chunksMax = 6
const tooMuch = "the other side sends more than requested"
/** As many pieces fit into lwIP's send buffer (5,744 bytes), whatever the network does. */
const piecesAtOnce = 8
/** Two turns of the runtime's loop: what was queued is under way, what it has to tell is told. */
const turnMs = 20
/** What is queued has so long to leave if the end of it is not told. */
const mutedFlushMs = 2000
/** A connection that nobody is told of is made, and ended again by the runtime, by then. */
const unheardMs = 500
const opensMax = 4

class DeviceTcpStream implements TcpStream {
    stage = Stage.Connecting
    /** Why it ended, "" when the other side simply closed. */
    reason = ""
    /** Pieces sent since the other side spoke last: those before have left. */
    unanswered = 0
    /**
     * The other side talks where it has nothing to say: neither that nor its end is told any more.
     */
    muted = false
    private queue: Buffer[] = []
    private waiter: ds.Fiber

    constructor(private readonly deaf: boolean) {}

    onEvent(event: string, data: any): void {
        this.unanswered = 0
        if (event === "open") this.stage = Stage.Open
        else if (event !== "data") {
            if (event === "error") this.reason = "" + data
            this.stage = Stage.Ended
        } else if (this.stage === Stage.Open) {
            if (this.deaf) {
                // Each 1,024 bytes of what would still come are a piece of the heap.
                this.muted = true
                this.reason = tooMuch
                ;(ds as Natives)._socketOnEvent = undefined
            } else if (this.queue.length < chunksMax) this.queue.push(data)
            else {
                // What waits, and what would still come, could fill the heap.
                this.queue = []
                this.reason = tooMuch
                this.stage = Stage.Ended
                ;(ds as Natives)._socketClose()
            }
        }
        // Data before "open" is the tail of the connection before.
        if (this.waiter !== undefined && this.waiter.suspended) this.waiter.resume(undefined)
    }

    /** Suspends until the next event; throws Fault SocketTimeout at `endMs`. */
    async wait(endMs: number): Promise<void> {
        const leftMs = Math.ceil(endMs - ds.millis())
        if (leftMs <= 0)
            throw new Fault(
                FaultCode.SocketTimeout,
                "no answer in time: check the network and the server",
            )
        this.waiter = ds.Fiber.self()
        await ds.suspend(leftMs)
        this.waiter = undefined
    }

    async send(data: Buffer): Promise<void> {
        const endMs = ds.millis() + sendTimeoutMs
        for (let at = 0; at < data.length; at += pieceBytes) {
            let piece = data
            if (data.length > pieceBytes)
                piece = data.slice(at, Math.min(data.length, at + pieceBytes))
            for (;;) {
                const result =
                    this.stage === Stage.Open ? (ds as Natives)._socketWrite(piece) : -100
                if (result === 0) break
                if (result !== -1 && (result !== -10 || this.muted)) throw this.lost()
                if (ds.millis() >= endMs)
                    throw new Fault(
                        FaultCode.SocketTimeout,
                        "the other side accepts no data: check the network and the server",
                    )
                await ds.sleep(10)
            }
            ++this.unanswered
        }
    }

    private lost(): Fault {
        this.stage = Stage.Ended
        return new Fault(
            FaultCode.SocketClosed,
            "connection lost, check Wi-Fi and server: " + this.reason,
        )
    }

    async receive(timeoutMs: number): Promise<Buffer | undefined> {
        const endMs = ds.millis() + timeoutMs
        while (this.queue.length === 0) {
            if (this.stage === Stage.Ended) {
                if (this.reason === "") return undefined
                throw this.lost()
            }
            await this.wait(endMs)
        }
        return this.queue.shift()
    }

    async close(): Promise<void> {
        if (current !== this) return
        ;(ds as Natives)._socketClose()
        this.onEvent("close", undefined)
        // What the runtime has still to tell of it must not meet the next connection.
        await ds.sleep(turnMs)
    }
}

/** The answer to an open may come while the next one waits. */
let unheard: boolean
let current: DeviceTcpStream

function onSocketEvent(event: string, data: any): void {
    current.onEvent(event, data)
}

/**
 * The runtime's one socket. Errors: SocketRefused, SocketTimeout; the stream before is over either
 * way.
 */
export class DeviceTcpConnector implements TcpConnector {
    async connect(
        host: string,
        port: number,
        timeoutMs: number,
        deaf: boolean,
    ): Promise<TcpStream> {
        const before = current
        const endMs = ds.millis() + timeoutMs
        let limitMs = endMs
        // Whether what ends an open may be the end of an earlier one, and nobody is told of ours.
        let doubtful = unheard
        unheard = false
        if (before !== undefined) {
            if (before.muted || before.unanswered < piecesAtOnce) {
                await ds.sleep(before.muted ? mutedFlushMs : turnMs)
                await before.close()
            } else {
                // The runtime's worker flushes and closes, perhaps while the runtime receives:
                // "recv error".
                before.onEvent("close", undefined)
                doubtful = true
                // An open is lost without a word when the worker's queue stays full for 200 ms.
                limitMs -= timeoutMs / 2
            }
        }
        ;(ds as Natives)._socketOnEvent = onSocketEvent
        for (let opens = 1; ; ++opens) {
            const stream = new DeviceTcpStream(deaf)
            current = stream
            ;(ds as Natives)._socketOpen(host, port)
            while (stream.stage === Stage.Connecting && ds.millis() < limitMs)
                await stream.wait(limitMs)
            if (stream.stage === Stage.Open) return stream
            if (stream.stage === Stage.Ended) {
                if (!doubtful || opens === opensMax)
                    throw new Fault(
                        FaultCode.SocketRefused,
                        "no connection to " + host + ":" + port + ": " + stream.reason,
                    )
                await ds.sleep(unheardMs)
            } else if (limitMs === endMs) {
                unheard = true
                // Else what was queued would go out later.
                await stream.close()
                await stream.wait(0)
            } else limitMs = endMs
        }
    }
}
