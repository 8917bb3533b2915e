import * as ds from "@devicescript/core"
import { digest, randomBuffer } from "@devicescript/crypto"
import { Fault, FaultCode, faultMessage } from "../core/fault"
import { Hashing, LineRunner, Output } from "../core/seams"
import { textOf } from "../core/text"
import { Asked, RuntimeServer, controlAnswer } from "./control"

/** In front of a report's text: session, request, sequence, flags. */
const headBytes = 7
const textBytes = 224
const linksMax = 4
const sendingMax = 8
/**
 * The runtime's main loop turns only when no fiber is due, and its watchdog needs a turn every 5 s.
 * Printing consoles and the card's fibers can alternate for longer, so all consoles rest after
 * every `Reports` reports: often, since a rest has no effect while another fiber computes, and for
 * longer if those reports took long, because then the board is overloaded.
 */
const enum Rest {
    Reports = 4,
    Milliseconds = 20,
    /** How long the reports take if the board is not busy. */
    UsualMs = 125,
    MostMs = 1000,
}
/** Reports sent by all consoles. */
let sent = 0

const enum Mode {
    Ask = 1,
}

/** Report flags, as in services/console.md. */
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

/** One remote console: its session, and output waiting to be sent to it. */
class Link implements Output {
    cancelled: boolean
    /**
     * The answer if the line in `Member.Request` comes again: its last report, or that it is
     * running.
     */
    readonly report: any[]
    /** A full report, reused; text is collected in its payload until that is full. */
    private readonly packet: ds.Packet
    private held = 0
    private rests = 0
    /** When it last rested, or began a line. */
    private restedMs = 0

    constructor(
        private readonly server: ConsoleService,
        private readonly session: any,
        readonly id: number,
    ) {
        this.report = [id, -1, 0, Flags.Final, ""]
        this.packet = this.encodeReport(Buffer.alloc(textBytes))
    }

    /**
     * @param packet session, request, mode, line
     * @returns the last report of that line
     */
    async runLine(runner: LineRunner, packet: any[]): Promise<any[]> {
        const report = this.report
        const request: number = packet[1]
        if (request === report[Member.Request]) return report
        if (packet[2] === Mode.Ask || report[Member.Flags] === Flags.Running) {
            let flags = Flags.Missing
            if (packet[2] !== Mode.Ask) flags = Flags.FinalRefused
            else if (report[Member.Request] < 0) flags = Flags.MissingAfterReset
            return [this.id, request, 0, flags, ""]
        }
        report[Member.Request] = request
        report[Member.Sequence] = 0
        report[Member.Flags] = Flags.Running
        report[Member.Text] = ""
        this.cancelled = false
        this.restedMs = ds.millis()
        let flags = Flags.FinalRefused
        try {
            const line: Buffer = packet[3]
            if (await runner.carryOut(this.session, textOf(line), this)) flags = Flags.Final
        } catch (thrown) {
            // Cancelled while the refusal was printed: held text goes out as the end.
        }
        report[Member.Flags] = flags
        report[Member.Text] = this.takeHeld()
        return report
    }

    async writeOut(data: any, length: number = data.byteLength): Promise<void> {
        const payload = this.packet.payload
        for (let from = 0; from < length;) {
            if (this.held === textBytes) {
                payload.setAt(2, "u16", this.report[Member.Request])
                payload.setAt(4, "u16", this.report[Member.Sequence])
                this.held = 0
                await this.sendReport(this.packet)
            }
            const part = Math.min(length - from, textBytes - this.held)
            payload.blitAt(headBytes + this.held, data, from, part)
            this.held += part
            from += part
        }
    }

    async sendOut(): Promise<void> {
        await this.sendReport(this.encodeReport(this.takeHeld()))
    }

    private takeHeld(): Buffer {
        const text = this.packet.payload.slice(headBytes, headBytes + this.held)
        this.held = 0
        return text
    }

