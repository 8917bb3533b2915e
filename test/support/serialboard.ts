import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import {
    FRAME_PROCESS,
    JDBus,
    JDServerServiceProvider,
    JDServiceServer,
    loadServiceSpecifications,
    Packet,
    serviceSpecificationFromClassIdentifier,
    SRV_BUTTON,
    type JDFrameBuffer,
} from "jacdac-ts"
import { requireTool } from "./tools"

const bridgeServiceClass = 0x18f61a4a
const enablePackets = 0x81
const consoleServiceClass = 0x1b5c0c51

/**
 * A pseudo-terminal that looks like the ESP32's serial port: frames of a Jacdac bus in the framing
 * of jacdac-c's jd_usb.c, with log text in between. As on the board, it sends no frame before the
 * other end has asked for frames.
 */
export class SerialBoard {
    private readonly socat: ChildProcess
    private received = ""
    private forwarding = false
    /** Number of times the other end asked for frames. */
    asked = 0
    /** If false, the board neither receives nor sends. */
    powered = true

    private constructor(
        readonly path: string,
        private readonly bus: JDBus,
    ) {
        const end = `pty,raw,echo=0,link=${path}`
        this.socat = spawn(requireTool("socat"), ["-", end], { stdio: ["pipe", "pipe", "inherit"] })
        this.socat.stdin!.on("error", () => undefined)
        this.socat.stdout!.on("data", (bytes: Buffer) => this.receive(bytes.toString("latin1")))
    }

    /** @param path of the link to the pseudo-terminal */
    static async plug(path: string, bus: JDBus): Promise<SerialBoard> {
        const board = new SerialBoard(path, bus)
        bus.on(FRAME_PROCESS, board.onFrame)
        for (const endMs = Date.now() + 5_000; !existsSync(path); await sleep(10))
            if (Date.now() > endMs) throw new Error("socat made no pseudo-terminal")
        return board
    }

    /** Raw bytes on the line: log text, or noise. */
    write(bytes: string | Uint8Array): void {
        if (this.powered) this.socat.stdin!.write(bytes)
    }

    /** Bytes on the line, as fast as the other end takes them. */
    async flood(bytes: Uint8Array): Promise<void> {
        for (let at = 0; at < bytes.length; at += 16_384)
            if (!this.socat.stdin!.write(bytes.subarray(at, at + 16_384)))
                await once(this.socat.stdin!, "drain")
    }

    /** The device that serves the console, 16 hexadecimal digits. */
    deviceId(): string {
        return this.bus.selfDeviceId
    }

    /** The state after a reset of the processor: the other end has not asked for frames yet. */
    reset(): void {
        this.forwarding = false
    }

    async unplug(): Promise<void> {
        this.bus.off(FRAME_PROCESS, this.onFrame)
        if (this.socat.exitCode !== null || this.socat.signalCode !== null) return
        const ended = once(this.socat, "exit")
        this.socat.kill()
        await ended
    }

    private readonly onFrame = (frame: JDFrameBuffer) => {
        if (this.forwarding && frame._jacdac_sender !== this.path) this.send(frame)
    }

    /** Sends a frame unchanged. */
    send(frame: Uint8Array): void {
        const body = Buffer.from(frame).toString("latin1").replaceAll("\xfe", "\xfe\xf8")
        this.write(Buffer.from(`\xfe\xfc${body}\xfe\xfd`, "latin1"))
    }

    private receive(text: string): void {
        if (!this.powered) return
        this.received += text
        const frames = /\xfe\xfc((?:[^\xfe]|\xfe\xf8)*)\xfe\xfd/g
        let taken = 0
        for (const match of this.received.matchAll(frames)) {
            taken = match.index + match[0].length
            this.take(Buffer.from(match[1].replaceAll("\xfe\xf8", "\xfe"), "latin1"))
        }
        this.received = this.received.slice(taken)
    }

    private take(frame: Buffer): void {
        if (frame.readUInt32LE(4) === bridgeServiceClass) {
            if (frame.readUInt16LE(14) === enablePackets) {
                this.forwarding = true
                this.asked++
            }
            this.send(frame)
        } else {
            const received: JDFrameBuffer = new Uint8Array(frame)
            received._jacdac_sender = this.path
            void this.bus.sendFrameAsync(received)
        }
    }
}

/** The board's side of the console service; each test supplies the answers. */
class FakeConsole extends JDServiceServer {
    private lastRequest = -1
    private lastReport = new Uint8Array(0)

    constructor(private readonly answer: (line: string) => { text: string; refused?: boolean }) {
        super(consoleServiceClass)
        this.addCommand(0x80, packet => this.execute(Buffer.from(packet.data)))
    }

    private execute(packet: Buffer): void {
        const request = packet.readUInt16LE(2)
        if (request !== this.lastRequest) {
            const { text, refused } = this.answer(packet.toString("utf8", 5))
            const head = Buffer.from([...packet.subarray(0, 4), 0, 0, refused ? 3 : 1])
            this.lastRequest = request
            this.lastReport = new Uint8Array(Buffer.concat([head, Buffer.from(text)]))
        }
        void this.sendPacketAsync(Packet.from(0x80, this.lastReport))
    }
}

/** A bus with a board that serves only a console. End it with `stop`. */
export function fakeBoardBus(answer: (line: string) => { text: string; refused?: boolean }): JDBus {
    // jacdac-ts serves only specified services: this one has the packets common to all services.
    const known = serviceSpecificationFromClassIdentifier(SRV_BUTTON)
    loadServiceSpecifications([
        {
            ...known,
            name: "BMS Console",
            shortId: "bmsConsole",
            camelName: "bmsConsole",
            classIdentifier: consoleServiceClass,
            packets: known.packets.filter(packet => packet.derived !== undefined),
        },
    ])
    const bus = new JDBus([], { client: false, disableRoleManager: true })
    bus.addServiceProvider(new JDServerServiceProvider("board", [new FakeConsole(answer)]))
    bus.start()
    return bus
}
