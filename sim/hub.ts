import {
    JDBus,
    JDServerServiceProvider,
    JDServiceServer,
    type Packet,
    Transport,
    type Scheduler,
} from "jacdac-ts"
import { SimClock } from "./clock"

/** jacdac-ts: BusInteractionMode.Observer, a type-only enum of the package. */
const OBSERVER = 1
/**
 * jacdac-ts checks 20 times a second whether a register must be polled, and makes each device's
 * announcement twice; after this many times the devices are known, and its timers slow down.
 */
const BUSY_TIMES = 20
const BUSY_MS_MIN = 500
const REST_MS = 60_000
/**
 * The hub repeats the announcements: the board forgets a device after 2 s. This wire loses no
 * packet.
 */
const ANNOUNCE_MS = 1000

/** The devices on this side of the bus are the same in every run. */
const BUS_DEVICE_ID = "3f1e5a7c9b2d4608"
const SERVED_DEVICE_ID = 0x5a1e5a7c9b2d4700n

/** Offsets in a frame with one packet. */
const enum Frame {
    Flags = 3,
    Device = 4,
    ServiceIndex = 13,
    Command = 14,
    Payload = 16,
}

/** An announcement: a report of service 0 with command 0. */
function isAnnouncement(frame: Uint8Array): boolean {
    return (
        (frame[Frame.Flags] & 1) === 0 &&
        frame[Frame.ServiceIndex] === 0 &&
        frame[Frame.Command] === 0 &&
        frame[Frame.Command + 1] === 0
    )
}

/** Data through a pipe, to the device that opened it. */
function isPipe(frame: Uint8Array): boolean {
    return (frame[Frame.Flags] & 1) === 1 && (frame[Frame.ServiceIndex] & 0x3f) === 0x3e
}

function isAcknowledgement(frame: Uint8Array): boolean {
    return (frame[Frame.Flags] & 1) === 0 && (frame[Frame.ServiceIndex] & 0x3f) === 0x3f
}

function deviceOf(frame: Uint8Array): string {
    return Buffer.from(frame.buffer, frame.byteOffset + Frame.Device, 8).toString("hex")
}

/** Board time for jacdac-ts, so that announcements keep step with the board at every speed. */
class BoardScheduler implements Scheduler {
    constructor(private readonly clock: SimClock) {}

    get timestamp(): number {
        return this.clock.nowMs()
    }

    resetTime(): void {
        throw new Error("the board's time cannot be reset")
    }

    setTimeout(
        handler: (...args: unknown[]) => void,
        delayMs: number,
        ...args: unknown[]
    ): unknown {
        return this.clock.setTimeout(() => handler(...args), delayMs)
    }

    clearTimeout(handle: unknown): void {
        this.clock.clearTimeout(handle as never)
    }

    setInterval(
        handler: (...args: unknown[]) => void,
        delayMs: number,
        ...args: unknown[]
    ): unknown {
        const interval: { timer?: unknown } = {}
        let times = 0
        const arm = () => {
            const ms = ++times > BUSY_TIMES ? REST_MS : Math.max(delayMs, BUSY_MS_MIN)
            interval.timer = this.clock.setTimeout(() => {
                arm()
                handler(...args)
            }, ms)
        }
        arm()
        return interval
    }

    clearInterval(handle: unknown): void {
        this.clearTimeout((handle as { timer?: unknown } | undefined)?.timer)
    }
}

/** jacdac-ts sends each event three times, the last two by the host's timers; here by the bus's. */
class BoardServices extends JDServerServiceProvider {
    override delayedSend(packet: Packet, atMs: number): void {
        const send = () => void this.sendPacketAsync(packet)
        this.bus.scheduler.setTimeout(send, atMs - this.bus.timestamp)
    }
}

/** The wire between the board's processor and the host's Jacdac bus. */
class BoardTransport extends Transport {
    constructor(private readonly toBoard: (frame: Uint8Array) => void) {
        super("bms-mini-simulator")
    }