    private encodeReport(text: Buffer): ds.Packet {
        const report = this.report
        const spec = ds.BmsConsole.spec.lookup("execute").response
        const sequence = report[Member.Sequence]
        return spec.encode([this.id, report[Member.Request], sequence, Flags.More, text])
    }

    private async sendReport(packet: ds.Packet): Promise<void> {
        const report = this.report
        if (this.cancelled) {
            this.cancelled = false
            this.held = 1
            this.packet.payload[headBytes] = 10
            throw new Fault(FaultCode.UsageWrong, "cancelled")
        }
        report[Member.Sequence] = (report[Member.Sequence] + 1) & 0xffff
        await this.server.sendPacket(packet)
        sent += 1
        await ds.sleep(3)
        const rests = (sent / Rest.Reports) | 0
        if (this.rests === rests) return
        this.rests = rests
        let now = ds.millis()
        const endMs = now + Math.min(now - this.restedMs - Rest.UsualMs, Rest.MostMs)
        for (;;) {
            await ds.sleep(Rest.Milliseconds)
            now = ds.millis()
            if (now >= endMs) break
        }
        this.restedMs = now
    }
}

/** `serviceCommand` of packets that only the console answers. */
const enum Command {
    Execute = 0x80,
    Cancel = 0x81,
    InstanceName = 0x1109,
}

/** Serves the console to up to four Jacdac clients, each with one line at a time. */
class ConsoleService {
    private readonly links: Link[] = []
    private opened = 0
    private sending = 0

    constructor(private readonly runner: LineRunner) {}

    /**
     * Each incoming packet waits here in its own fiber until its answer is on the wire. More than a
     * few would fill the memory, so answers are dropped in a flood. The client asks again.
     */
    async sendPacket(packet: ds.Packet): Promise<void> {
        if (this.sending >= sendingMax) return
        this.sending += 1
        await (ds as unknown as RuntimeServer)._serverSend(1, packet)
        this.sending -= 1
    }

    /** @returns as `controlAnswer`; for a line its last report */
    async answerTo(packet: ds.Packet): Promise<any> {
        const command = packet.serviceCommand
        if (command === Command.Execute) {
            const line: any[] = packet.decode()
            if (line.length !== 4) return [0, 0, 0, Flags.FinalRefused, ""]
            return await this.link(line[0]).runLine(this.runner, line)
        }
        if (command === Command.InstanceName) return "BmsConsole_0"
        if (command !== Command.Cancel) return undefined
        this.link(packet.decode()).cancelled = true
        return null
    }

    /** The console of a session; a new one replaces the oldest. */
    private link(id: number): Link {
        for (const link of this.links) if (link.id === id) return link
        const link = new Link(this, this.runner.newSession(), id)
        this.links[this.opened % linksMax] = link
        this.opened += 1
        return link
    }
}

let service: ConsoleService

async function answer(packet: ds.Packet): Promise<void> {
    const index = packet.serviceIndex
    if (index > 1) return
    const spec = index ? ds.BmsConsole.spec : ds.Control.spec
    spec.assign(packet)
    const command = packet.serviceCommand
    let value: any
    if (command === Asked.StatusCode) value = [0, 0]
    else if (command === Asked.SetStatusCode) return
    else value = index ? await service.answerTo(packet) : controlAnswer(command)
    if (value === null) return
    const report =
        value === undefined ? packet.notImplemented() : packet.spec.response.encode(value)
    if (index) await service.sendPacket(report)
    else await (ds as unknown as RuntimeServer)._serverSend(0, report)
}

/** Commands to service index 255 arrive without a packet. No input may end the program. */
async function takeServerPacket(packet: ds.Packet): Promise<void> {
    try {
        if (packet) await answer(packet)
    } catch (thrown) {
        console.log("console: " + faultMessage(thrown))
    }
}

/** Starts serving the console on the Jacdac bus. */
export function serveConsole(runner: LineRunner): void {
    service = new ConsoleService(runner)
    ;(ds as unknown as RuntimeServer)._onServerPacket = takeServerPacket
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
