import { spawn, type ChildProcess } from "node:child_process"
import { lstatSync, mkdtempSync, rmSync } from "node:fs"
import { createServer, type Server, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { UsbBridge } from "./usbbridge"

/** Bytes written ahead of the reader; the bridge's own queue is the buffer. */
const AHEAD_BYTES = 1024
const OFFER_MS = 5_000
const LOOK_MS = 20

/**
 * Offers the board's serial line to one console at a time: as a pseudo-terminal at a path, or on
 * HOST:PORT of TCP with the same bytes. While it is not open, the board's output is lost, as on a
 * cable.
 */
export class SerialOffer {
    private readonly server: Server
    private socket: Socket | undefined
    private terminal: PseudoTerminal | undefined

    private constructor(private readonly bridge: UsbBridge) {
        this.server = createServer(socket => this.plug(socket))
        bridge.onReady = () => this.drain()
    }

    /** If the address cannot be offered, throws an Error that says what to do. */
    static async open(address: string, bridge: UsbBridge): Promise<SerialOffer> {
        const offer = new SerialOffer(bridge)
        const network = /^(.+):(\d{1,5})$/.exec(address)
        if (network && !address.startsWith("/")) {
            await offer.listen(address, { host: network[1], port: Number(network[2]) })
            return offer
        }
        const folder = mkdtempSync(join(tmpdir(), "bms-serial-"))
        const path = join(folder, "line")
        try {
            await offer.listen(address, { path })
            offer.terminal = await PseudoTerminal.open(address, path, folder)
        } catch (failure) {
            await offer.close()
            rmSync(folder, { recursive: true, force: true })
            throw failure
        }
        return offer
    }

    /** True while a console has the line open. */
    get open(): boolean {
        return this.socket !== undefined
    }

    async close(): Promise<void> {
        this.bridge.onReady = () => undefined
        await this.terminal?.close()
        this.socket?.destroy()
        await new Promise(resolve => this.server.close(resolve))
    }

    private listen(
        address: string,
        at: { host: string; port: number } | { path: string },
    ): Promise<void> {
        return new Promise((resolve, reject) => {
            this.server.once("error", failure =>
                reject(new Error(`--serial ${address} cannot be offered: ${failure.message}`)),
            )
            this.server.listen(at, () => resolve())
        })
    }

    private plug(socket: Socket): void {
        // A serial port can be open only once.
        if (this.socket) return void socket.destroy()
        this.socket = socket
        socket.setNoDelay(true)
        socket.on("data", bytes => {
            this.bridge.push(bytes)
            this.drain()
        })
        socket.on("drain", () => this.drain())
        socket.on("error", () => undefined)
        socket.on("close", () => (this.socket = undefined))
        this.drain()
    }

    private drain(): void {
        while (!this.socket || this.socket.writableLength < AHEAD_BYTES) {
            const bytes = this.bridge.pull()
            if (bytes.length === 0) return
            this.socket?.write(bytes)
        }
    }
}

/** A pseudo-terminal made by socat, renewed after each console so that no old text waits in it. */
class PseudoTerminal {
    private child: ChildProcess | undefined
    private complaint = ""
    private closed = false

    private constructor(
        private readonly path: string,
        private readonly socketPath: string,
        private readonly folder: string,
    ) {}

    static async open(path: string, socketPath: string, folder: string): Promise<PseudoTerminal> {
        if (isThere(path) && !lstatSync(path).isSymbolicLink())
            throw new Error(`--serial ${path}: a file with that name exists; give an unused path`)
        const terminal = new PseudoTerminal(path, socketPath, folder)
        await terminal.offer()
        return terminal
    }

    async close(): Promise<void> {
        this.closed = true
        this.child?.kill()
        rmSync(this.path, { force: true })
        rmSync(this.folder, { recursive: true, force: true })
    }

    private async offer(): Promise<void> {
        rmSync(this.path, { force: true })
        const line = `pty,raw,echo=0,link=${this.path},wait-slave,pty-interval=0.02`
        const child = spawn("socat", [line, `unix-connect:${this.socketPath}`], {
            stdio: ["ignore", "ignore", "pipe"],
        })
        this.child = child
        this.complaint = ""
        let failure: NodeJS.ErrnoException | undefined
        child.stderr.on("data", text => (this.complaint += text))
        child.on("error", reason => (failure = reason))
        for (const endMs = Date.now() + OFFER_MS; !isThere(this.path); await sleep(LOOK_MS)) {
            if (failure?.code === "ENOENT")
                throw new Error(
                    '--serial needs the program socat: "apt install socat", or offer HOST:PORT instead of a path',
                )
            if (failure || child.exitCode !== null || Date.now() > endMs)
                throw new Error(
                    `--serial ${this.path}: no pseudo-terminal: ${failure?.message ?? this.complaint.trim()}`,
                )
        }
        // socat ends with its console; the next console gets a new one.
        child.on("exit", () => {
            if (!this.closed) this.offer().catch(() => undefined)
        })
    }
}

function isThere(path: string): boolean {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
