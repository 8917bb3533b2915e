import * as ds from "@devicescript/core"
import { digest, randomBuffer } from "@devicescript/crypto"
import { Server, startServer } from "@devicescript/server"
import { Hashing } from "./access"
import { Output } from "./call"
import { Session } from "./session"
import { Shell } from "./shell"
import { refuse } from "./words"

const textBytes = 224
const linksMax = 4

const enum Mode {
    Ask = 1,
}

/** Flags of a report, as services/console.md has them. */
const enum Report {
    More = 0,
    Final = 1,
    FinalRefused = 3,
    Running = 4,
    Missing = 8,
}

/** One console at the other end: its session, and the packet that is being filled for it. */
class Link implements Output {
    readonly session = new Session()
    request = -1
    running = false
    cancelled = false
    private last: any[]
    private sequence = 0
    private used = 0
    private readonly packet = Buffer.alloc(textBytes)

    constructor(
        private readonly server: Server,
        readonly id: number,
    ) {}

    /**
     * Runs a line, or with `ask` only says what became of it.
     * @returns the line's last report; a line that comes again is not run again
     */
    async run(shell: Shell, request: number, ask: boolean, line: Buffer): Promise<any[]> {
        if (request === this.request)
            return this.running ? [this.id, request, 0, Report.Running, ""] : this.last
        if (ask) {
            if (this.request >= 0) return [this.id, request, 0, Report.Missing, ""]
            return refusal(this.id, request, "the board was reset; look whether the line was run")
        }
        if (this.running) return refusal(this.id, request, "the line before it is still running")
        this.request = request
        this.running = true
        this.cancelled = false
        this.sequence = 0
        this.used = 0
        let flags = Report.FinalRefused
        try {
            if (await shell.execute(this.session, line.toString(), this)) flags = Report.Final
        } catch (thrown) {
            // Cancelled once more while the refusal was printed: what is held goes out as the end.
        }
        this.running = false
        return this.take(flags)
    }

    async text(text: string): Promise<void> {
        await this.put(text, text.byteLength)
    }

    async bytes(data: Buffer, length: number): Promise<void> {
        await this.put(data, length)
    }

    async flush(): Promise<void> {
        if (this.cancelled) {
            this.cancelled = false
            this.used = 0
            refuse("cancelled")
        }
        const execute = ds.BmsConsole.spec.lookup("execute")
        await this.server._send(execute.response.encode(this.take(Report.More)))
        await ds.sleep(1)
    }

    /** The report with what the packet holds, which it empties. */
    private take(flags: Report): any[] {
        this.last = [this.id, this.request, this.sequence, flags, this.packet.slice(0, this.used)]
        this.sequence = (this.sequence + 1) & 0xffff
        this.used = 0
        return this.last
    }

    private async put(data: any, length: number): Promise<void> {
        let from = 0
        while (from < length) {
            if (this.used === textBytes) await this.flush()
            const part = Math.min(length - from, textBytes - this.used)
            this.packet.blitAt(this.used, data, from, part)
            this.used += part
            from += part
        }
    }
}

/** The only report of a line that the shell did not get to see. */
function refusal(id: number, request: number, message: string): any[] {
    return [id, request, 0, Report.FinalRefused, `error: ${message}\n`]
}

/** Serves the console to Jacdac clients: four at a time, each with one line at a time. */
class ConsoleService extends Server {
    private readonly links: Link[] = []

    constructor(private readonly shell: Shell) {
        super(ds.BmsConsole.spec)
    }

    /** Takes [session, request, mode, line]; what it returns is sent as the line's last report. */
    async execute(packet: any): Promise<any> {
        const line: Buffer = packet[3]
        if (line === undefined) return refusal(0, 0, "the packet is too short")
        const link = this.linkOf(packet[0])
        if (!link) return refusal(packet[0], packet[1], "other consoles are busy: try again later")
        return await link.run(this.shell, packet[1], packet[2] === Mode.Ask, line)
    }

    async cancel(id: number): Promise<void> {
        for (const link of this.links) if (link.id === id) link.cancelled = true
    }

    /** The console of this number; a new one takes the place of the one that was quiet for longest. */
    private linkOf(id: number): Link {
        let index = -1
        for (let i = 0; i < this.links.length; ++i) {
            const link = this.links[i]
            if (link.id === id) return link
            if (
                !link.running &&
                (index < 0 || link.session.lastMs < this.links[index].session.lastMs)
            )
                index = i
        }
        if (this.links.length < linksMax) index = this.links.length
        if (index < 0) return undefined
        this.links[index] = new Link(this, id)
        return this.links[index]
    }
}

/** Starts to serve the shell on the Jacdac bus. */
export function serveConsole(shell: Shell): void {
    startServer(new ConsoleService(shell))
}

/** The runtime's SHA-256 and random numbers. */
export class DeviceHashing implements Hashing {
    digest(first: Buffer, second: Buffer): Buffer {
        return digest("sha256", first, second)
    }

    random(bytes: number): Buffer {
        return randomBuffer(bytes)
    }
}
