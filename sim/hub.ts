import {
    JDBus,
    JDServerServiceProvider,
    JDServiceServer,
    Transport,
    type Scheduler,
} from "jacdac-ts"
import { SimClock } from "./clock"

/** jacdac-ts: BusInteractionMode.Observer, a type-only enum of the package. */
const OBSERVER = 1

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
        const arm = () => {
            interval.timer = this.clock.setTimeout(() => {
                arm()
                handler(...args)
            }, delayMs)
        }
        arm()
        return interval
    }

    clearInterval(handle: unknown): void {
        this.clearTimeout((handle as { timer?: unknown } | undefined)?.timer)
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

    constructor(
        private readonly clock: SimClock,
        toBoard: (frame: Uint8Array) => void,
    ) {
        this.transport = new BoardTransport(toBoard)
        this.bus = new JDBus([this.transport], {
            scheduler: new BoardScheduler(clock),
            disableRoleManager: true,
            client: false,
        })
        // Nobody here looks at registers: they are not polled.
        this.bus.interactionMode = OBSERVER
    }

    async open(): Promise<void> {
        await this.bus.connect()
    }

    serve(name: string, server: JDServiceServer): void {
        this.bus.addServiceProvider(new JDServerServiceProvider(name, [server]))
    }

    fromBoard(frame: Uint8Array): void {
        this.clock.breathe()
        this.transport.fromBoard(frame)
    }

    async close(): Promise<void> {
        await this.bus.stop()
        await this.bus.disconnect()
    }
}
