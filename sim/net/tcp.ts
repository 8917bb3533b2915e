import type { Air, Path } from "./air"
import { ByteQueue } from "./bytequeue"
import type { Link, Over } from "./link"

/** The ESP32's lwIP: segment, send buffer and receive window of ESP-IDF's defaults. */
const SEGMENT_BYTES = 1440
const BOARD_BUFFERS = { sendBytes: 5744, windowBytes: 5744 }
const SERVER_BUFFERS = { sendBytes: 65_536, windowBytes: 65_536 }

interface Write {
    data: Uint8Array
    taken: (whole: boolean) => void
}

/**
 * One end of a simulated TCP connection (RFC 9293): a send buffer, the peer's window, segments in
 * order, small ones held back while others are in flight (RFC 896), FIN after the data, RST for
 * data that is no longer read. Sending costs air time.
 */
export class TcpEnd implements Link {
    over: Over = ""
    onChange: () => void = () => {}
    private peer!: TcpEnd
    private readonly writes: Write[] = []
    private readonly unsent = new ByteQueue()
    private readonly received = new ByteQueue()
    private inFlightBytes = 0
    private peerWindowBytes = 0
    private closed = false
    private finSent = false

    private constructor(
        private readonly buffers: { sendBytes: number; windowBytes: number },
        private readonly out: Path,
        /** Shared by both ends. */
        private readonly connection: object,
    ) {}

    /** @returns the board's end and the server's */
    static pair(air: Air): [board: TcpEnd, server: TcpEnd] {
        const connection = {}
        const board = new TcpEnd(BOARD_BUFFERS, air.fromBoard, connection)
        const server = new TcpEnd(SERVER_BUFFERS, air.toBoard, connection)
        board.peer = server
        server.peer = board
        board.peerWindowBytes = server.buffers.windowBytes
        server.peerWindowBytes = board.buffers.windowBytes
        return [board, server]
    }

    /** The server's program learns of its new connection after the handshake's last packet. */
    afterHandshake(run: () => void): void {
        this.out.carry(this.connection, 0, run)
    }

    write(data: Uint8Array, taken: (whole: boolean) => void = () => {}): void {
        if (this.closed || this.over === "reset") return taken(false)
        this.writes.push({ data: Uint8Array.from(data), taken })
        this.fill()
    }

    read(bytesMax: number): Uint8Array | undefined {
        if (this.received.bytes === 0) return undefined
        const data = this.received.take(bytesMax)
        if (!this.closed)
            this.out.carry(this.connection, 0, () => this.peer.windowOpened(data.length))
        return data
    }

    close(): void {
        if (this.closed) return
        this.closed = true
        this.dropWrites()
        if (this.over === "reset") return
        // Closing with unread data loses it: RFC 2525 §2.17.
        if (this.received.bytes > 0) this.refuse()
        else this.send()
    }

    vanish(): void {
        this.closed = true
        this.finSent = true
        this.dropWrites()
        this.unsent.clear()
    }

    /** Ends the connection at once; the other side sees it break. */
    abort(): void {
        if (this.closed || this.over === "reset") return
        this.closed = true
        this.dropWrites()
        this.refuse()
    }

    private refuse(): void {
        this.unsent.clear()
        this.finSent = true
        this.out.carry(this.connection, 0, () => this.peer.broke())
    }

    private dropWrites(): void {
        for (const write of this.writes.splice(0)) write.taken(false)
    }

    /** Moves written data into the send buffer as far as there is room. */
    private fill(): void {
        while (this.writes.length > 0) {
            const room = this.buffers.sendBytes - this.unsent.bytes - this.inFlightBytes
            if (room <= 0) break
            const write = this.writes[0]
            this.unsent.push(write.data.subarray(0, room))
            write.data = write.data.subarray(room)
            if (write.data.length > 0) break
            this.writes.shift()
            write.taken(true)
        }
        this.send()
    }

    private send(): void {
        for (;;) {
            const bytes = Math.min(SEGMENT_BYTES, this.unsent.bytes, this.peerWindowBytes)
            if (bytes === 0) break
            if (bytes < SEGMENT_BYTES && this.inFlightBytes > 0 && !this.closed) break
            const segment = this.unsent.take(bytes)
            this.inFlightBytes += bytes
            this.peerWindowBytes -= bytes
            this.out.carry(this.connection, bytes, () => this.peer.arrived(segment))
        }
        if (!this.closed || this.finSent || this.unsent.bytes > 0) return
        this.finSent = true
        this.out.carry(this.connection, 0, () => this.peer.ended())
    }

    private arrived(segment: Uint8Array): void {
        if (this.over === "reset") return
        if (this.closed) {
            this.out.carry(this.connection, 0, () => this.peer.broke())
            return
        }
        this.received.push(segment)
        this.out.carry(this.connection, 0, () => this.peer.acknowledged(segment.length))
        this.onChange()
    }

    private acknowledged(bytes: number): void {
        this.inFlightBytes -= bytes
        this.fill()
    }

    private windowOpened(bytes: number): void {
        this.peerWindowBytes += bytes
        this.send()
    }

    private ended(): void {
        if (this.over !== "") return
        this.over = "ended"
        if (!this.closed) this.onChange()
    }

    private broke(): void {
        if (this.over === "reset") return
        this.over = "reset"
        this.unsent.clear()
        this.finSent = true
        this.dropWrites()
        if (!this.closed) this.onChange()
    }
}
