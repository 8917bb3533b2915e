import { readdirSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { stripVTControlCharacters } from "node:util"
import { JDBus, Transport, UsbBridgeCmd } from "jacdac-ts"
import { SerialPort } from "serialport"
import { bridgeCommand, encodeFrame, isBridgeFrame, LineDecoder } from "./framing"
import { ConsoleError } from "./transport"

const UNPLUGGED = "the cable was unplugged"

/** The speed of the DeviceScript runtime's serial port on the ESP32. */
const baudRate = 1_500_000
/** A board that sent nothing for so long was reset: it is asked anew for its frames. */
const silenceMs = 1_000
const askMs = 250

/** A serial port that was found on this computer. */
export interface FoundPort {
    path: string
    /** Who made it; empty when unknown. */
    maker: string
}

/** The serial ports of this computer that a board may hang on, without the PC's own ttyS ones. */
export async function listPorts(): Promise<FoundPort[]> {
    try {
        const ports = await SerialPort.list()
        return ports
            .filter(port => !port.path.startsWith("/dev/ttyS"))
            .map(({ path, manufacturer }) => ({ path, maker: manufacturer ?? "" }))
    } catch (failure) {
        // On Linux the list comes from udev, which small systems and containers do not have.
        if (process.platform !== "linux") throw failure
        return readdirSync("/dev")
            .filter(name => /^tty(USB|ACM)\d+$/.test(name))
            .map(name => ({ path: `/dev/${name}`, maker: "" }))
    }
}

/** Opens a serial port. Throws ConsoleError, which says why it cannot be and what to do. */
export function openPort(path: string): Promise<SerialPort> {
    return new Promise((resolve, reject) => {
        const port = new SerialPort({ path, baudRate, autoOpen: false })
        port.open(failure => {
            if (failure) reject(new ConsoleError(explain(path, failure.message)))
            else resolve(port)
        })
    })
}

function explain(path: string, reason: string): string {
    if (/no such file|no such device|not found/i.test(reason))
        return `there is no port ${path}: is the cable plugged in? "npm run console" lists the ports`
    if (/permission denied/i.test(reason))
        return (
            `no permission to open ${path}: add yourself to the group dialout ` +
            `("sudo usermod -aG dialout $USER"), then log in anew`
        )
    if (/busy|lock|access denied|temporarily unavailable/i.test(reason))
        return `${path} is busy: close the other program that has it open`
    return `${path} cannot be opened as a serial port: ${reason}`
}

/** The Jacdac bus of the board at the other end of an open serial port. */
export class SerialTransport extends Transport {
    private lastFrameMs = 0
    private frames = 0
    private waking: NodeJS.Timeout | undefined
    private lose!: (reason: ConsoleError) => void
    /** Never resolves; rejects with a ConsoleError when the port is gone. */
    readonly lost = new Promise<never>((_, reject) => (this.lose = reject))

    /** @param onLog takes the lines of the board's log */
    constructor(
        private readonly port: SerialPort,
        onLog: (line: string) => void,
    ) {
        super("bms-mini-serial")
        this.lost.catch(() => undefined)
        const text = new TextDecoder()
        const decoder = new LineDecoder({
            onFrame: frame => this.take(frame),
            onLogLine: line => onLog(printable(text.decode(line))),
        })
        port.on("data", (bytes: Buffer) => decoder.push(bytes))
        // A write that meets the missing cable may tell before the port does.
        port.on("error", ({ message }) =>
            this.gone(/\b(EIO|ENXIO|ENODEV|EBADF)\b/.test(message) ? UNPLUGGED : message),
        )
        port.on("close", () => this.gone(UNPLUGGED))
    }

    /** Returns when the board has answered. Throws ConsoleError when it does not within the time. */
    async answered(timeoutMs: number): Promise<void> {
        for (const endMs = Date.now() + timeoutMs; this.frames === 0;) {
            if (Date.now() >= endMs)
                throw new ConsoleError(
                    `no board answers on ${this.port.path} within ${timeoutMs / 1000} s: ` +
                        "is it powered, and is this its port?",
                )
            this.askForFrames()
            await Promise.race([sleep(askMs), this.lost])
        }
    }

    protected async transportConnectAsync(): Promise<void> {
        this.waking = setInterval(() => {
            if (Date.now() - this.lastFrameMs >= silenceMs) this.askForFrames()
        }, silenceMs)
    }

    protected async transportDisconnectAsync(): Promise<void> {
        clearInterval(this.waking)
        this.port.removeAllListeners("close")
        if (this.port.isOpen) await new Promise<void>(resolve => this.port.close(() => resolve()))
    }

    // A write's failure also comes as the port's "error" or "close"; frames may get lost on a Jacdac bus.
    protected async transportSendPacketAsync(frame: Uint8Array): Promise<void> {
        if (this.port.isOpen) this.port.write(encodeFrame(frame))
    }

    private take(frame: Uint8Array): void {
        this.frames++
        this.lastFrameMs = Date.now()
        if (!isBridgeFrame(frame)) this.handleFrame(frame)
    }

    private askForFrames(): void {
        if (!this.port.isOpen) return
        this.port.write(encodeFrame(bridgeCommand(UsbBridgeCmd.EnablePackets)))
        this.port.write(encodeFrame(bridgeCommand(UsbBridgeCmd.EnableLog)))
    }

    private gone(reason: string): void {
        clearInterval(this.waking)
        this.lose(new ConsoleError(`the connection over ${this.port.path} has ended: ${reason}`))
    }
}

/** A line of the log without colours and without anything else that would move a terminal's cursor. */
function printable(line: string): string {
    return stripVTControlCharacters(line)
        .replace(/\t/g, " ")
        .replace(/\p{Cc}/gu, "")
}

/** A connected Jacdac bus over a serial transport. */
export async function connectBus(transport: SerialTransport): Promise<JDBus> {
    const bus = new JDBus([transport], { client: false, disableRoleManager: true })
    bus.streaming = false
    await bus.connect()
    return bus
}