    protected async transportConnectAsync(): Promise<void> {}

    protected async transportDisconnectAsync(): Promise<void> {}

    protected async transportSendPacketAsync(frame: Uint8Array): Promise<void> {
        this.toBoard(frame)
    }

    fromBoard(frame: Uint8Array): void {
        this.handleFrame(frame)
    }
}

/** The Jacdac bus that the simulated board shares with its Wi-Fi station and the console. */
export class Hub {
    readonly bus: JDBus
    private readonly transport: BoardTransport
    /** The last announcement of each of the board's devices, and of the served ones. */
    private readonly announcements = new Map<string, Uint8Array>()
    private readonly served = new Map<string, Uint8Array>()
    private services = 0

    constructor(
        private readonly clock: SimClock,
        private readonly toBoard: (frame: Uint8Array) => void,
        /**
         * Takes the served devices' frames: on the ESP32 they are the board itself, and so on its
         * line.
         */
        private readonly toLine: (frame: Uint8Array) => void = () => undefined,
    ) {
        this.transport = new BoardTransport(frame => {
            if (this.isServed(frame)) toLine(frame)
            if (isPipe(frame) && !this.announcements.has(deviceOf(frame))) return toLine(frame)
            const device = isAnnouncement(frame) ? deviceOf(frame) : undefined
            // The board does not need the console's client.
            if (device === this.bus.selfDeviceId) return
            if (device !== undefined) this.served.set(device, frame.slice())
            toBoard(frame)
        })
        this.bus = new JDBus([this.transport], {
            scheduler: new BoardScheduler(clock),
            disableRoleManager: true,
            client: false,
            deviceId: BUS_DEVICE_ID,
        })
        // Registers are not read here, so they are not polled.
        this.bus.interactionMode = OBSERVER
    }

    async open(): Promise<void> {
        await this.bus.connect()
        this.announce()
    }

    serve(name: string, server: JDServiceServer): void {
        const deviceId = (SERVED_DEVICE_ID + BigInt(this.services++)).toString(16)
        this.bus.addServiceProvider(new BoardServices(name, [server], { deviceId }))
    }

    /** Delivers a frame of the board's serial line if it is for a served device. */
    fromLine(frame: Uint8Array): void {
        if (this.served.has(deviceOf(frame)) || isAcknowledgement(frame))
            this.transport.fromBoard(frame)
    }

    /** A frame from a served device. */
    private isServed(frame: Uint8Array): boolean {
        return (frame[Frame.Flags] & 1) === 0 && this.served.has(deviceOf(frame))
    }

    fromBoard(frame: Uint8Array): void {
        if (this.heardAgain(frame)) return
        this.clock.breathe()
        this.transport.fromBoard(frame)
    }

    private announce(): void {
        this.clock.setTimeout(() => this.announce(), ANNOUNCE_MS)
        for (const [id, frame] of this.served) {
            this.toBoard(frame)
            this.toLine(frame)
            const device = this.bus.device(id, true)
            if (device) device.lastSeen = this.clock.nowMs()
        }
    }

    /** A repeated announcement: the device is there. One of its bytes counts packets. */
    private heardAgain(frame: Uint8Array): boolean {
        if (!isAnnouncement(frame)) return false
        const id = deviceOf(frame)
        const last = this.announcements.get(id)
        const same =
            last?.length === frame.length &&
            last.every((byte, at) => {
                const counts = at < Frame.Flags || at === Frame.Payload + 2
                return counts || byte === frame[at]
            })
        const device = same ? this.bus.device(id, true) : undefined
        if (!device) {
            this.announcements.set(id, frame)
            return false
        }
        device.lastSeen = this.clock.nowMs()
        return true
    }

    async close(): Promise<void> {
        await this.bus.stop()
        await this.bus.disconnect()
    }
}
