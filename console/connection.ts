import { PACKET_RECEIVE_ANNOUNCE, type JDBus, type Packet } from "jacdac-ts"
import { ConsoleClient } from "./client"
import type { Line } from "./line"
import { pause } from "./pause"
import { consoleServiceClass } from "./protocol"
import { connectBus, SerialTransport } from "./serial"

const answerMs = 5_000
const greetTries = 3
/**
 * An announcement: flags with a counter that restarts with the device, then its service classes.
 */
const counterMask = 0x0f
const announceHeaderBytes = 4

/** A board on an open serial line: its console, its log, and notice of its resets. */
export class Connection {
    readonly client: ConsoleClient
    /** Never resolves; rejects with a ConsoleError if the line is lost. */
    readonly lost: Promise<never>
    /** Restarts of the board seen. */
    restarts = 0
    /** Called when the board has restarted. */
    onRestart: () => void = () => undefined
    private counter = 0
    private readonly onAnnounce = (packet: Packet) => this.announced(packet.data)

    private constructor(
        private readonly line: Line,
        /** The board's bus; the board is on it whatever program it has. */
        readonly bus: JDBus,
        transport: SerialTransport,
    ) {
        this.client = new ConsoleClient(bus)
        this.lost = transport.lost
        bus.on(PACKET_RECEIVE_ANNOUNCE, this.onAnnounce)
    }

    /**
     * Returns when the board's console answers. Throws ConsoleError, which says what to do; the
     * line is closed then.
     * @param onLog gets the board's log lines
     */
    static async open(line: Line, onLog: (line: string) => void): Promise<Connection> {
        const connection = await Connection.reach(line, onLog)
        try {
            await Promise.race([connection.greet(), connection.lost])
            return connection
        } catch (failure) {
            await connection.close()
            throw failure
        }
    }

    /** The same for a board without a program or without a console. */
    static async reach(line: Line, onLog: (line: string) => void): Promise<Connection> {
        const transport = new SerialTransport(line, onLog)
        const connection = new Connection(line, await connectBus(transport), transport)
        try {
            await transport.answered(answerMs)
            return connection
        } catch (failure) {
            await connection.close()
            throw failure
        }
    }

    /**
     * Waits until the board has restarted more than `restarts` times. @returns false after the
     * timeout
     */
    async restartAfter(restarts: number, timeoutMs: number): Promise<boolean> {
        for (const endMs = Date.now() + timeoutMs; this.restarts === restarts;) {
            if (Date.now() >= endMs) return false
            await Promise.race([pause(50), this.lost])
        }
        await Promise.race([this.greet(), this.lost])
        return true
    }

    /**
     * An empty line makes the session known to the board. A lost first line would look like one
     * from before a reset; an empty one may be repeated.
     */
    private async greet(): Promise<void> {
        for (let tries = 1; ; tries++)
            try {
                return void (await this.client.execute("", () => undefined))
            } catch (failure) {
                if (tries === greetTries || !this.client.present()) throw failure
            }
    }

    async close(): Promise<void> {
        this.bus.off(PACKET_RECEIVE_ANNOUNCE, this.onAnnounce)
        await this.client.close()
        await this.bus.stop()
        await this.bus.disconnect()
        await this.line.close()
    }

    // Counted here because the bus forgets a silent device, and with it that it was there before.
    private announced(data: Uint8Array): void {
        const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
        let serves = false
        for (let at = announceHeaderBytes; at + 4 <= data.length; at += 4)
            serves ||= view.getUint32(at, true) === consoleServiceClass
        if (!serves) return
        const counter = data[0] & counterMask
        const restarted = counter < this.counter
        this.counter = counter
        if (!restarted) return
        this.restarts++
        this.client.boardRestarted()
        this.onRestart()
    }
}
