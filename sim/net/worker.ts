import type { Random } from "../random"
import type { Dialled, Link } from "./link"
import type { NetworkOptions } from "./options"
import type { BoardTime } from "./time"

export type SocketEvent = "open" | "data" | "close" | "error"

/** Capacity of FreeRTOS's queues of commands and events. */
const COMMANDS_MAX = 50
const EVENTS_MAX = 10
/** An open waits this long for room in the queue. */
const ROOM_MS = 200
/** The port's receive buffer. */
const DATA_EVENT_BYTES = 1024
/** lwIP's receive window: no more can have arrived by a turn of the main loop. */
const TURN_BYTES = 5744

const QUEUED = 0
const QUEUE_FULL = -1
const NO_SOCKET = -10

type Command = { host: string; port: number } | { data: Uint8Array }

export interface SocketWorkerParts {
    time: BoardTime
    options: Pick<NetworkOptions, "loopMs" | "receiveCloseRace">
    random: Random
    dial(host: string, port: number, done: Dialled): void
}

/**
 * The board's single TCP socket as in DeviceScript's port to the ESP32 (devicescript-esp32 2.16.1,
 * main/sock.c). A worker beside the runtime carries out opens and writes one after another; a name
 * look-up or a SYN without an answer holds up all later ones. The runtime's main loop passes on the
 * worker's events, and receives on its own. Both share one socket and do not know whose connection
 * it is: late events of an earlier connection reach the next one.
 */
export class SocketWorker {
    /** Called with the main loop's events; data comes in pieces of at most 1,024 bytes. */
    onEvent: (event: SocketEvent, data?: Uint8Array) => void = () => {}
    private commands: Command[] = []
    private events: { event: SocketEvent; data?: Uint8Array }[] = []
    private link: Link | undefined
    private working = false
    /** Commands taken out of the queue until now. */
    private done = 0
    private turn: object | undefined
    /**
     * Number of power losses; anything under way before the last one no longer belongs to this
     * board.
     */
    private losses = 0

    constructor(private readonly parts: SocketWorkerParts) {}

    /** How a write would be answered now, without queueing it. */
    get refusal(): number {
        if (!this.link) return NO_SOCKET
        return this.commands.length < COMMANDS_MAX ? QUEUED : QUEUE_FULL
    }

    /**
     * An open that finds no room in time is never carried out, silently: the runtime's native
     * returns 0 in any case. (The ESP32's main loop blocks while it waits; here it continues.)
     */
    open(host: string, port: number): number {
        const command = { host, port }
        const { done } = this
        this.commands.push(command)
        if (this.commands.length > COMMANDS_MAX)
            this.parts.time.setTimeout(() => {
                if (done === this.done) this.commands = this.commands.filter(one => one !== command)
            }, ROOM_MS)
        this.work()
        return QUEUED
    }

    write(data: Uint8Array): number {
        const refusal = this.refusal
        if (refusal !== QUEUED) return refusal
        this.commands.push({ data: Uint8Array.from(data) })
        this.work()
        return QUEUED
    }

    /** The runtime closes: queued writes find no socket and are dropped, but an open continues. */
    close(): number {
        if (!this.link) return NO_SOCKET
        this.closeLink()
        return QUEUED
    }

    /** The processor has stopped; the other side is not told. */
    powerOff(): void {
        ++this.losses
        const link = this.link
        this.link = undefined
        this.commands = []
        this.events = []
        this.working = false
        this.parts.time.clearTimeout(this.turn)
        this.turn = undefined
        link?.vanish()
    }

    private work(): void {
        while (!this.working) {
            const command = this.commands.shift()
            if (!command) return
            ++this.done
            if ("data" in command) this.forward(command.data)
            else this.connect(command.host, command.port)
        }
    }

    private forward(data: Uint8Array): void {
        const { link, losses } = this
        if (!link) return
        this.working = true
        link.write(data, whole => {
            if (losses !== this.losses) return
            this.working = false
            if (!whole && link === this.link) this.raise("write error")
            this.work()
        })
    }

    private connect(host: string, port: number): void {
        const { parts, losses } = this
        if (this.link) {
            // With the handle closed but not yet cleared, the main loop's receive fails.
            const caught = parts.random() < parts.options.receiveCloseRace
            if (caught) this.raise("recv error")
            else this.closeLink()
        }
        this.working = true
        parts.dial(host, port, (link, problem) => {
            if (losses !== this.losses) return link?.vanish()
            this.working = false
            if (link) this.adopt(link)
            else this.tell("error", Buffer.from(problem))
            this.work()
        })
    }

    private adopt(link: Link): void {
        this.link = link
        link.onChange = () => this.wake()
        this.tell("open")
    }

    private closeLink(): void {
        const link = this.link
        this.link = undefined
        if (!link) return
        link.onChange = () => {}
        link.close()
    }

    private raise(problem?: string): void {
        this.closeLink()
        if (problem) this.tell("error", Buffer.from(problem))
        this.tell("close")
    }

    private tell(event: SocketEvent, data?: Uint8Array): void {
        if (this.events.length < EVENTS_MAX) this.events.push({ event, data })
        this.wake()
    }

    /** The main loop's next turn checks the socket; its turns are on a grid. */
    private wake(): void {
        if (this.turn) return
        const { time, options } = this.parts
        const nowMs = time.nowMs()
        const nextMs = (Math.floor(nowMs / options.loopMs) + 1) * options.loopMs
        this.turn = time.setTimeout(() => {
            this.turn = undefined
            this.process()
        }, nextMs - nowMs)
    }

    private process(): void {
        const losses = this.losses
        while (this.events.length > 0) {
            const { event, data } = this.events.shift()!
            this.onEvent(event, data)
        }
        let bytes = 0
        // An event may have ended everything.
        while (this.link && losses === this.losses) {
            const link = this.link
            if (bytes >= TURN_BYTES) return this.wake()
            const data = link.read(DATA_EVENT_BYTES)
            if (data) {
                bytes += data.length
                this.onEvent("data", data)
            } else if (link.over === "") return
            else return this.raise(link.over === "reset" ? "recv error" : undefined)
        }
    }
}
