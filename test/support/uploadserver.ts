import { createServer, type Server, type Socket } from "node:net"
import type { AddressInfo } from "node:net"

export interface ServerOptions {
    /** Ends a transfer when its control connection closes, as ProFTPD and others do. */
    abortsTransfers?: boolean
    /**
     * Replaces the reply to a command; undefined keeps it. `argument` is the text after the verb.
     */
    answer?: (verb: string, argument: string) => string | undefined
    /** Sends replies in pieces of this many bytes. */
    pieceBytes?: number
    greeting?: string
    /** Announces REST STREAM and supports it. */
    restarts?: boolean
}

/** A small FTP server in memory; tests can replace every answer. */
export class ScriptedFtpServer {
    readonly files = new Map<string, Buffer>()
    readonly commands: string[] = []
    connections = 0
    options: ServerOptions
    /** Cuts the data connection after this many bytes of a transfer, once. */
    cutAfterBytes: number | undefined
    private readonly server: Server
    private readonly sockets = new Set<Socket>()

    constructor(options: ServerOptions = {}) {
        this.options = options
        this.server = createServer(socket => this.serve(socket))
    }

    async start(): Promise<number> {
        await new Promise<void>(resolve => this.server.listen(0, "127.0.0.1", resolve))
        return (this.server.address() as AddressInfo).port
    }

    async stop(): Promise<void> {
        for (const socket of this.sockets) socket.destroy()
        await new Promise(resolve => this.server.close(resolve))
    }

    count(verb: string): number {
        return this.commands.filter(line => line.split(" ")[0] === verb).length
    }

    /** Makes the socket end with the server. */
    track(socket: Socket): void {
        this.connections++
        this.sockets.add(socket)
        socket.on("error", () => {})
        socket.on("close", () => this.sockets.delete(socket))
    }

    private serve(socket: Socket): void {
        this.track(socket)
        socket.setNoDelay()
        new Control(this, socket)
    }
}

/** The data port of a transfer. */
interface Passive {
    server: Server
    socket?: Socket
    wanted?: (socket: Socket) => void
}

/** One control connection. */
class Control {
    private pending = ""
    private restartAt = 0
    private passive: Passive | undefined
    private turn = Promise.resolve()

    constructor(
        private readonly server: ScriptedFtpServer,
        private readonly socket: Socket,
    ) {
        socket.on("end", () => {
            if (!server.options.abortsTransfers) return
            this.passive?.server.close()
            this.passive?.socket?.destroy()
        })
        socket.on("data", data => this.take(data.toString("latin1")))
        this.reply(server.options.greeting ?? "220 scripted")
    }

    private take(text: string): void {
        this.pending += text
        for (;;) {
            const end = this.pending.indexOf("\r\n")
            if (end < 0) return
            const line = this.pending.slice(0, end)
            this.pending = this.pending.slice(end + 2)
            this.turn = this.turn.then(() => this.handle(line))
        }
    }

    private reply(text: string): void {
        if (text === "" || !this.socket.writable) return
        const bytes = Buffer.from(text + "\r\n")
        const step = this.server.options.pieceBytes ?? bytes.length
        for (let at = 0; at < bytes.length; at += step)
            this.socket.write(bytes.subarray(at, at + step))
    }

    private async handle(line: string): Promise<void> {
        const { server, socket } = this
        server.commands.push(line)
        const space = line.indexOf(" ")
        const verb = space < 0 ? line : line.slice(0, space)
        const argument = space < 0 ? "" : line.slice(space + 1)
        const scripted = server.options.answer?.(verb, argument)
        if (scripted === "(hang up)") socket.destroy()
        else if (scripted !== undefined) this.reply(scripted)
        else if (verb === "QUIT") socket.end("221 bye\r\n")
        else if ((verb === "STOR" || verb === "APPE") && this.passive)
            this.receive(this.passive, verb, argument)
        else this.reply(await this.answer(verb, argument))
    }

    private async answer(verb: string, argument: string): Promise<string> {
        const { files, options } = this.server
        if (verb === "USER") return "331 password please"
        if (verb === "PASS") return "230 welcome"
        if (verb === "TYPE") return "200 binary"
        if (verb === "SIZE") {
            const file = files.get(argument)
            return file ? `213 ${file.length}` : "550 no such file"
        }
        if (verb === "FEAT" && options.restarts) return "211-Features\r\n REST STREAM\r\n211 End"
        if (verb === "REST" && options.restarts) {
            this.restartAt = Number(argument)
            return "350 from there"
        }
        if (verb === "DELE") return files.delete(argument) ? "250 gone" : "550 no such file"
        if (verb === "EPSV") return `229 ok (|||${await this.openPassive()}|)`
        if (verb !== "PASV") return "502 what?"
        const port = await this.openPassive()
        return `227 ok (10,9,8,7,${port >> 8},${port & 255})`
    }

    private async openPassive(): Promise<number> {
        const server = createServer({ pauseOnConnect: true }, socket => {
            this.server.track(socket)
            server.close()
            mine.socket = socket
            mine.wanted?.(socket)
        })
        const mine: Passive = { server }
        this.passive = mine
        await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
        return (server.address() as AddressInfo).port
    }

    private receive(passive: Passive, verb: string, name: string): void {
        const { files, options } = this.server
        const start = (data: Socket): void => {
            if (options.abortsTransfers && (this.socket.destroyed || this.socket.readableEnded)) {
                data.destroy()
                return
            }
            this.reply("150 go on")
            const before = files.get(name) ?? Buffer.alloc(0)
            this.keep(data, name, verb === "APPE" ? before : before.subarray(0, this.restartAt))
        }
        if (passive.socket) start(passive.socket)
        else passive.wanted = start
    }

    /** Appends received bytes to the file, until the connection ends or is cut. */
    private keep(data: Socket, name: string, before: Buffer): void {
        const { server } = this
        let content = before
        server.files.set(name, content)
        let left = server.cutAfterBytes
        data.on("data", chunk => {
            const taken = left === undefined ? chunk : chunk.subarray(0, left)
            if (left !== undefined) left -= taken.length
            content = Buffer.concat([content, taken])
            server.files.set(name, content)
            if (left === 0) {
                server.cutAfterBytes = undefined
                data.resetAndDestroy()
            }
        })
        data.on("end", () => {
            data.end()
            this.reply("226 done")
        })
        data.resume()
    }
}
