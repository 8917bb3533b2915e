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
const sendingMax = 8

const enum Mode {
    Ask = 1,
}

/** Flags of a report, as services/console.md has them. */
const enum Flags {
    More = 0,
    Final = 1,
    FinalRefused = 3,
    Running = 4,
    Missing = 8,
    MissingAfterReset = 9,
}

/** The members of a report. */
const enum Member {
    Session,
    Request,
    Sequence,
    Flags,
    Text,
}

/** One console at the other end: its session, and the packet that is being filled for it. */
class Link implements Output {
    readonly session = new Session()
    cancelled = false
    /** What is sent when the line in `Member.Request` comes again: its last report, or that it is running. */
    readonly report: any[]
    private used = 0
    private readonly packet = Buffer.alloc(textBytes)

    constructor(
        private readonly server: Server,
        id: number,
    ) {
        this.report = [id, -1, 0, Flags.Final, ""]
    }

    /** @returns the last report of the line in this packet: session, request, mode, line. */
    async run(shell: Shell, packet: any[]): Promise<any[]> {
        const report = this.report
        const [id, request, mode, line] = packet
        if (request === report[Member.Request]) return report
        if (mode === Mode.Ask) {
            const flags = report[Member.Request] < 0 ? Flags.MissingAfterReset : Flags.Missing
            return [id, request, 0, flags, ""]
        }
        if (this.running()) return refusal(packet, "the line before it is still running")
        report[Member.Request] = request
        report[Member.Sequence] = 0
        report[Member.Flags] = Flags.Running
        report[Member.Text] = ""
        this.cancelled = false
        let flags = Flags.FinalRefused
        try {
            if (await shell.execute(this.session, line.toString(), this)) flags = Flags.Final
        } catch (thrown) {
            // Cancelled while the refusal was printed: what is held goes out as the end.
        }
        report[Member.Flags] = flags
        report[Member.Text] = this.take()
        return report
    }

    running(): boolean {
        return this.report[Member.Flags] === Flags.Running
    }

    async write(data: Buffer): Promise<void> {
        let from = 0
        while (from < data.length) {
            if (this.used === textBytes) await this.flush()
            const part = Math.min(data.length - from, textBytes - this.used)
            this.packet.blitAt(this.used, data, from, part)
            this.used += part
            from += part
        }
    }

    async flush(): Promise<void> {
        const report = this.report
        const text = this.take()
        if (this.cancelled) {
            this.cancelled = false
            await this.write(hex`0a`)
            refuse("cancelled")
        }
        const [id, request, sequence] = report
        report[Member.Sequence] = (sequence + 1) & 0xffff
        const spec = ds.BmsConsole.spec.lookup("execute").response
        await this.server._send(spec.encode([id, request, sequence, Flags.More, text]))
        // Sending waits only when packets come too fast; the opcode limit wants a wait in any case.
        await ds.sleep(1)
    }

    private take(): Buffer {
        const text = this.packet.slice(0, this.used)
        this.used = 0
        return text
    }
}

/** The only report of a line that the shell did not get to see. */
function refusal(packet: any[], message: string): any[] {
    return [packet[0], packet[1], 0, Flags.FinalRefused, `error: ${message}\n`]
}

/** Serves the console to Jacdac clients: four at a time, each with one line at a time. */
class ConsoleService extends Server {
    private readonly links: Link[] = []
    private opened = 0
    private sending = 0

    constructor(private readonly shell: Shell) {
        super(ds.BmsConsole.spec)
    }

    /**
     * Each packet that comes in waits here in a fiber of its own until its answer is on the wire; more
     * than a few would fill the memory, so that in a flood answers are dropped. The client asks again.
     */
    override async _send(packet: ds.Packet): Promise<void> {
        if (this.sending >= sendingMax) return
        this.sending += 1
        await (ds as any)._serverSend(this.serviceIndex, packet)
        this.sending -= 1
    }

    /** Takes [session, request, mode, line]; what it returns is sent as the line's last report. */
    async execute(packet: any): Promise<any> {
        if (packet.length !== 4) return refusal([0, 0], "the packet is too short")
        let link = this.find(packet[0])
        if (!link) {
            // A new console takes the place of the oldest.
            const index = this.opened % linksMax
            link = this.links[index]
            if (link && link.running()) return refusal(packet, "too many consoles; try again later")
            link = new Link(this, packet[0])
            this.links[index] = link
            this.opened += 1
        }
        return await link.run(this.shell, packet)
    }

    async cancel(id: number): Promise<void> {
        const link = this.find(id)
        if (link) link.cancelled = true
    }

    private find(id: number): Link {
        for (const link of this.links) if (link.report[Member.Session] === id) return link
        return undefined
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
