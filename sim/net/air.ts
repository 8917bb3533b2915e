import { drawMs, type Chance, type Random } from "../random"
import type { NetworkOptions } from "./options"
import type { BoardTime } from "./time"

/** IP and TCP headers, all that an acknowledgement has. */
const HEADER_BYTES = 40
/** TCP's longest wait before it retransmits. */
const RETRANSMIT_MS_MAX = 60_000

/** One direction of the board's radio link: packets arrive a little later, in order. */
export class Path {
    private freeAtMs = 0
    private arrivesAtMs = 0
    private readonly carried: [connection: object, arrived: () => void][] = []

    constructor(
        private readonly air: Air,
        private readonly time: BoardTime,
        private readonly options: NetworkOptions,
        private readonly random: Random,
    ) {}

    /** Carries `bytes` of a connection in one packet; `arrived` runs when they arrive. */
    carry(connection: object, bytes: number, arrived: () => void): void {
        const nowMs = this.time.nowMs()
        const kilobyteMs = drawMs(this.options.kilobyte, this.random)
        const onAirMs = ((bytes + HEADER_BYTES) / 1024) * kilobyteMs
        this.freeAtMs = Math.max(nowMs, this.freeAtMs) + onAirMs
        const thereMs = this.freeAtMs + drawMs(this.options.oneWay, this.random)
        this.arrivesAtMs = Math.max(this.arrivesAtMs, thereMs)
        this.carried.push([connection, arrived])
        // Whichever timer fires first brings the oldest packet.
        this.time.setTimeout(
            () => this.air.arrive(...this.carried.shift()!),
            this.arrivesAtMs - nowMs,
        )
    }
}

/**
 * The board's Wi-Fi in both directions. While it is down nothing is lost for good: TCP retransmits.
 */
export class Air {
    readonly fromBoard: Path
    readonly toBoard: Path
    /** The packets each connection retransmits. */
    private readonly held = new Map<object, (() => void)[]>()
    private downSinceMs: number | undefined
    private readonly random: Random

    constructor(
        private readonly time: BoardTime,
        options: NetworkOptions,
        chance: Chance,
    ) {
        this.fromBoard = new Path(this, time, options, chance.stream("net: from the board"))
        this.toBoard = new Path(this, time, options, chance.stream("net: to the board"))
        this.random = chance.stream("net: sent again")
    }

    get up(): boolean {
        return this.downSinceMs === undefined
    }

    setUp(up: boolean): void {
        if (up === this.up) return
        if (!up) {
            this.downSinceMs = this.time.nowMs()
            return
        }
        // TCP doubles its waits, so the next one ends within as long as Wi-Fi was down (RFC 6298
        // §5.5).
        const longestMs = Math.min(this.time.nowMs() - this.downSinceMs!, RETRANSMIT_MS_MAX)
        this.downSinceMs = undefined
        for (const connection of this.held.keys())
            this.time.setTimeout(() => this.release(connection), longestMs * this.random())
    }

    arrive(connection: object, packet: () => void): void {
        const held = this.held.get(connection)
        if (held) held.push(packet)
        else if (this.up) packet()
        else this.held.set(connection, [packet])
    }

    private release(connection: object): void {
        const held = this.held.get(connection)
        while (this.up && held && held.length > 0) held.shift()!()
        if (held?.length === 0) this.held.delete(connection)
    }
}
