import * as ds from "@devicescript/core"
import { Fault, FaultCode } from "../core/fault"
import { TcpConnector, TcpStream } from "../core/seams"

// DeviceScript's own Socket asserts if the server speaks first, throws if the send queue is full
// and can wait for ever. This is a thin stream over the same natives without those faults.

type Natives = typeof ds & {
    /** A failure to connect is reported as an event. */
    _socketOpen(host: string, port: number): number
    _socketClose(): number
    /** 0 queued, -1 queue full, -10 not connected (now), -100 no handler for its events. */
    _socketWrite(data: Buffer): number
    /** If undefined, the runtime drops events before it allocates heap for them. */
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
 * Queued events of up to 1,024 bytes each: what one turn of the runtime delivers. Ten of them
 * sometimes exceeded the heap.
 */
const chunksMax = 6
const tooMuch = "the other side sends more than requested"
/** This many pieces fit into lwIP's send buffer (5,744 bytes), whatever the network does. */
const piecesAtOnce = 8
/** Two turns of the runtime's loop: queued data is being sent, pending events are delivered. */
const turnMs = 20
/** Time for queued data to leave if its end is not reported. */
const mutedFlushMs = 2000
/** By then the runtime has made, and ended again, a connection whose events are unheard. */
const unheardMs = 500
const opensMax = 4

class DeviceTcpStream implements TcpStream {
    stage = Stage.Connecting
    /** Why it ended, "" if the peer simply closed. */
    reason = ""
    /** Pieces sent since the peer last spoke: earlier ones have left. */
    unanswered = 0
    /** The peer talked when it should not: no further events are reported, its end included. */
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
                // Every further 1,024 bytes would take heap.
                this.muted = true
                this.reason = tooMuch
                ;(ds as Natives)._socketOnEvent = undefined
            } else if (this.queue.length < chunksMax) this.queue.push(data)
            else {
                // Queued and further data could fill the heap.
                this.queue = []
                this.reason = tooMuch
                this.stage = Stage.Ended
                ;(ds as Natives)._socketClose()
            }
        }
        // Data before "open" is the tail of the previous connection.
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
        // Its pending events must not reach the next connection.
        await ds.sleep(turnMs)
    }
}

/** The answer to an earlier open may arrive while the next one waits. */
let unheard: boolean
let current: DeviceTcpStream

function onSocketEvent(event: string, data: any): void {
    current.onEvent(event, data)
}

/**
 * The runtime's only socket. Errors: SocketRefused, SocketTimeout; the previous stream ends either
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
        // True if the event that ends an open may belong to an earlier connection, which leaves
        // ours unheard.
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
                // An open is lost silently if the worker's queue stays full for 200 ms.
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
                // Otherwise queued data would go out later.
                await stream.close()
                await stream.wait(0)
            } else limitMs = endMs
        }
    }
}
