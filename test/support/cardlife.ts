import type { SdCardChip } from "../../sim/chips/sdcard"
import { Pack } from "../../sim/pack"
import { formatAlarms } from "../../src/core/alarm"
import { TimeSource } from "../../src/core/seams"
import type { Storage } from "../../src/fat/storage"
import type { Volume } from "../../src/fat/volume"
import type { Logger } from "../../src/logs/logger"
import { LogKind } from "../../src/logs/record"
import { Key } from "../../src/settings/keys"
import type { History } from "../../src/upload/history"
import type { CardSocket } from "./cardsocket"
import type { MemoryFlash } from "./memoryflash"
import { NodeBoard } from "./nodeboard"
import { setUpFlash } from "./setupflash"

/** 2026-11-22 09:00:00. */
export const morning = Date.UTC(2026, 10, 22, 9) / 1000

const bootMs = 500

export interface CardLifeOptions {
    cells?: boolean
    periodSeconds?: number
    serial?: string
    /** Its clock when the program starts, UTC. */
    startSeconds?: number
    transferMs?: number
    /** example.org can be reached for uploads. */
    network?: boolean
    /** The flash before these options are set. */
    flash?: MemoryFlash
}

/** The flash of a configured board. */
async function flashOf(options: CardLifeOptions): Promise<MemoryFlash> {
    const { cells, periodSeconds, serial } = options
    return await setUpFlash(
        [
            [Key.SdPeriod, periodSeconds ?? 1],
            [Key.SdCells, cells ? 1 : 0],
            [Key.UserSerial, serial ?? "BMS-1A2B"],
        ],
        options.flash,
    )
}

/** A whole board that logs to the card in its socket, from power-on to power-off. */
export class CardLife {
    /** The reasons why the card could not be used, in order, without repetitions. */
    readonly reasons: string[] = []
    /** The releases that made records, in UTC seconds. */
    readonly made: number[] = []
    /** The lines of the main log as they were made, with their line ends. */
    readonly madeLines: string[] = []
    /** Further work with the card, once per second after the logger's. */
    work: (() => Promise<void>) | undefined

    private constructor(readonly board: NodeBoard) {}

    static async start(
        card: SdCardChip | undefined,
        options: CardLifeOptions = {},
    ): Promise<CardLife> {
        const life = await CardLife.withoutPower(card, options)
        await life.powerUp()
        return life
    }

    static async withoutPower(
        card: SdCardChip | undefined,
        options: CardLifeOptions = {},
    ): Promise<CardLife> {
        const startMs = (options.startSeconds ?? morning) * 1000 - bootMs
        const flash = await flashOf(options)
        const start = new Date(startMs).toISOString()
        const { transferMs, network } = options
        const board = new NodeBoard({ start, flash, pack: new Pack(), transferMs, network })
        if (card) board.socket.insert(card)
        return new CardLife(board)
    }

    /** Turns the power on. Returns half a second before the next whole second, and record. */
    async powerUp(): Promise<void> {
        const { board } = this
        await board.start(bootMs)
        this.watchRecords()
        const phaseMs = board.parts.clock.nowMs() % 1000
        await board.ticks.advance((1500 - phaseMs) % 1000)
    }

    /** Number of mounts of the card since power-on. */
    mounts(): number {
        return this.board.parts?.storage.generation() ?? 0
    }

    get socket(): CardSocket {
        return this.board.socket
    }

    get storage(): Storage {
        return this.board.parts.storage
    }

    get logger(): Logger {
        return this.board.parts.logger
    }

    get history(): History {
        return this.board.parts.uploader.logs.history
    }

    get flash(): MemoryFlash {
        return this.board.flash
    }

    /** The logger's lines. */
    get lines(): string[] {
        return this.board.lines.filter(line => line.startsWith("logger: "))
    }

    nowMs(): number {
        return this.board.nowMs()
    }

    seconds(): number {
        return this.board.parts.clock.nowSeconds()
    }

    /** Waits for the work while the board keeps running. */
    async finish<T>(work: Promise<T>): Promise<T> {
        return await this.board.ticks.finish(work)
    }

    async sync(): Promise<void> {
        await this.finish(this.storage.sync())
    }

    async eject(): Promise<void> {
        await this.finish(this.storage.eject())
    }

    async poll(): Promise<void> {
        await this.finish(this.storage.poll())
    }

    async use<T>(work: (volume: Volume) => Promise<T>): Promise<T> {
        return await this.finish(this.storage.use("test", work))
    }

    async set(key: Key, value: number | string): Promise<void> {
        await this.finish(this.board.parts.settings.apply([key], [value]))
    }

    /** Moves the clock as a person does. */
    async moveClock(seconds: number): Promise<void> {
        const { clock } = this.board.parts
        await this.finish(clock.offer(clock.nowSeconds() + seconds, TimeSource.Person))
    }

    /** Runs the board for this many board seconds, or until `done`. */
    async run(seconds: number, done = () => false): Promise<void> {
        for (const endMs = this.nowMs() + seconds * 1000; this.nowMs() < endMs && !done();) {
            const nextMs = Math.min(endMs, this.nowMs() + 1000)
            while (this.nowMs() < nextMs && !done())
                await this.look(Math.min(100, nextMs - this.nowMs()))
            if (this.work) await this.finish(this.work())
        }
    }

    /** The error flags that are up, as `status` shows them. */
    flags(): string {
        return formatAlarms(this.board.parts.alarms.flags())
    }

    /** The card is mounted and no record waits for it. */
    settled(): boolean {
        return this.storage.mounted() && this.logger.queued() === 0
    }

    /**
     * Runs until everything is on the card again. Throws after `limit` seconds.
     * @returns the seconds that it took
     */
    async settle(limit = 30): Promise<number> {
        const startMs = this.nowMs()
        await this.run(limit, () => this.settled())
        if (!this.settled())
            throw new Error(`not settled in ${limit} s: ${this.storage.lastError || "queue"}`)
        return (this.nowMs() - startMs) / 1000
    }

    private async look(passMs: number): Promise<void> {
        await this.board.ticks.advance(passMs)
        const reason = this.storage.lastError || this.logger.lastError
        if (reason !== "" && reason !== this.reasons.at(-1)) this.reasons.push(reason)
    }

    private watchRecords(): void {
        const queue = this.logger["queue"]
        const add = queue.add.bind(queue)
        queue.add = (kind: LogKind, columns: number, line: string, epochSeconds: number) => {
            if (kind === LogKind.Main) {
                this.made.push(epochSeconds)
                this.madeLines.push(line)
            }
            add(kind, columns, line, epochSeconds)
        }
    }
}
