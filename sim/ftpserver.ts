import { EventEmitter } from "node:events"
import { mkdirSync, statSync } from "node:fs"
import { createServer, type AddressInfo, type Server, type Socket } from "node:net"
import { basename } from "node:path"
import { FileSystem, FtpSrv, type FtpConnection } from "ftp-srv"

export type FtpServerMode = "up" | "down" | "hang"

export interface FtpServerOptions {
    /** Folder that holds what was received; made when it is not there. */
    root: string
    /** 0 or absent takes a free one. */
    port?: number
    host?: string
    /** With a user only this one gets in, else everybody may as "anonymous". */
    user?: string
    password?: string
}

/** What ftp-srv has beside its published types. */
interface Inside {
    connector: { end(): void }
    commandSocket: Socket
    commands: { handle(command: string): Promise<unknown> }
}

const quiet = {
    child: () => quiet,
    trace: () => {},
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: () => {},
}

const signals = ["SIGTERM", "SIGINT", "SIGQUIT"] as const

/** ftp-srv answers SIZE of an empty file without the number unless the size is text. */
class ServedFolder extends FileSystem {
    override async get(fileName: string): Promise<unknown> {
        const stat = await super.get(fileName)
        return Object.assign(stat, { size: String(stat.size) })
    }
}

/**
 * The simulator's FTP server: ftp-srv, which by itself drops a transfer when its control connection ends, made
 * to finish it, as vsftpd does. It listens on a socket of our own, so that it can be down or hang.
 * Events: "received" (file name, bytes in all).
 */
export class EmbeddedFtpServer extends EventEmitter {
    private readonly host: string
    private port: number
    private mode: FtpServerMode = "down"
    private front: Server | undefined
    private readonly ftp: FtpSrv
    private readonly sockets = new Set<Socket>()

    constructor(private readonly options: FtpServerOptions) {
        super()
        this.host = options.host ?? "127.0.0.1"
        this.port = options.port ?? 0
        mkdirSync(options.root, { recursive: true })
        this.ftp = this.createFtp()
    }

    /** @returns the port it listens on */
    async start(): Promise<number> {
        await this.setMode("up")
        return this.port
    }

    async stop(): Promise<void> {
        await this.setMode("down")
    }

    /** "down" refuses connections, "hang" takes them and never answers; what is open is cut. */
    async setMode(mode: FtpServerMode): Promise<void> {
        this.mode = mode
        for (const socket of this.sockets) socket.destroy()
        if (mode === "down") {
            const front = this.front
            this.front = undefined
            if (front) await new Promise(resolve => front.close(resolve))
        } else if (!this.front) {
            const front = createServer({ pauseOnConnect: true }, socket => this.accept(socket))
            this.front = front
            await new Promise<void>((resolve, reject) => {
                front.once("error", reject)
                front.listen(this.port, this.host, resolve)
            })
            this.port = (front.address() as AddressInfo).port
        }
    }

    private createFtp(): FtpSrv {
        // Its signal handlers would end the whole process.
        const before = signals.map(signal => process.listeners(signal))
        const ftp = new FtpSrv({
            url: `ftp://${this.host}:21`,
            pasv_url: this.host,
            pasv_min: 40000 + Math.floor(Math.random() * 20000),
            anonymous: this.options.user === undefined,
            log: quiet,
        })
        signals.forEach((signal, i) => {
            for (const listener of process.listeners(signal))
                if (!before[i].includes(listener)) process.removeListener(signal, listener)
        })
        ftp.on("login", ({ connection, username, password }, resolve, reject) => {
            const { user, root } = this.options
            const known =
                user === undefined || (username === user && password === this.options.password)
            if (known) resolve({ fs: new ServedFolder(connection, { root, cwd: "/" }) })
            else reject(new Error("Login incorrect."))
        })
        ftp.on("client-error", () => {})
        ftp.on("connect" as "disconnect", ({ connection }) => this.keepTransfers(connection))
        return ftp
    }

    private accept(socket: Socket): void {
        this.sockets.add(socket)
        socket.on("error", () => {})
        socket.on("close", () => this.sockets.delete(socket))
        if (this.mode === "up")
            (this.ftp as unknown as { server: Server }).server.emit("connection", socket)
        else socket.resume()
    }

    /** Lets commands in hand (a transfer is one) finish after the control connection has closed. */
    private keepTransfers(connection: FtpConnection): void {
        const inside = connection as unknown as Inside
        const { commandSocket, commands } = inside
        // The data connection's address is compared with this one, also when it is gone.
        Object.defineProperty(commandSocket, "remoteAddress", {
            value: commandSocket.remoteAddress,
        })
        const handle = commands.handle.bind(commands)
        let inHand = 0
        let closed = false
        const finish = (): void => {
            if (!closed || inHand > 0) return
            inside.connector.end()
            delete (this.ftp as unknown as { connections: Record<string, unknown> }).connections[
                connection.id
            ]
        }
        commands.handle = async command => {
            ++inHand
            try {
                return await handle(command)
            } finally {
                --inHand
                finish()
            }
        }
        commandSocket.removeAllListeners("close")
        commandSocket.on("close", () => {
            this.sockets.delete(commandSocket)
            closed = true
            finish()
        })
        connection.on("STOR", (error, path) => {
            if (!error) this.emit("received", basename(path), statSync(path).size)
        })
    }
}
