import { beforeEach, describe, expect, it } from "vitest"
import type { BatteryState } from "../../../src/battery/state"
import { Alarm } from "../../../src/core/alarm"
import { SdCardChip } from "../../../sim/chips/sdcard"
import type { LogVolume } from "../../../src/logs/logcard"
import { Journal } from "../../../src/journal/journal"
import { Logger } from "../../../src/logs/logger"
import { cellHeader, LogKind, mainHeader } from "../../../src/logs/record"
import { Retention } from "../../../src/logs/retention"
import { Key } from "../../../src/settings/keys"
import { CardLife, morning } from "../../support/cardlife"
import { formattedStore, timesOn } from "../../support/cardstore"
import { measurement } from "../../support/measurement"
import { FakeTicks } from "../../support/memorycard"
import { MemoryFlash } from "../../support/memoryflash"
import { MemoryStorage, MemoryVolume } from "../../support/memoryvolume"
import { SentLines } from "../../support/sentlines"

const today = "LOG/20261122.CSV"
const todayCells = "CELL/20261122.CSV"

function measured(cells: number): BatteryState {
    const cellMv = Array.from({ length: cells }, (_, i) => 3300 + i)
    return measurement(cellMv, { packMv: 3300 * cells, currentMa: -1500 })
}

class World {
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

    /** A logger after a start; the card is what it was. */
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

