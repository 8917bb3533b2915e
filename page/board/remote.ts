import type { Answer, BoardCalls, BoardEvent, Call } from "./messages"

/** The board refused; the message is the board's. */
class Refusal extends Error {
    override name = "Refusal"
}

type Promised = {
    [Name in keyof BoardCalls]: (
        ...args: Parameters<BoardCalls[Name]>
    ) => Promise<ReturnType<BoardCalls[Name]>>
}

/** The worker with the connection, as the window sees it. */
export class RemoteBoard {
    private readonly worker: Worker
    private last = 0
    private readonly waiting = new Map<
        number,
        { resolve: (value: never) => void; reject: (reason: Error) => void }
    >()
    private readonly streams = new Map<number, (data: string | number) => void>()
    private lastStream = 0

    constructor(private readonly onEvent: (event: BoardEvent) => void) {
        this.worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" })
        this.worker.onmessage = ({ data }: MessageEvent<Answer | BoardEvent>) => this.take(data)
        this.worker.onerror = ({ message }) =>
            onEvent({ event: "lost", reason: message || "the page's worker cannot be loaded" })
    }

    call<Name extends keyof BoardCalls>(
        name: Name,
        ...args: Parameters<BoardCalls[Name]>
    ): ReturnType<Promised[Name]> {
        const id = ++this.last
        const ports = args.flatMap(one =>
            one && typeof one === "object" && "port" in one ? [one.port] : [],
        )
        return new Promise((resolve, reject) => {
            this.waiting.set(id, { resolve, reject })
            this.worker.postMessage({ id, name, args } as unknown as Call, ports)
        }) as ReturnType<Promised[Name]>
    }

    /** Text or progress of a call arrives under this number until it is dropped. */
    stream(take: (data: string | number) => void): number {
        this.streams.set(++this.lastStream, take)
        return this.lastStream
    }

    dropStream(stream: number): void {
        this.streams.delete(stream)
    }

    end(): void {
        this.worker.terminate()
        for (const { reject } of this.waiting.values())
            reject(new Error("the connection was closed"))
        this.waiting.clear()
    }

    private take(data: Answer | BoardEvent): void {
        if ("event" in data) {
            if (data.event === "text") this.streams.get(data.stream)?.(data.text)
            else if (data.event === "progress") this.streams.get(data.stream)?.(data.done)
            else this.onEvent(data)
            return
        }
        const call = this.waiting.get(data.id)
        this.waiting.delete(data.id)
        if ("value" in data) call?.resolve(data.value as never)
        else if ("error" in data)
            call?.reject(data.refusal ? new Refusal(data.error) : new Error(data.error))
    }
}
