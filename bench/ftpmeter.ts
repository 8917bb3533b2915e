import {
    createConnection,
    createServer,
    type AddressInfo,
    type Server,
    type Socket,
} from "node:net"
import { performance } from "node:perf_hooks"

async function listen(server: Server): Promise<number> {
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
    return (server.address() as AddressInfo).port
}

/** A proxy between FTP clients and a server at 127.0.0.1 that counts the traffic. */
export class FtpMeter {
    /** The lines of all control connections. */
    readonly commands: string[] = []
    /** Control and data connections. */
    connections = 0
    private beganMs = 0
    private endedMs = 0
    private readonly servers = new Set<Server>()
    private readonly sockets = new Set<Socket>()

    constructor(private readonly serverPort: number) {}

    /** @returns the port to connect to */
    async start(): Promise<number> {
        return await this.take(this.serverPort, (client, server) => this.control(client, server))
    }

    async stop(): Promise<void> {
        for (const socket of this.sockets) socket.destroy()
        for (const server of this.servers) server.close()
    }

    reset(): void {
        this.commands.length = 0
        this.connections = 0
    }

    /** From the first connection since reset() to the last byte. */
    get durationMs(): number {
        return this.endedMs - this.beganMs
    }

    private async take(
        port: number,
        join: (client: Socket, server: Socket) => void,
    ): Promise<number> {
        const front = createServer({ allowHalfOpen: true }, client => {
            if (this.connections++ === 0) this.beganMs = performance.now()
            const server = createConnection({ port, host: "127.0.0.1", allowHalfOpen: true })
            for (const [socket, other] of [
                [client, server],
                [server, client],
            ]) {
                this.sockets.add(socket)
                socket.setNoDelay()
                socket.on("data", () => (this.endedMs = performance.now()))
                socket.on("end", () => other.end())
                socket.on("error", () => other.destroy())
                socket.on("close", () => this.sockets.delete(socket))
            }
            join(client, server)
        })
        this.servers.add(front)
        return await listen(front)
    }

    private control(client: Socket, server: Socket): void {
        lines(client, line => {
            this.commands.push(line)
            server.write(line + "\r\n")
        })
        let turn = Promise.resolve()
        lines(server, line => {
            turn = turn.then(async () => {
                const shown = await this.redirected(line)
                if (client.writable) client.write(shown + "\r\n")
            })
        })
    }

    /** The reply to EPSV or PASV with the port of a data connection through this proxy. */
    private async redirected(line: string): Promise<string> {
        const extended = /^229 .*\|\|\|(\d+)\|/.exec(line)
        const passive = /^227 .*,(\d+),(\d+)\)/.exec(line)
        if (!extended && !passive) return line
        const [, high, low] = passive ?? []
        const port = extended ? Number(extended[1]) : Number(high) * 256 + Number(low)
        const ours = await this.take(port, (client, server) => {
            client.on("data", data => server.write(data))
            server.on("data", data => client.write(data))
        })
        return extended
            ? `229 go on (|||${ours}|)`
            : `227 go on (127,0,0,1,${ours >> 8},${ours & 255})`
    }
}

/** Calls `take` for each line of a control connection. */
function lines(socket: Socket, take: (line: string) => void): void {
    let pending = ""
    socket.on("data", data => {
        const parts = (pending + data.toString("latin1")).split("\r\n")
        pending = parts.pop()!
        parts.forEach(take)
    })
}