    /** The task is released at each multiple of the period. */
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

/** One release: the record is made, and what is queued is written. */
async function logAndWrite(logger: Logger): Promise<void> {
    await logger.logRecord()
    await logger.flush()
}

let world: World

beforeEach(() => {
    world = new World()
})

describe("logger", () => {
    it("writes a header and a record for each release", async () => {
        const logger = world.start()
        world.flags = 0x10
        await world.run(logger, 2)
        expect(world.volume.text(today)).toBe(
            mainHeader +
                "\r\n2026-11-22 09:00:00,+00:00,BMS-1A2B,13.200,-1.500,50.0,3.300,3.303,1,4,21.5,22.0,0x00000010" +
                "\r\n2026-11-22 09:01:00,+00:00,BMS-1A2B,13.200,-1.500,50.0,3.300,3.303,1,4,21.5,22.0,0x00000010\r\n",
        )
        expect(logger.recordsWritten(LogKind.Main)).toBe(2)
        expect(logger.recordsWritten(LogKind.Cell)).toBe(0)
        expect(world.volume.paths()).toEqual([today])
    })

    it("says with CLOCK, at once, that a time is only a lower bound", async () => {
        const logger = await world.start()
        world.flags = 0x10
        world.trusted = false
        await world.run(logger, 1)
        world.trusted = true
        await world.run(logger, 1)
        const flags = world.volume.records(today).map(line => line.trim().slice(-10))
        expect(flags).toEqual(["0x00100010", "0x00000010"])
    })

    it("stamps a late record with the second of its release", async () => {
        const logger = world.start()
        world.seconds += 3
        await logAndWrite(logger)
        expect(world.times(today)).toEqual(["09:00:00"])
    })

    it("logs one second once", async () => {
        const logger = world.start()
        await logAndWrite(logger)
        world.seconds += 30
        await logAndWrite(logger)
        world.numbers[Key.SdPeriod] = 600
        await logAndWrite(logger)
        expect(world.times(today)).toEqual(["09:00:00"])
    })

    it("writes the cell log beside the main log when that is set", async () => {
        const logger = world.start()
        await world.run(logger, 1)
        world.numbers[Key.SdCells] = 1
        await world.run(logger, 2)
        expect(world.volume.text(todayCells)).toBe(
            cellHeader(4, 2) +
                "\r\n2026-11-22 09:01:00,+00:00,BMS-1A2B,3.300,3.301,3.302,3.303,21.5,22.0,0x0000" +
                "\r\n2026-11-22 09:02:00,+00:00,BMS-1A2B,3.300,3.301,3.302,3.303,21.5,22.0,0x0000\r\n",
        )
        expect(logger.recordsWritten(LogKind.Main)).toBe(3)
        expect(logger.recordsWritten(LogKind.Cell)).toBe(2)
    })

    it("logs empty fields in the same columns while the monitor is silent", async () => {
        world.numbers[Key.SdCells] = 1
        const logger = world.start()
        await world.run(logger, 1)
        world.monitorFails = true
        await world.run(logger, 1)
        world.monitorFails = false
        world.state = undefined
        await world.run(logger, 1)
        const columns = (path: string) =>
            world.volume.records(path).map(line => line.split(",").length)
        expect(columns(today)).toEqual([13, 13, 13])
        expect(columns(todayCells)).toEqual([10, 10, 10])
        expect(world.volume.paths()).toEqual([today, todayCells])
    })

    it("begins a new file with the local day and puts the old one in order", async () => {
        world.offset = 60
        world.seconds = Date.UTC(2026, 10, 22, 22, 58) / 1000
        const logger = world.start()
        await world.run(logger, 4)
        expect(world.times(today)).toEqual(["23:58:00", "23:59:00"])
        expect(world.times("LOG/20261123.CSV")).toEqual(["00:00:00", "00:01:00"])
        expect(world.volume.syncs).toEqual([today])
        expect(world.volume.left).toEqual(["LOG/20261123.CSV"])
    })

    it("hands the local time of the record to the card's directory", async () => {
        world.offset = 90
        await world.run(world.start(), 1)
        const date = ((2026 - 1980) << 9) | (11 << 5) | 22
        expect(world.volume.stamp).toEqual(date * 65536 + ((10 << 11) | (30 << 5)))
    })
})

describe("logger whose columns change", () => {
    beforeEach(() => {
        world.numbers[Key.SdCells] = 1
    })

    it("goes on in a further file for that day, and in a plain one the next", async () => {
        const logger = world.start()
        await world.run(logger, 1)
        world.state = measured(5)
        await world.run(logger, 2)
        world.seconds += 86400
        await world.run(logger, 1)
        expect(world.volume.text(todayCells).startsWith(cellHeader(4, 2))).toBe(true)
        expect(world.volume.text("CELL/26112201.CSV").startsWith(cellHeader(5, 2))).toBe(true)
        expect(world.times("CELL/26112201.CSV")).toEqual(["09:01:00", "09:02:00"])
        expect(world.times("CELL/20261123.CSV").length).toBe(1)
        expect(world.times(today).length).toBe(3)
    })

    it("finds the further file again after a start, and the first one when it fits again", async () => {
        await world.run(world.start(), 1)
        world.state = measured(5)
        await world.run(world.start(), 1)
        const logger = world.start()
        await world.run(logger, 1)
        world.state = measured(6)
        await world.run(logger, 1)
        world.state = measured(4)
        await world.run(logger, 1)
        expect(world.times(todayCells)).toEqual(["09:00:00", "09:04:00"])
        expect(world.times("CELL/26112201.CSV")).toEqual(["09:01:00", "09:02:00"])
        expect(world.times("CELL/26112202.CSV")).toEqual(["09:03:00"])
    })

    it("leaves the files of older firmware, of today too, and goes on beside them", async () => {
        const old = (header: string, fields: string) =>
            `${header}\r\n2026-11-22 08:59:00,+00:00,BMS-1A2B,${fields}\r\n`
        const main = old(
            mainHeader.replace("errors_hex", "errors"),
            "13.200,-1.500,50.0,3.300,3.303,1,4,21.5,22.0,00000010",
        )
        const cell = old(
            cellHeader(4, 2).replace("balancing_hex", "balancing"),
            "3.300,3.301,3.302,3.303,21.5,22.0,0000",
        )
        world.volume.put(today, main)
        world.volume.put(todayCells, cell)
        await world.run(await world.start(), 2)
        await world.run(await world.start(), 1)
        expect(world.volume.text(today)).toBe(main)
        expect(world.volume.text(todayCells)).toBe(cell)
        for (const path of ["LOG/26112201.CSV", "CELL/26112201.CSV"])
            expect(world.times(path)).toEqual(["09:00:00", "09:01:00", "09:02:00"])
        expect(world.lines).toEqual([])
    })

    it("has room for the longest first line", async () => {
        world.state = { ...measured(16), temperatureDeciC: [1, 2, 3, 4] }
        await world.run(await world.start(), 1)
        await world.run(await world.start(), 1)
        expect(world.volume.text(todayCells).startsWith(cellHeader(16, 4) + "\r\n")).toBe(true)
        expect(world.times(todayCells)).toEqual(["09:00:00", "09:01:00"])
    })

    it("leaves a file of another header alone", async () => {
        world.volume.put(today, "my own table\r\n1,2,3\r\n")
        await world.run(world.start(), 1)
        expect(world.volume.text(today)).toBe("my own table\r\n1,2,3\r\n")
        expect(world.times("LOG/26112201.CSV")).toEqual(["09:00:00"])
    })
})

describe("logger without a card", () => {
    it("writes what waited when the card is back, in order", async () => {
        const logger = world.start()
        await world.run(logger, 1)
        const volume = world.card.pull()
        await world.run(logger, 3)
        expect(logger.queued()).toBe(3)
        expect(world.lines).toEqual(["logger: no card: insert one"])
        world.card.insert(volume)
        await world.run(logger, 1)
        expect(world.times(today)).toEqual([
            "09:00:00",
            "09:01:00",
            "09:02:00",
            "09:03:00",
            "09:04:00",
        ])
        expect(logger.queued()).toBe(0)
        expect(logger.recordsLost()).toBe(0)
        expect(logger.lastError).toBe("")
    })

    it("puts each waiting record into the file of its own day", async () => {
        world.seconds = Date.UTC(2026, 10, 22, 23, 58) / 1000
        const logger = world.start()
        const volume = world.card.pull()
        await world.run(logger, 3)
        world.card.insert(volume)
        await world.run(logger, 1)
        expect(world.times(today)).toEqual(["23:58:00", "23:59:00"])
        expect(world.times("LOG/20261123.CSV")).toEqual(["00:00:00", "00:01:00"])
    })

    it("counts what does not fit into the queue, raises the alarm, and says it", async () => {
        const logger = world.start()
        const volume = world.card.pull()
        await world.run(logger, 60)
        const lost = logger.recordsLost()
        expect(lost).toBe(60 - logger.queued())
        expect(lost).toBeGreaterThan(0)
        expect(world.alarms[Alarm.RecordsLost]).toBe(true)
        world.card.insert(volume)
        // The writing task looks more often than records are made.
        await logger.flush()
        await world.run(logger, 1)
        expect(world.times(today).length).toBe(61 - lost)
        expect(world.times(today)[0]).toBe(`09:${String(lost).padStart(2, "0")}:00`)
        expect(world.lines.at(-1)).toBe(
            `logger: ${lost} records lost while the card could not be written`,
        )
        expect(logger.recordsLost()).toBe(lost)
        // The journal enters what lasts: the flag outlives the loss by some seconds.
        await world.run(logger, 1)
        expect(world.alarms[Alarm.RecordsLost]).toBe(false)
    })

    it("begins again on another card and leaves what is there", async () => {
        const logger = world.start()
        await world.run(logger, 2)
        world.card.pull()
        const other = new MemoryVolume()
        other.put("LOG/20261001.CSV", "old")
        world.card.insert(other)
        await world.run(logger, 1)
        expect(world.times(today)).toEqual(["09:02:00"])
        expect(other.text("LOG/20261001.CSV")).toBe("old")
    })

    it("tries again after a failed write, and loses nothing", async () => {
        const logger = world.start()
        await world.run(logger, 1)
        world.volume.nextFault = "the card does not answer"
        await world.run(logger, 2)
        expect(world.times(today)).toEqual(["09:00:00", "09:01:00", "09:02:00"])
    })

    it("does not write a record twice that was on the card when its write failed", async () => {
        const logger = world.start()
        await world.run(logger, 1)
        world.volume.nextFault = "lost answer"
        await world.run(logger, 2)
        expect(world.times(today)).toEqual(["09:00:00", "09:01:00", "09:02:00"])
        expect(logger.recordsWritten(LogKind.Main)).toBe(3)
    })
})

describe("logger after a power cut", () => {
    it("recovers the end of the file of an earlier day", async () => {
        await world.run(world.start(), 3)
        world.seconds += 5 * 86400
        const before = world.volume.text(today)
        await world.run(world.start(), 1)
        expect(world.volume.text(today)).toBe(before)
        expect(world.volume.syncs).toEqual([today])
    })

    it("recovers the end of a cell log whose columns have changed since", async () => {
        world.numbers[Key.SdCells] = 1
        await world.run(world.start(), 3)
        world.state = measured(5)
        const before = world.volume.text(todayCells)
        await world.run(world.start(), 1)
        expect(world.volume.text(todayCells)).toBe(before)
        expect(world.volume.syncs).toContain(todayCells)
    })
})

describe("logger whose clock is moved", () => {
    it("goes on with the new time after a step forwards", async () => {
        const logger = world.start()
        await world.run(logger, 1)
        world.seconds += 3000
        await world.run(logger, 1)
        expect(world.times(today)).toEqual(["09:00:00", "09:51:00"])
    })

    it("goes on with the new time after a step backwards, and keeps it all in a power cut", async () => {
        const logger = world.start()
        await world.run(logger, 2)
        world.seconds -= 3600
        await world.run(logger, 2)
        expect(world.volume.syncs).toEqual([today])
        const times = ["09:00:00", "09:01:00", "08:02:00", "08:03:00"]
        expect(world.times(today)).toEqual(times)
        await world.run(world.start(), 1)
        expect(world.times(today)).toEqual([...times, "08:04:00"])
    })

    it("returns to an earlier day's file when it is set back over midnight", async () => {
        world.seconds = Date.UTC(2026, 10, 23, 0, 0) / 1000
        const logger = world.start()
        await world.run(logger, 1)
        world.seconds -= 120
        await world.run(logger, 3)
        expect(world.times(today)).toEqual(["23:59:00"])
        expect(world.times("LOG/20261123.CSV")).toEqual(["00:00:00", "00:00:00", "00:01:00"])
    })
})

describe("logger on a full card", () => {
    beforeEach(() => {
        world.volume.put("LOG/20261120.CSV", "x".repeat(200))
        world.volume.put("LOG/20261121.CSV", "x".repeat(200))
        world.volume.capacityBytes = 700
    })

    it("makes room with the oldest sent file and goes on", async () => {
        for (const day of [20, 21]) world.onServer.sent.add(`LOG/202611${day}.CSV`)
        const logger = world.start()
        await world.run(logger, 3)
        expect(world.times(today).length).toBe(3)
        expect(world.volume.paths()).toEqual(["LOG/20261121.CSV", today])
        expect(world.alarms[Alarm.SdFull]).toBe(false)
    })

    it("stops with the flag up when nothing was sent, and goes on when there is room", async () => {
        const logger = world.start()
        await world.run(logger, 5)
        expect(world.alarms[Alarm.SdFull]).toBe(true)
        expect(world.volume.paths().length).toBe(3)
        expect(logger.queued()).toBe(4)
        world.volume.capacityBytes = 10000
        await world.run(logger, 1)
        expect(world.alarms[Alarm.SdFull]).toBe(false)
        expect(world.times(today).length).toBe(6)
        expect(logger.recordsLost()).toBe(0)
    })
})

describe("the logger of a whole board, on a FAT volume", () => {
    it("finds every record again after power cuts on two days", async () => {
        const store = await formattedStore(64)
        const made: Record<string, number[]> = {}
        let flash: MemoryFlash | undefined
        let startSeconds = morning
        for (const day of ["20261122", "20261123"]) {
            const options = { cells: true, periodSeconds: 5, startSeconds, flash }
            const board = await CardLife.start(new SdCardChip(store), options)
            await board.run(1500)
            made[day] = board.made
            flash = board.flash
            startSeconds += 86400
            // The power is cut: the next start knows no open file.
            if (day === "20261123") await board.sync()
        }
        for (const [day, times] of Object.entries(made)) {
            expect(times.length).toBe(300)
            for (const log of ["LOG", "CELL"])
                expect(await timesOn(store, `${log}/${day}.CSV`)).toEqual(times)
        }
    })

    it("writes little more than a sector a record", async () => {
        const card = new SdCardChip(await formattedStore(64))
        const board = await CardLife.start(card)
        await board.run(1)
        const before = card.counters.sectorWrites
        await board.run(1000)
        expect((card.counters.sectorWrites - before) / 1000).toBeLessThan(1.3)
        expect(board.logger.recordsWritten(LogKind.Main)).toBe(1001)
    })
})
