import { JDBus, Transport, UsbBridgeCmd } from "jacdac-ts"
import { bridgeCommand, encodeFrame, isBridgeFrame, LineDecoder } from "./framing"
import type { Line } from "./line"
import { LogText } from "./logtext"
import { pause } from "./pause"
import { ConsoleError } from "./transport"

/** jacdac-ts: BusInteractionMode.Observer, a type-only enum of the package. */
const observer = 1

/** A board silent for this long was reset: ask for its frames again. */
const silenceMs = 1_000
const askMs = 250
/** Limit of bytes waiting for a blocked line; further frames are lost, as on a busy bus. */
const waitingBytesMax = 65_536

/** The Jacdac bus of the board at the other end of an open serial line. */
export class SerialTransport extends Transport {
    private lastFrameMs = 0
    private frames = 0
    private waking: ReturnType<typeof setInterval> | undefined
    private lose!: (reason: ConsoleError) => void
    /** Never resolves; rejects with a ConsoleError if the line is lost. */
    readonly lost = new Promise<never>((_, reject) => (this.lose = reject))

    /** @param onLog gets the board's log lines */
    constructor(
        private readonly line: Line,
        onLog: (line: string) => void,
    ) {
        super("bms-mini-serial")
        this.lost.catch(() => undefined)
        const log = new LogText(onLog)
        const decoder = new LineDecoder({
            onFrame: frame => this.take(frame),
            onLogLine: text => log.take(text),
        })
        line.onBytes = bytes => decoder.push(bytes)
        line.onEnd = reason => this.gone(reason)
    }

    /** Returns when the board has answered. Throws ConsoleError after the timeout. */
    async answered(timeoutMs: number): Promise<void> {
        for (const endMs = Date.now() + timeoutMs; this.frames === 0;) {
            if (Date.now() >= endMs)
                throw new ConsoleError(
                    `no board answers on ${this.line.address} within ${timeoutMs / 1000} s: ` +
                        "is it powered, and is this its port?",
                )
            this.askForFrames()
            await Promise.race([pause(askMs), this.lost])
        }
    }

    protected async transportConnectAsync(): Promise<void> {
        this.waking = setInterval(() => {
            if (Date.now() - this.lastFrameMs >= silenceMs) this.askForFrames()
        }, silenceMs)
    }

    protected async transportDisconnectAsync(): Promise<void> {
        clearInterval(this.waking)
        this.line.onEnd = () => undefined
    }

    protected async transportSendPacketAsync(frame: Uint8Array): Promise<void> {
        this.write(frame)
    }

    // Frames may be lost on a Jacdac bus.
    private write(frame: Uint8Array): void {
        if (this.line.waitingBytes < waitingBytesMax) this.line.write(encodeFrame(frame))
    }

    private take(frame: Uint8Array): void {
        this.frames++
        this.lastFrameMs = Date.now()
        if (isBridgeFrame(frame)) return
        try {
            this.handleFrame(frame)
        } catch {
            // A frame with a correct checksum but invalid packets: ignored.
        }
    }

    private askForFrames(): void {
        this.write(bridgeCommand(UsbBridgeCmd.EnablePackets))
        this.write(bridgeCommand(UsbBridgeCmd.EnableLog))
    }

    private gone(reason: string): void {
        clearInterval(this.waking)
        this.lose(new ConsoleError(`the connection over ${this.line.address} has ended: ${reason}`))
    }
}

/** A connected Jacdac bus over a serial transport. */
export async function connectBus(transport: SerialTransport): Promise<JDBus> {
    const bus = new JDBus([transport], { client: false, disableRoleManager: true })
    bus.streaming = false
    // Registers are not read here, so they are not polled: that would crowd the line.
    bus.interactionMode = observer
    await bus.connect()
    return bus
}
