import type { BatteryState } from "../../src/battery/state"
import { Alarm } from "../../src/core/alarm"
import type { LogVolume } from "../../src/logs/logcard"
import { Journal } from "../../src/journal/journal"
import { Logger } from "../../src/logs/logger"
import { Retention } from "../../src/logs/retention"
import { Key } from "../../src/settings/keys"
import { morning } from "./cardlife"
import { measurement } from "./measurement"
import { FakeTicks } from "./memorycard"
import { MemoryFlash } from "./memoryflash"
import { MemoryStorage, MemoryVolume } from "./memoryvolume"
import { SentLines } from "./sentlines"

export const today = "LOG/20261122.CSV"
export const todayCells = "CELL/20261122.CSV"

export function measured(cells: number): BatteryState {
    const cellMv = Array.from({ length: cells }, (_, i) => 3300 + i)
    return measurement(cellMv, { packMv: 3300 * cells, currentMa: -1500 })
}

export class LoggerWorld {
    trusted = true
    seconds = morning
    offset = 0
    numbers: Record<number, number> = {
        [Key.SdEnable]: 1,
        [Key.SdPeriod]: 60,
        [Key.SdCells]: 0,
        [Key.BatteryCells]: 4,
    }
    state: BatteryState | undefined = measured(4)
    monitorFails = false
    flags = 0
    alarms: Record<number, boolean> = {}
    lines: string[] = []
    onServer = new SentLines()
    ticks = new FakeTicks()
    card = new MemoryStorage()
    journal = new Journal(new MemoryFlash())

    get volume(): MemoryVolume {
        return this.card.volume!
    }

    /** A logger after a start; the card stays as it was. */
    start(): Logger {
        const clock = {
            nowSeconds: () => this.seconds,
            trusted: () => this.trusted,
            offsetMinutes: () => this.offset,
            offer: async () => {},
        }
        const settings = {
            number: (key: Key) => this.numbers[key],
            text: () => "BMS-1A2B",
        }
        const alarms = {
            set: (alarm: Alarm, active: boolean) => {
                this.alarms[alarm] = active
            },
            flags: () => this.flags,
        }
        const sample = async () => {
            if (this.monitorFails) throw new Error("the monitor does not answer")
            return this.state
        }
        const retention = new Retention(this.ticks, this.onServer.histories)
        const log = (line: string) => this.lines.push(line)
        const { card, journal } = this
        const logger = new Logger(clock, settings, card, sample, alarms, retention, log, journal)
        card.recover = async (volume: LogVolume) => await logger.recover(volume)
        card.restart()
        return logger
    }

    /** Releases the task at each multiple of the period. */
    async run(logger: Logger, records: number): Promise<void> {
        const period = this.numbers[Key.SdPeriod]
        for (let i = 0; i < records; ++i) {
            await logAndWrite(logger)
            this.seconds += period
            this.ticks.ms += period * 1000
        }
    }

    times(path: string): string[] {
        return this.volume.records(path).map(line => line.slice(11, 19))
    }
}

/** One release: makes the record and writes the queue. */
export async function logAndWrite(logger: Logger): Promise<void> {
    await logger.logRecord()
    await logger.flush()
}
