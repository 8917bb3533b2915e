import type { BoardClock } from "./boardclock"
import type { BoardSocket } from "./boardsocket"

// What src/board/socket.ts uses of "@devicescript/core", for one board at a time.

interface Waiting {
    suspended: boolean
    resume(): void
}

let clock: BoardClock
let socket: BoardSocket
let latest: Waiting

/** Connects the natives with a board. */
export function plugIn(boardClock: BoardClock, boardSocket: BoardSocket): void {
    clock = boardClock
    socket = boardSocket
    boardSocket.onEvent = (event, data) => natives._socketOnEvent?.(event, data)
}

export const natives = {
    millis: () => clock.nowMs,
    sleep: (ms: number) => clock.boardSleep(ms),
    /** Of the fiber that was asked for last: socket.ts asks for its own and suspends it at once. */
    suspend: (ms: number) =>
        new Promise<void>(resolve => {
            const fiber = latest
            const epoch = clock.epoch
            fiber.suspended = true
            const finish = (): void => {
                fiber.suspended = false
                if (clock.epoch === epoch) resolve()
            }
            const forget = clock.after(ms, finish, epoch)
            fiber.resume = () => {
                forget()
                finish()
            }
        }),
    Fiber: {
        self: () => (latest = { suspended: false, resume: () => {} }),
    },
    _socketOpen: (host: string, port: number) => socket.open(host, port),
    _socketWrite: (data: Uint8Array) => socket.write(data),
    _socketClose: () => socket.close(),
    _socketOnEvent: undefined as ((event: string, data?: unknown) => void) | undefined,
}
