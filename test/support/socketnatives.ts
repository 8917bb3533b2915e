// The parts of "@devicescript/core" that src/board/socket.ts uses, for one board at a time.

export interface SocketBoard {
    nowMs(): number
    /** Counts the program's starts: waits of an earlier start never end. */
    start(): number
    /** Runs `run` after `ms` unless the program restarts. @returns a function that cancels it */
    after(ms: number, run: () => void): () => void
    socket: {
        open(host: string, port: number): number
        write(data: Uint8Array): number
        close(): number
    }
}

interface Waiting {
    suspended: boolean
    resume(): void
}

/** The natives; they need a board before anything else. */
export function socketNatives() {
    let board: SocketBoard
    let latest: Waiting
    return {
        use: (one: SocketBoard): void => void (board = one),
        millis: () => board.nowMs(),
        sleep: (ms: number) => new Promise<void>(resolve => void board.after(ms, resolve)),
        /** Suspends the fiber last asked for: socket.ts asks for its own, then suspends it. */
        suspend: (ms: number) =>
            new Promise<void>(resolve => {
                const fiber = latest
                const start = board.start()
                fiber.suspended = true
                const finish = (): void => {
                    fiber.suspended = false
                    if (board.start() === start) resolve()
                }
                const forget = board.after(ms, finish)
                fiber.resume = () => {
                    forget()
                    finish()
                }
            }),
        Fiber: {
            self: () => (latest = { suspended: false, resume: () => {} }),
        },
        _socketOpen: (host: string, port: number) => board.socket.open(host, port),
        _socketWrite: (data: Uint8Array) => board.socket.write(data),
        _socketClose: () => board.socket.close(),
        _socketOnEvent: undefined as ((event: string, data?: unknown) => void) | undefined,
    }
}
