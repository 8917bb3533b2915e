import { SdCard } from "../../src/card/sdcard"
import { formatAlarms } from "../../src/core/alarm"
import type { Ticks } from "../../src/core/seams"
import { Storage } from "../../src/fat/storage"
import { Alarms } from "../../src/journal/alarms"
import { Journal } from "../../src/journal/journal"
import { Logger } from "../../src/logs/logger"
import { Retention } from "../../src/logs/retention"
import { Key } from "../../src/settings/keys"
import { History, pieceBytes } from "../../src/upload/history"
import type { SdCardChip } from "../../sim/chips/sdcard"
import { morning } from "./cardlife"
import { CardSocket } from "./cardsocket"
import { DeviceBuffer } from "./devicebuffer"
import { ChipSpiBus } from "./memorycard"
import { MemoryFlash } from "./memoryflash"
import { SlowSpiBus } from "./slowspibus"

/**
 * Board time. Whatever sleeps lets records be made meanwhile, as the logging task does on the
 * board.
 */
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

export interface CardBoardOptions {
    cells?: boolean
    /** What a transfer takes besides its bits; without it all of it takes no time. */
    transferMs?: number
}

/**
 * The firmware from the bus to the logger on a board of its own, where nobody else uses the card.
 * For tests that the whole firmware of CardLife would disturb: its backup writes to the card as
 * well, and looks for its files there.
 */
export class CardBoard {
    readonly ticks = new BoardTicks()
    readonly socket = new CardSocket()
    readonly storage: Storage
    readonly logger: Logger
    readonly alarms: Alarms
    /** What the console showed. */
    readonly lines: string[] = []
    /** The releases of which records were made, in UTC seconds. */
    readonly made: number[] = []
    /** More work with the card, once a second after the logger's. */
    work: (() => Promise<void>) | undefined

    constructor(
        card: SdCardChip | undefined,
        private readonly options: CardBoardOptions = {},
    ) {
        if (card) this.socket.insert(card)
        const clock = {
            nowSeconds: () => this.seconds(),
            trusted: () => true,
            offsetMinutes: () => 0,
            offer: async () => {},
        }
        const journal = new Journal(new MemoryFlash())
        this.alarms = new Alarms(this.ticks, journal)
        this.alarms.start(clock)
        const { transferMs } = options
        const bus =
            transferMs === undefined
                ? new ChipSpiBus(this.socket)
                : new SlowSpiBus(this.socket, this.ticks, transferMs)
        const open = async () => await new SdCard(bus, this.ticks).openAgain()
        const exclusive = async (_owner: string, work: () => Promise<unknown>) => await work()
        this.storage = new Storage(open, exclusive, this.ticks, this.alarms)
        const piece = DeviceBuffer.alloc(pieceBytes) as never
        const history = new History(this.storage, clock, "LOGSENT.TXT", piece)
        const cells = new History(this.storage, clock, "CELLSENT.TXT", piece)
        const retention = new Retention(this.ticks, [history, cells])
        this.logger = new Logger(
            clock,
            { number: key => this.setting(key), text: () => "BMS-1A2B" },
            this.storage,
            async () => undefined,
            this.alarms,
            retention,
            line => void this.lines.push(line),
            journal,
        )
        this.storage.recover = async volume => await this.logger.recover(volume)
        this.ticks.onSecond = async () => await this.release()
    }

    seconds(): number {
        return morning + Math.floor(this.ticks.ms / 1000)
    }

    /** Runs the board's tasks for so much of its time, or until `done`. */
    async run(seconds: number, done = () => false): Promise<void> {
        for (const endMs = this.ticks.ms + seconds * 1000; this.ticks.ms < endMs && !done();) {
            await this.ticks.sleep(1000 - (this.ticks.ms % 1000))
            await this.logger.flush()
            await this.work?.()
            if (Math.floor(this.ticks.ms / 1000) % 2 === 0) await this.storage.poll()
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

    /**
     * Runs until everything is on the card again; gives the seconds that took. Throws after
     * `limit`.
     */
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
            this.made.push(this.seconds())
        }
    }

    private setting(key: Key): number {
        if (key === Key.SdPeriod) return 1
        if (key === Key.SdCells) return this.options.cells ? 1 : 0
        return 4
    }
}
