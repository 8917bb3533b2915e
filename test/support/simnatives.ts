import type { SocketEvent, SocketWorker } from "../../sim/net/worker"
import { DeviceBuffer } from "./devicebuffer"
import { socketNatives } from "./socketnatives"
import type { VirtualClock } from "./virtualclock"

// The parts of "@devicescript/core" that src/board/socket.ts uses, on the simulated network.

/** Period of the runtime's main loop. */
const tickMs = 10

/** Sent by the runtime's websocket code on a connection without a program's handler. */
const websocketRequest = "GET  HTTP/1.1\r\nHost: \r\nUpgrade: websocket\r\n\r\n"
/** An answer of this length makes it close. */
const websocketAnswerBytes = 12

/**
 * The runtime between socket and program (DeviceScript 2.16.4, impl_socket.c, websock_conn.c):
 * "close" and "error" unhook the program's handler; later events go to the runtime's own websocket
 * code. While the program has removed its handler, events are dropped and nothing unhooks.
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

/** Counts the program's starts. */
let starts = 0

export const natives = {
    ...socketNatives(),
    /** Connects the natives with a board's socket, as a start of its program does. */
    plugIn: (clock: VirtualClock, worker: SocketWorker): void => {
        const start = ++starts
        const onTick = (ms: number, run: () => void): (() => void) => {
            const atMs = Math.ceil((clock.nowMs() + Math.max(ms, 1)) / tickMs) * tickMs
            const timer = clock.setTimeout(() => {
                if (start === starts) run()
            }, atMs - clock.nowMs())
            return () => clock.clearTimeout(timer)
        }
        natives.use({
            nowMs: () => clock.nowMs(),
            start: () => starts,
            after: onTick,
            socket: new RuntimeSocket(worker, () => natives._socketOnEvent),
        })
    },
}
