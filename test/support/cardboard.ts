import { SdCard } from "../../src/card/sdcard"
import { formatAlarms } from "../../src/core/alarm"
import type { Flash, Ticks } from "../../src/core/seams"
import { Storage } from "../../src/fat/storage"
import { Alarms } from "../../src/journal/alarms"
import { Journal } from "../../src/journal/journal"
import { Logger } from "../../src/logs/logger"
import { Retention } from "../../src/logs/retention"
import { Key } from "../../src/settings/keys"
import { History, pieceBytes } from "../../src/upload/history"
import type { SdCardChip } from "../../sim/chips/sdcard"
import { CardSocket } from "./cardsocket"
import { DeviceBuffer } from "./devicebuffer"
import { ChipSpiBus } from "./memorycard"
import { storable } from "./memoryflash"

/** Board time. Whatever sleeps lets records be made meanwhile, as the logging task does on the board. */
class BoardTicks implements Ticks {
    ms = 0
    onSecond = async () => {}

    nowMs(): number {
        return this.ms
    }

    async sleep(ms: number): Promise<void> {
        await this.pass(Math.max(1, Math.ceil(ms)))
    }

    async pass(ms: number): Promise<void> {
        const endMs = this.ms + ms
        for (;;) {
            const nextMs = (Math.floor(this.ms / 1000) + 1) * 1000
            if (nextMs > endMs) break
            this.ms = nextMs
            await this.onSecond()
        }
        this.ms = Math.max(this.ms, endMs)
    }
}

/** Transfers that take so much board time each, and 8 bits a byte. */
class SlowBus extends ChipSpiBus {
    constructor(
        socket: CardSocket,
        private readonly ticks: BoardTicks,
        private readonly transferMs: number,
    ) {
        super(socket)
    }

    override async transfer(out: Buffer): Promise<Buffer> {
        const answer = await super.transfer(out)
        await this.ticks.pass(this.transferMs + (out.length * 8000) / this.clockHz)
        return answer
    }
}

/** What a board keeps when its power is cut. */
export type FlashContent = Record<string, Uint8Array>

export interface CardBoardOptions {
    cells?: boolean
    periodSeconds?: number
    serial?: string
    /** What a transfer takes besides its bits; without it all of it takes no time. */
    transferMs?: number
    /** Its clock at the start, UTC. */
    startSeconds?: number
    flash?: FlashContent
}

/** 2026-11-22 09:00:00. */
export const morning = Date.UTC(2026, 10, 22, 9) / 1000

/** The firmware from the bus to the logger, with the tasks that use the card, on a board of its own. */
export class CardBoard {
    readonly ticks = new BoardTicks()
    readonly socket = new CardSocket()
    readonly storage: Storage
    readonly logger: Logger
    readonly history: History
    readonly flash: FlashContent
    readonly alarms: Alarms
    readonly journal: Journal
    /** What the console showed. */
    readonly lines: string[] = []
    /** Each different reason why the card could not be used, in order. */
    readonly reasons: string[] = []
    /** The releases of which records were made, in UTC seconds. */
    readonly made: number[] = []
    /** More work with the card, once a second after the logger's. */
    work: (() => Promise<void>) | undefined
    startSeconds: number
    periodSeconds: number
    cells: boolean

    constructor(card: SdCardChip | undefined, options: CardBoardOptions = {}) {
        this.startSeconds = options.startSeconds ?? morning
        this.periodSeconds = options.periodSeconds ?? 1
        this.cells = options.cells ?? false
        this.flash = options.flash ?? {}
        if (card) this.socket.insert(card)
        const clock = {
            nowSeconds: () => this.seconds(),
            trusted: () => true,
            offsetMinutes: () => 0,
            offer: async () => {},
        }
        const flash = this.memoryFlash()
        this.journal = new Journal(flash)
        this.alarms = new Alarms(this.ticks, this.journal)
        this.alarms.start(clock)
        const { transferMs } = options
        const bus =
            transferMs === undefined
                ? new ChipSpiBus(this.socket)
                : new SlowBus(this.socket, this.ticks, transferMs)
        const open = async () => await new SdCard(bus, this.ticks).openAgain()
        const exclusive = async (_owner: string, work: () => Promise<unknown>) => await work()
        this.storage = new Storage(open, exclusive, this.ticks, this.alarms)
        const piece = DeviceBuffer.alloc(pieceBytes) as never
        this.history = new History(this.storage, clock, "LOGSENT.TXT", piece)
        const cells = new History(this.storage, clock, "CELLSENT.TXT", piece)
        const retention = new Retention(this.ticks, [this.history, cells])
        this.logger = new Logger(
            clock,
            { number: key => this.setting(key), text: () => options.serial ?? "BMS-1A2B" },
            this.storage,
            async () => undefined,
            this.alarms,
            retention,
            line => void this.lines.push(line),
            this.journal,
        )
        this.storage.recover = async volume => await this.logger.recover(volume)
        this.ticks.onSecond = async () => await this.release()
    }

    seconds(): number {
        return this.startSeconds + Math.floor(this.ticks.ms / 1000)
    }

    /** Runs the board's tasks for so much of its time, or until `done`. */
    async run(seconds: number, done = () => false): Promise<void> {
        for (const endMs = this.ticks.ms + seconds * 1000; this.ticks.ms < endMs && !done();) {
            await this.ticks.sleep(1000 - (this.ticks.ms % 1000))
            await this.logger.flush()
            await this.work?.()
            if (Math.floor(this.ticks.ms / 1000) % 2 === 0) await this.storage.poll()
            const reason = this.storage.lastError || this.logger.lastError
            if (reason !== "" && reason !== this.reasons.at(-1)) this.reasons.push(reason)
        }
    }

    /** The error flags that are up, as `status` shows them. */
    flags(): string {
        return formatAlarms(this.alarms.flags())
    }

    /** The card is mounted and nothing waits for it. */
    settled(): boolean {
        return this.storage.mounted() && this.logger.queued() === 0
    }

    /** Runs until everything is on the card again; gives the seconds that took. Throws after `limit`. */
    async settle(limit = 30): Promise<number> {
        const startMs = this.ticks.ms
        await this.run(limit, () => this.settled())
        if (!this.settled())
            throw new Error(`not settled in ${limit} s: ${this.storage.lastError || "queue"}`)
        return (this.ticks.ms - startMs) / 1000
    }

    private async release(): Promise<void> {
        await this.alarms.tick()
        const before = this.logger.queued() + this.logger.recordsLost()
        await this.logger.logRecord()
        if (this.logger.queued() + this.logger.recordsLost() > before) {
            const period = this.periodSeconds
            this.made.push(Math.floor(this.seconds() / period) * period)
        }
    }

    private setting(key: Key): number {
        if (key === Key.SdPeriod) return this.periodSeconds
        if (key === Key.SdCells) return this.cells ? 1 : 0
        return 4
    }

    private memoryFlash(): Flash {
        const flash: unknown = {
            read: async (key: string) => this.flash[key],
            write: async (key: string, value: Uint8Array) => {
                this.flash[key] = storable(value)
            },
            remove: async () => {},
        }
        return flash as Flash
    }
}
