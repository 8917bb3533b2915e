import { randomBytes, timingSafeEqual } from "node:crypto"
import { createReadStream, statSync } from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { extname, join, normalize } from "node:path"
import { type WebSocket, WebSocketServer } from "ws"
import type { OpenLine } from "../console/ports"

/** Only this computer can reach the page, because it commands a board. */
const loopback = "127.0.0.1"
const boardPath = "/board"
/** Maximum length of a close reason. */
const reasonBytes = 120

const types: Record<string, string> = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}

export interface PageServerOptions {
    folder: string
    /** 0 for any free one. */
    port: number
    /**
     * Opens the serial line for the page's WebSocket. Throws an Error with the reason if that
     * fails.
     */
    board: () => Promise<OpenLine>
}

/** Serves the page, and a WebSocket to a serial port, on the loopback address only. */
export class PageServer {
    private readonly token = randomBytes(16).toString("hex")
    private readonly sockets = new WebSocketServer({ noServer: true })
    private readonly server: Server

    private constructor(private readonly options: PageServerOptions) {
        this.server = createServer((request, answer) => this.serve(request, answer))
        this.server.on("upgrade", (request, socket, head) => {
            if (!this.mayCommand(request)) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")
            this.sockets.handleUpgrade(request, socket, head, opened => void this.carry(opened))
        })
    }

    /** Throws if the port is taken. */
    static async start(options: PageServerOptions): Promise<PageServer> {
        const page = new PageServer(options)
        await new Promise<void>((resolve, reject) => {
            page.server.once("error", reject)
            page.server.listen(options.port, loopback, resolve)
        })
        return page
    }

    /** For a browser; without its token the page can be viewed but not command a board. */
    get address(): string {
        return `${this.origin}/#token=${this.token}`
    }

    private get origin(): string {
        return `http://${loopback}:${(this.server.address() as AddressInfo).port}`
    }

    async close(): Promise<void> {
        for (const socket of this.sockets.clients) socket.terminate()
        this.server.closeAllConnections()
        await new Promise(resolve => this.server.close(resolve))
    }

    /** Pages of other sites in the same browser, and other programs, must not reach the board. */
    private mayCommand(request: IncomingMessage): boolean {
        const url = new URL(request.url ?? "/", this.origin)
        const given = Buffer.from(url.searchParams.get("token") ?? "")
        const wanted = Buffer.from(this.token)
        return (
            url.pathname === boardPath &&
            request.headers.origin === this.origin &&
            given.length === wanted.length &&
            timingSafeEqual(given, wanted)
        )
    }

    private serve(request: IncomingMessage, answer: ServerResponse): void {
        const { pathname } = new URL(request.url ?? "/", this.origin)
        const name = normalize(decodePath(pathname)).replace(/^[/\\]+/, "") || "index.html"
        const path = join(this.options.folder, name)
        const inside = !name.split(/[/\\]/).includes("..")
        const file = inside ? statSync(path, { throwIfNoEntry: false }) : undefined
        // Rejects another site's host name that points here.
        const ours = request.headers.host === new URL(this.origin).host
        if (!ours || !file?.isFile()) {
            answer.writeHead(ours ? 404 : 403, { "Content-Type": types[".txt"] })
            return void answer.end(ours ? "there is no such file\n" : "not the page's address\n")
        }
        answer.writeHead(200, {
            "Content-Type": types[extname(name)] ?? "application/octet-stream",
            "Content-Length": file.size,
            "Cache-Control": name.startsWith("assets") ? "max-age=31536000, immutable" : "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "frame-ancestors 'none'",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        })
        if (request.method === "HEAD") answer.end()
        else createReadStream(path).pipe(answer)
    }

    private async carry(socket: WebSocket): Promise<void> {
        const early: Uint8Array[] = []
        let line: OpenLine | undefined
        socket.on("message", (data: Buffer, binary) => {
            if (!binary) return
            if (line) line.write(data)
            else early.push(data)
        })
        socket.on("close", () => void line?.close())
        socket.on("error", () => undefined)
        try {
            const opened = await this.options.board()
            if (socket.readyState !== socket.OPEN) return void (await opened.close())
            line = opened
            line.onBytes = bytes => socket.send(bytes)
            line.onEnd = reason => socket.close(1001, reason.slice(0, reasonBytes))
            socket.send("ready")
            for (const bytes of early) line.write(bytes)
        } catch (failure) {
            socket.close(1011, (failure as Error).message.slice(0, reasonBytes))
        }
    }
}

function decodePath(path: string): string {
    try {
        return decodeURIComponent(path)
    } catch {
        return "/"
    }
}
