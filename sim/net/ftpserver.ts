import { EventEmitter } from "node:events"
import { mkdirSync } from "node:fs"
import { FtpSession } from "./ftpsession"
import { FtpShelf, type FtpTemper } from "./ftptemper"
import type { SimHost } from "./hosts"
import type { TcpEnd } from "./tcp"
import type { BoardTime } from "./time"

export type FtpServerMode = "up" | "down" | "hang"

export interface SimFtpServerOptions {
    /** Folder of the received files; made if missing. */
    root: string
    port?: number
    /** If set, only this user gets in, else everyone. */
    user?: string
    password?: string
    /** Unix ms of board time zero, for the files' dates. */
    epochMs?: number
    temper?: FtpTemper
}

/** The simulation's FTP server, in board time. Events: "received" (file name, total bytes). */
export class SimFtpServer extends EventEmitter<{ received: [name: string, bytes: number] }> {
    /** Behaviour towards future log-ins. */
    temper: FtpTemper
    readonly shelf = new FtpShelf()
    /** Log-ins accepted, and those turned away. */
    connections = 0
    turnedAway = 0
    private mode: FtpServerMode = "down"
    private stopListening = (): void => {}
    private readonly sessions = new Set<FtpSession>()
    private readonly hanging = new Set<TcpEnd>()

    constructor(
        private readonly time: BoardTime,
        private readonly host: SimHost,
        private readonly options: SimFtpServerOptions,
    ) {
        super()
        this.temper = options.temper ?? {}
        mkdirSync(options.root, { recursive: true })
        this.setMode("up")
    }

    /** "down" refuses connections, "hang" accepts them and never answers; open ones are cut. */
    setMode(mode: FtpServerMode): void {
        for (const session of [...this.sessions]) session.cut()
        for (const end of this.hanging) end.abort()
        this.hanging.clear()
        if (mode === this.mode) return
        this.mode = mode
        this.stopListening()
        this.stopListening = () => {}
        if (mode === "down") return
        const { close } = this.host.listen(this.options.port ?? 21, end => this.take(end))
        this.stopListening = close
    }

    private take(end: TcpEnd): void {
        if (this.mode === "hang") this.hang(end)
        else if (this.mode === "up") this.serve(end)
        else end.abort()
    }

    private hang(end: TcpEnd): void {
        this.hanging.add(end)
        end.onChange = () => {
            while (end.read(1024));
            if (end.over === "") return
            end.close()
            this.hanging.delete(end)
        }
    }

    private serve(end: TcpEnd): void {
        if (this.sessions.size >= (this.temper.connectionsMax ?? Infinity)) {
            this.turnedAway++
            end.write(Buffer.from("421 Too many connections from this address.\r\n"))
            end.close()
            return
        }
        this.connections++
        const { root, user, password, epochMs = 0 } = this.options
        const session = new FtpSession(end, {
            time: this.time,
            host: this.host,
            root,
            user,
            password,
            temper: this.temper,
            shelf: this.shelf,
            dateMs: () => epochMs + this.time.nowMs(),
            received: (name, bytes) => this.emit("received", name, bytes),
            ended: () => void this.sessions.delete(session),
        })
        this.sessions.add(session)
    }
}
