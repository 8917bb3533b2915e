import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { Pack } from "../../sim/pack"
import type { BatteryState } from "../../src/battery/state"
import { Fault, FaultCode } from "../../src/core/fault"
import { TimeSource } from "../../src/core/seams"
import type { LogFile } from "../../src/logs/logcard"
import type { Logger } from "../../src/logs/logger"
import { LogKind } from "../../src/logs/record"
import { Key } from "../../src/settings/keys"
import { BoardWithCard } from "./boardwithcard"
import { CardEditor } from "./cardeditor"
import { morning } from "./cardlife"
import { formattedStore, textOn } from "./cardstore"
import { measurement } from "./measurement"
import { NodeBoard } from "./nodeboard"
import { setUpFlash } from "./setupflash"

export const today = "LOG/20261122.CSV"
export const todayCells = "CELL/20261122.CSV"

export function measured(cells: number): BatteryState {
    const cellMv = Array.from({ length: cells }, (_, i) => 3300 + i)
    return measurement(cellMv, { packMv: 3300 * cells, currentMa: -1500 })
}

export interface LoggerBoardOptions {
    /** Its first record, UTC seconds; 09:00:00 otherwise. */
    firstSeconds?: number
    zone?: string
    cells?: boolean
    store?: MemoryStore
}

const periodSeconds = 60
/** More than a start takes. */
const beforeFirstSeconds = 10

/**
 * A whole board with one record per minute. A test sets the measurement, the flags and whether the
 * time is trusted. Time between two records passes in a leap.
 */
export class LoggerBoard extends BoardWithCard {
    state: BatteryState | undefined = measured(4)
    monitorFails = false
    flags = 0
    trusted = true
    /** The main log's lines as they were made. */
    readonly made: string[] = []
    readonly madeCells: string[] = []

    private constructor(board: NodeBoard) {
        super(board, "logger: ")
    }

    /** Ten seconds before its first record. */
    static async start(options: LoggerBoardOptions = {}): Promise<LoggerBoard> {
        const { firstSeconds, zone, cells, store } = options
        const flash = await setUpFlash([
            [Key.SdPeriod, periodSeconds],
            [Key.SdCells, cells ? 1 : 0],
            [Key.BatteryCells, 4],
            [Key.UserSerial, "BMS-1A2B"],
            [Key.TimeZone, zone ?? "UTC0"],
        ])
        const startMs = ((firstSeconds ?? morning) - beforeFirstSeconds) * 1000
        const start = new Date(startMs).toISOString()
        const card = store ?? (await formattedStore(16))
        const made = new LoggerBoard(new NodeBoard({ start, flash, card, pack: new Pack() }))
        await made.powerUp()
        return made
    }

    /** Also after a power cut. */
    async powerUp(): Promise<void> {
        await this.board.start()
        const { battery, alarms, clock, logger } = this.board.parts
        const last = () => {
            if (this.monitorFails) throw new Error("the monitor does not answer")
            return this.state
        }
        Object.defineProperty(battery, "last", { get: last, set: () => {} })
        const flags = alarms.flags.bind(alarms)
        alarms.flags = () => flags() | this.flags
        const trusted = clock.trusted.bind(clock)
        clock.trusted = () => trusted() && this.trusted
        const queue = logger["queue"]
        const add = queue.add.bind(queue)
        queue.add = (kind: LogKind, columns: number, line: string, epochSeconds: number) => {
            const made = kind === LogKind.Main ? this.made : this.madeCells
            made.push(line.trimEnd())
            add(kind, columns, line, epochSeconds)
        }
    }

    get logger(): Logger {
        return this.board.parts.logger
    }

    /** Runs until half a second after each of this many multiples of the period. */
    async run(records: number): Promise<void> {
        const { ticks, parts } = this.board
        for (let i = 0; i < records; ++i) {
            const leftMs = periodSeconds * 1000 - (parts.clock.nowMs() % (periodSeconds * 1000))
            ticks.block(Math.max(0, leftMs - 1000))
            await ticks.advance(1500)
        }
    }

    /** A person moves the clock. */
    async moveClock(seconds: number): Promise<void> {
        const { clock } = this.board.parts
        await this.finish(clock.offer(clock.nowSeconds() + seconds, TimeSource.Person))
    }

    /** FAT date and time of the next write. */
    async stamp(): Promise<number> {
        const { storage } = this.board.parts
        return await this.finish(storage.use("test", async volume => volume.stamp))
    }

    /**
     * The next write to the main log's open file fails.
     * @param written the data arrives nevertheless
     */
    failNextAppend(written: boolean): void {
        const file = this.logger["files"].place(LogKind.Main).file as LogFile
        const append = file.append.bind(file)
        file.append = async data => {
            if (written) await append(data)
            throw new Fault(FaultCode.CardTimeout, "the card does not answer", 24)
        }
    }

    pull(): MemoryStore {
        this.board.socket.pull()
        return this.store
    }

    /** The logs' paths on the card. */
    paths(): string[] {
        return new CardEditor(this.store).paths().filter(path => /^(LOG|CELL)\//.test(path))
    }

    /** A file as the directory has it, once everything is written. */
    async text(path: string): Promise<string> {
        await this.finish(this.board.parts.storage.sync())
        return await this.recorded(path)
    }

    /** A file as the directory has it now. */
    async recorded(path: string): Promise<string> {
        return (await textOn(this.store.clone(), path)) ?? ""
    }

    /** The records of a file, without its header. */
    async records(path: string): Promise<string[]> {
        return (await this.text(path)).split("\r\n").slice(1, -1)
    }

    async times(path: string): Promise<string[]> {
        return (await this.records(path)).map(line => line.slice(11, 19))
    }
}
