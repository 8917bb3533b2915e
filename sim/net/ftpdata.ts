import type { DataPortTemper } from "./ftptemper"
import type { SimHost } from "./hosts"
import type { Link } from "./link"
import type { TcpEnd } from "./tcp"
import type { BoardTime } from "./time"

/** Time for a client to connect to the port it was given. */
const ACCEPT_MS = 60_000
/** A data connection without progress is given up after this time. */
const STALLED_MS = 300_000
const CHUNK_BYTES = 16_384
/** Bytes sent by a "talking" data connection. */
const TALK_BYTES = 2 << 20

/** A passive port (RFC 959 §3.2): it takes one connection, before or after it is wanted. */
export class PassivePort {
    readonly port: number
    private readonly stopListening: () => void
    private arrived: TcpEnd | undefined
    private wanted: ((end: TcpEnd | undefined) => void) | undefined
    private patience: object | undefined

    constructor(
        host: SimHost,
        private readonly time: BoardTime,
        temper?: DataPortTemper,
    ) {
        const listener = host.listen(0, end => {
            if (temper === "closing") end.close()
            else if (temper === "talking") end.write(new Uint8Array(TALK_BYTES).fill(0x2a))
            if (temper !== "unread" && temper !== "closing") this.accept(end)
        })
        this.port = listener.port
        if (temper === "silent") host.silentPorts.add(this.port)
        this.stopListening = () => {
            listener.close()
            host.silentPorts.delete(this.port)
        }
        if (temper === "dead") listener.close()
    }

    /** Hands over the connection; undefined if none came in time. */
    take(wanted: (end: TcpEnd | undefined) => void): void {
        const end = this.arrived
        this.arrived = undefined
        if (end) return wanted(end)
        this.wanted = wanted
        this.patience = this.time.setTimeout(() => this.close(), ACCEPT_MS)
    }

    /** Another port replaces it, or the server stops. */
    close(): void {
        this.stopListening()
        this.arrived?.abort()
        this.hand(undefined)
    }

    private accept(end: TcpEnd): void {
        this.stopListening()
        if (this.arrived) end.abort()
        else if (this.wanted) this.hand(end)
        else this.arrived = end
    }

    private hand(end: TcpEnd | undefined): void {
        this.time.clearTimeout(this.patience)
        const wanted = this.wanted
        this.wanted = undefined
        wanted?.(end)
    }
}

/** One transfer's data connection, with its timeout. */
export class DataTransfer {
    private patience: object | undefined
    private over = false

    /** @param done called with false if the connection broke or stalled; it is closed by then */
    constructor(
        private readonly end: TcpEnd,
        private readonly time: BoardTime,
        private readonly done: (whole: boolean) => void,
    ) {
        this.moved()
    }

    /** Receives until the other side closes, or there is no more room. */
    receive(into: (data: Uint8Array) => void, hasRoom = (): boolean => true): void {
        const look = (): void => {
            const link: Link = this.end
            for (let data = link.read(CHUNK_BYTES); data; data = link.read(CHUNK_BYTES)) {
                into(data)
                if (!hasRoom()) return this.finish(false)
                this.moved()
            }
            if (link.over !== "") this.finish(link.over === "ended")
        }
        this.end.onChange = look
        look()
    }

    /** Sends the pieces of `from`, which are empty at the end. */
    send(from: () => Uint8Array): void {
        this.end.onChange = () => {
            if (this.end.over !== "") this.finish(false)
        }
        const next = (): void => {
            if (this.over) return
            this.moved()
            const data = from()
            if (data.length === 0) return this.finish(true)
            this.end.write(data, whole => {
                if (whole) next()
                else this.finish(false)
            })
        }
        next()
    }

    /** The server stops, or the client aborts. */
    abort(): void {
        this.finish(false)
    }

    private moved(): void {
        this.time.clearTimeout(this.patience)
        this.patience = this.time.setTimeout(() => this.finish(false), STALLED_MS)
    }

    private finish(whole: boolean): void {
        if (this.over) return
        this.over = true
        this.time.clearTimeout(this.patience)
        this.end.onChange = () => {}
        if (whole) this.end.close()
        else this.end.abort()
        this.done(whole)
    }
}
