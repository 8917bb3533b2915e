import { socketNatives } from "../../test/support/socketnatives"
import type { BoardClock } from "./boardclock"
import type { BoardSocket } from "./boardsocket"

// The part of "@devicescript/core" used by src/board/socket.ts, on real servers.

export const natives = socketNatives()

/** Connects the natives with a board. */
export function plugIn(clock: BoardClock, socket: BoardSocket): void {
    natives.use({
        nowMs: () => clock.nowMs,
        start: () => clock.epoch,
        after: (ms, run) => clock.after(ms, run, clock.epoch),
        socket,
    })
    socket.onEvent = (event, data) => natives._socketOnEvent?.(event, data)
}
