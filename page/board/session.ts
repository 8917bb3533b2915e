import { CardFiles, CardRefusal, type PartFile } from "../../console/cardfiles"
import { ConsoleClient } from "../../console/client"
import { Connection } from "../../console/connection"
import { checkImage, deploy, hashOf, StartLog } from "../../console/deployment"
import type { Line } from "../../console/line"
import { ProgramManager } from "../../console/programmanager"
import { pause } from "../../console/pause"
import { scanWifi, type WifiScan } from "../../console/wifiscan"
import { asset } from "./assets"
import type { BoardEvent, CardEntry, Channel, Ran } from "./messages"

const greetTries = 3

/** A copy in memory. */
class MemoryPart implements PartFile {
    constructor(
        private buffer: Uint8Array,
        public bytes = buffer.length,
    ) {}

    read(offset: number, bytes: number): Uint8Array {
        return this.buffer.slice(offset, offset + bytes)
    }

    write(offset: number, data: Uint8Array): void {
        const end = offset + data.length
        if (end > this.buffer.length) {
            const larger = new Uint8Array(Math.max(end, this.buffer.length * 2))
            larger.set(this.buffer)
            this.buffer = larger
        }
        this.buffer.set(data, offset)
        this.bytes = Math.max(this.bytes, end)
    }

    truncate(bytes: number): void {
        this.bytes = bytes
    }

    content(): Uint8Array {
        return this.buffer.slice(0, this.bytes)
    }
}

/** A board at the other end of a line, with one console per use. */
export class BoardSession {
    private readonly clients: Record<Channel, ConsoleClient>
    private readonly files: CardFiles
    /** The consoles already known to the board's program. */
    private greetings: Partial<Record<Channel, Promise<void>>> = {}

    private constructor(
        private readonly connection: Connection,
        private readonly startLog: StartLog,
        private readonly tell: (event: BoardEvent) => void,
    ) {
        const { bus, client } = connection
        this.clients = {
            work: client,
            live: new ConsoleClient(bus),
            terminal: new ConsoleClient(bus),
        }
        this.files = new CardFiles(client)
        connection.onRestart = () => {
            this.greetings = {}
            this.clients.live.boardRestarted()
            this.clients.terminal.boardRestarted()
            tell({ event: "restarted" })
        }
        connection.lost.catch((failure: Error) => tell({ event: "lost", reason: failure.message }))
    }

    /** Throws ConsoleError, which says what to do. */
    static async open(line: Line, tell: (event: BoardEvent) => void): Promise<BoardSession> {
        const startLog = new StartLog()
        // Boards without our program, or in safe mode, must be deployable too.
        const connection = await Connection.reach(line, text => {
            startLog.take(text)
            tell({ event: "log", line: text })
        })
        return new BoardSession(connection, startLog, tell)
    }

    async run(channel: Channel, line: string, stream?: number): Promise<Ran> {
        await (this.greetings[channel] ??= this.greet(channel))
        let text = ""
        const running = this.clients[channel].execute(line, piece => {
            text += piece
            if (stream !== undefined) this.tell({ event: "text", stream, text: piece })
        })
        running.catch(() => undefined)
        const { status } = await Promise.race([running, this.connection.lost])
        return { status, text }
    }

    /**
     * An empty line first: it may be repeated if it is lost on its way to a program that has just
     * started.
     */
    private async greet(channel: Channel): Promise<void> {
        const client = this.clients[channel]
        for (let tries = 0; tries < greetTries && client.present(); tries++) {
            const greeting = client.execute("", () => undefined)
            const done = greeting.then(
                () => true,
                () => false,
            )
            if (await Promise.race([done, this.connection.lost])) return
        }
    }

    async cancel(channel: Channel): Promise<void> {
        await this.clients[channel].cancel()
    }

    async list(directory: string): Promise<CardEntry[]> {
        return await Promise.race([this.files.list(directory), this.connection.lost])
    }

    async read(
        path: string,
        bytes: number,
        known: Uint8Array,
        onProgress: (done: number) => void,
    ): Promise<Uint8Array> {
        const part = new MemoryPart(known)
        const copied = this.files.copy(path, bytes, part, onProgress)
        copied.catch(() => undefined)
        await Promise.race([copied, this.connection.lost])
        return part.content()
    }

    /** Host time: the wire of a board in the tab is as slow as a real one's. */
    async scan(): Promise<WifiScan> {
        const time = { nowMs: () => Date.now(), sleep: pause }
        return await Promise.race([scanWifi(this.connection.bus, time), this.connection.lost])
    }

    async programs(): Promise<{ board: string; ours: string; runtime: string }> {
        const manager = await this.manager()
        const runtime = await manager.description()
        const ours = await hashOf(await this.image(runtime))
        return { board: await manager.programHash(), ours, runtime }
    }

    async deploy(again: boolean, onProgress: (done: number) => void): Promise<string> {
        const manager = await this.manager()
        const image = await this.image(await manager.description())
        checkImage(image, "the page's program")
        const options = { again, onProgress }
        const report = await deploy(this.connection, manager, image, this.startLog, options)
        this.greetings = {}
        return report
    }

    async close(): Promise<void> {
        await this.clients.live.close()
        await this.clients.terminal.close()
        await this.connection.close()
    }

    private async manager(): Promise<ProgramManager> {
        const { bus, lost } = this.connection
        return await ProgramManager.find(bus, lost)
    }

    private async image(runtime: string): Promise<Uint8Array> {
        return await asset(/WASM|simulator/i.test(runtime) ? "simulator.devs" : "board.devs")
    }
}

export { CardRefusal }
