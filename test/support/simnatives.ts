import type { SocketEvent, SocketWorker } from "../../sim/net/worker"
import { DeviceBuffer } from "./devicebuffer"
import type { VirtualClock } from "./virtualclock"

// What src/board/socket.ts uses of "@devicescript/core", on the simulated network: one board at a
// time.

/** The runtime's main loop turns that often. */
const tickMs = 10

/**
 * What the runtime's websocket code sends on a connection that no program's handler is there for.
 */
const websocketRequest = "GET  HTTP/1.1\r\nHost: \r\nUpgrade: websocket\r\n\r\n"
/** As much of an answer makes it close. */
const websocketAnswerBytes = 12

/**
 * The runtime between socket and program (DeviceScript 2.16.4, impl_socket.c, websock_conn.c):
 * "close" and "error" unhook the program's handler, and what comes then goes to the runtime's own
 * websocket code. While the program has taken its handler away nothing is told, and nothing
 * unhooks.
 */
class RuntimeSocket {
    private hooked = false
    private answerBytes = 0

    constructor(
        private readonly worker: SocketWorker,
        private readonly handler: () => ((event: string, data?: unknown) => void) | undefined,
    ) {
        worker.onEvent = (event, data) => this.take(event, data)
    }

    open(host: string, port: number): number {
        this.hooked = this.worker.open(host, port) === 0
        return 0
    }

    write(data: Uint8Array): number {
        return this.hooked ? this.worker.write(data) : -100
    }

    close(): number {
        if (!this.hooked) return -1
        this.worker.close()
        this.hooked = false
        return 0
    }

    private take(event: SocketEvent, data?: Uint8Array): void {
        if (!this.hooked) return this.asWebsocket(event, data)
        const tell = this.handler()
        if (!tell) return
        this.hooked = event === "open" || event === "data"
        if (event === "error") this.worker.close()
        if (event === "data") tell(event, DeviceBuffer.from(data!))
        else tell(event, data && Buffer.from(data).toString())
    }

    private asWebsocket(event: SocketEvent, data?: Uint8Array): void {
        if (event === "open") {
            this.answerBytes = 0
            this.worker.write(Buffer.from(websocketRequest))
        }
        this.answerBytes += data?.length ?? 0
        if (event === "error" || this.answerBytes >= websocketAnswerBytes) this.worker.close()
    }
}

interface Waiting {
    suspended: boolean
    resume(): void
}

let clock: VirtualClock
/** Counts the program's starts: what an earlier one waits for never comes. */
let starts = 0
let socket: RuntimeSocket
let latest: Waiting

function onTick(ms: number, run: () => void): object {
    const start = starts
    const atMs = Math.ceil((clock.nowMs() + Math.max(ms, 1)) / tickMs) * tickMs
    return clock.setTimeout(() => {
        if (start === starts) run()
    }, atMs - clock.nowMs())
}

export const natives = {
    /** Connects the natives with a board's socket, as a start of its program does. */
    plugIn: (boardClock: VirtualClock, worker: SocketWorker): void => {
        clock = boardClock
        ++starts
        socket = new RuntimeSocket(worker, () => natives._socketOnEvent)
    },
    millis: () => clock.nowMs(),
    sleep: (ms: number) => new Promise<void>(resolve => onTick(ms, resolve)),
    /** Of the fiber that was asked for last: socket.ts asks for its own and suspends it at once. */
    suspend: (ms: number) =>
        new Promise<void>(resolve => {
            const fiber = latest
            fiber.suspended = true
            const finish = (): void => {
                fiber.suspended = false
                clock.clearTimeout(timer)
                resolve()
            }
            const timer = onTick(ms, finish)
            fiber.resume = finish
        }),
    Fiber: {
        self: () => (latest = { suspended: false, resume: () => {} }),
    },
    _socketOpen: (host: string, port: number) => socket.open(host, port),
    _socketWrite: (data: Uint8Array) => socket.write(data),
    _socketClose: () => socket.close(),
    _socketOnEvent: undefined as ((event: string, data?: unknown) => void) | undefined,
}
