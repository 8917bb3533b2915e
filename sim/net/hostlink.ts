import { createConnection, type Socket } from "node:net"
import { ByteQueue } from "./bytequeue"
import { UNCONNECTED, UNRESOLVED } from "./hosts"
import type { Dialled, Link, Over } from "./link"

/** Bytes buffered here, as in the ESP32's receive window; the rest stays with the sender. */
const WINDOW_BYTES = 5744

/** A connection from the board out of the simulation, to a server that this computer reaches. */
export class HostLink implements Link {
    over: Over = ""
    onChange: () => void = () => {}
    /** Called when it is over on both sides. */
    onClosed: () => void = () => {}
    private readonly received = new ByteQueue()

    private constructor(private readonly socket: Socket) {}

    static dial(host: string, port: number, done: Dialled): HostLink {
        const socket = createConnection({ host, port })
        const link = new HostLink(socket)
        let answered = false
        const answer: Dialled = (connected, problem) => {
            if (!answered) done(connected, problem)
            answered = true
        }
        socket.setNoDelay()
        socket.on("connect", () => answer(link, ""))
        socket.on("data", data => link.arrived(data))
        socket.on("end", () => link.end("ended"))
        socket.on("error", (error: NodeJS.ErrnoException) =>
            answer(undefined, error.syscall === "getaddrinfo" ? UNRESOLVED : UNCONNECTED),
        )
        socket.on("close", () => {
            answer(undefined, UNCONNECTED)
            link.end("reset")
            link.onClosed()
        })
        return link
    }

    write(data: Uint8Array, taken: (whole: boolean) => void = () => {}): void {
        this.socket.write(data, failure => taken(!failure))
    }

    read(bytesMax: number): Uint8Array | undefined {
        if (this.received.bytes === 0) return undefined
        const data = this.received.take(bytesMax)
        if (this.received.bytes < WINDOW_BYTES) this.socket.resume()
        return data
    }

    close(): void {
        this.socket.end()
        // Nothing reads any more, and unread data would keep the socket.
        this.socket.resume()
    }

    vanish(): void {
        this.socket.destroy()
    }

    private arrived(data: Uint8Array): void {
        this.received.push(data)
        if (this.received.bytes >= WINDOW_BYTES) this.socket.pause()
        this.onChange()
    }

    private end(how: Over): void {
        if (this.over !== "") return
        this.over = how
        this.onChange()
    }
}
