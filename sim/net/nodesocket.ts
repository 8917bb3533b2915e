import { EventEmitter } from "node:events"
import type { SocketEvent } from "./worker"

/** The board's socket as a runtime for Node wants one of `net`. What the socket has to tell goes to the newest. */
export class SocketOfNode {
    private readonly events = new EventEmitter()

    constructor(
        readonly write: (data: Uint8Array) => void,
        readonly end: () => void,
    ) {
        this.events.on("error", () => {})
    }

    on(event: string, handler: (...args: never[]) => void): void {
        this.events.on(event, handler as (...args: unknown[]) => void)
    }

    once(event: string, handler: (...args: never[]) => void): void {
        this.events.once(event, handler as (...args: unknown[]) => void)
    }

    tell(event: SocketEvent, data?: Uint8Array): void {
        if (event === "open") this.events.emit("connect")
        else if (event === "error")
            this.events.emit("error", new Error(Buffer.from(data!).toString()))
        else this.events.emit(event, event === "data" ? data : false)
    }
}
