import { createServer, type Server, type Socket } from "node:net"
import type { AddressInfo } from "node:net"

export interface ServerOptions {
    /** Ends a transfer when its control connection goes, as ProFTPD and others do. */
    abortsTransfers?: boolean
    /** Replaces the reply to a command; undefined leaves it. `argument` is what followed the verb. */
    answer?: (verb: string, argument: string) => string | undefined
    /** Sends replies in pieces of that many bytes. */
    pieceBytes?: number
    greeting?: string
    /** Promises REST STREAM, and does it. */
    restarts?: boolean
}

/** A small FTP server in memory whose every answer can be replaced. */
export class ScriptedFtpServer {
    readonly files = new Map<string, Buffer>()
    readonly commands: string[] = []
    connections = 0
    options: ServerOptions
    /** Bytes of one transfer after which the data connection is cut, once. */
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

    private track(socket: Socket): void {
        this.connections++
        this.sockets.add(socket)
        socket.on("error", () => {})
        socket.on("close", () => this.sockets.delete(socket))
    }

    private reply(socket: Socket, text: string): void {
        if (text === "" || !socket.writable) return
        const bytes = Buffer.from(text + "\r\n")
        const step = this.options.pieceBytes ?? bytes.length
        for (let at = 0; at < bytes.length; at += step) socket.write(bytes.subarray(at, at + step))
    }

    private serve(control: Socket): void {
        this.track(control)
        control.setNoDelay()
        let pending = ""
        let restartAt = 0
        let passive:
            { server: Server; socket?: Socket; wanted?: (socket: Socket) => void } | undefined
        const openPassive = async (): Promise<number> => {
            const server = createServer({ pauseOnConnect: true }, socket => {
                this.track(socket)
                server.close()
                mine.socket = socket
                mine.wanted?.(socket)
            })
            const mine: NonNullable<typeof passive> = { server }
            passive = mine
            await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
            return (server.address() as AddressInfo).port
        }
        control.on("end", () => {
            if (this.options.abortsTransfers) {
                passive?.server.close()
                passive?.socket?.destroy()
            }
        })
        const handle = async (line: string): Promise<void> => {
            this.commands.push(line)
            const space = line.indexOf(" ")
            const verb = space < 0 ? line : line.slice(0, space)
            const argument = space < 0 ? "" : line.slice(space + 1)
            const scripted = this.options.answer?.(verb, argument)
            if (scripted !== undefined) {
                if (scripted === "(hang up)") control.destroy()
                else this.reply(control, scripted)
                return
            }
            if (verb === "USER") this.reply(control, "331 password please")
            else if (verb === "PASS") this.reply(control, "230 welcome")
            else if (verb === "TYPE") this.reply(control, "200 binary")
            else if (verb === "QUIT") control.end("221 bye\r\n")
            else if (verb === "SIZE") {
                const file = this.files.get(argument)
                this.reply(control, file ? `213 ${file.length}` : "550 no such file")
            } else if (verb === "FEAT" && this.options.restarts)
                this.reply(control, "211-Features\r\n REST STREAM\r\n211 End")
            else if (verb === "REST" && this.options.restarts) {
                restartAt = Number(argument)
                this.reply(control, "350 from there")
            } else if (verb === "DELE")
                this.reply(control, this.files.delete(argument) ? "250 gone" : "550 no such file")
            else if (verb === "EPSV") this.reply(control, `229 ok (|||${await openPassive()}|)`)
            else if (verb === "PASV") {
                const port = await openPassive()
                this.reply(control, `227 ok (10,9,8,7,${port >> 8},${port & 255})`)
            } else if ((verb === "STOR" || verb === "APPE") && passive)
                this.receive(control, passive, verb, argument, restartAt)
            else this.reply(control, "502 what?")
        }
        let turn = Promise.resolve()
        control.on("data", data => {
            pending += data.toString("latin1")
            for (;;) {
                const end = pending.indexOf("\r\n")
                if (end < 0) break
                const line = pending.slice(0, end)
                pending = pending.slice(end + 2)
                turn = turn.then(() => handle(line))
            }
        })
        this.reply(control, this.options.greeting ?? "220 scripted")
    }

    private receive(
        control: Socket,
        passive: { socket?: Socket; wanted?: (socket: Socket) => void },
        verb: string,
        name: string,
        restartAt: number,
    ): void {
        const start = (data: Socket): void => {
            if (this.options.abortsTransfers && (control.destroyed || control.readableEnded)) {
                data.destroy()
                return
            }
            this.reply(control, "150 go on")
            const before = this.files.get(name) ?? Buffer.alloc(0)
            let content = verb === "APPE" ? before : before.subarray(0, restartAt)
            this.files.set(name, content)
            let left = this.cutAfterBytes
            data.on("data", chunk => {
                const taken = left === undefined ? chunk : chunk.subarray(0, left)
                if (left !== undefined) left -= taken.length
                content = Buffer.concat([content, taken])
                this.files.set(name, content)
                if (left === 0) {
                    this.cutAfterBytes = undefined
                    data.resetAndDestroy()
                }
            })
            data.on("end", () => {
                data.end()
                this.reply(control, "226 done")
            })
            data.resume()
        }
        if (passive.socket) start(passive.socket)
        else passive.wanted = start
    }
}
