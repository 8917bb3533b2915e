import { beforeEach, describe, expect, it } from "vitest"
import { Alarm } from "../../../src/core/alarm"
import { SdCardChip } from "../../../sim/chips/sdcard"
import { LogKind } from "../../../src/logs/record"
import { Key } from "../../../src/settings/keys"
import { CardLife, morning } from "../../support/cardlife"
import { formattedStore, timesOn } from "../../support/cardstore"
import { MemoryFlash } from "../../support/memoryflash"
import { MemoryVolume } from "../../support/memoryvolume"
import { today, todayCells, measured, LoggerWorld } from "../../support/loggerworld"

let world: LoggerWorld

beforeEach(() => {
    world = new LoggerWorld()
})

describe("logger without a card", () => {
    it("writes the waiting records in order when the card is back", async () => {
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

    it("counts records that do not fit into the queue, raises the alarm, and logs it", async () => {
        const logger = world.start()
        const volume = world.card.pull()
        await world.run(logger, 60)
        const lost = logger.recordsLost()
        expect(lost).toBe(60 - logger.queued())
        expect(lost).toBeGreaterThan(0)
        expect(world.alarms[Alarm.RecordsLost]).toBe(true)
        world.card.insert(volume)
        // The writing task runs more often than records are made.
        await logger.flush()
        await world.run(logger, 1)
        expect(world.times(today).length).toBe(61 - lost)
        expect(world.times(today)[0]).toBe(`09:${String(lost).padStart(2, "0")}:00`)
        expect(world.lines.at(-1)).toBe(
            `logger: ${lost} records lost while the card could not be written`,
        )
        expect(logger.recordsLost()).toBe(lost)
        // The journal enters lasting flags: this one outlives the loss by some seconds.
        await world.run(logger, 1)
        expect(world.alarms[Alarm.RecordsLost]).toBe(false)
    })

    it("starts afresh on another card and keeps its files", async () => {
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

    it("does not repeat a record that reached the card although its write failed", async () => {
        const logger = world.start()
        await world.run(logger, 1)
        world.volume.nextFault = "lost answer"
        await world.run(logger, 2)
        expect(world.times(today)).toEqual(["09:00:00", "09:01:00", "09:02:00"])
        expect(logger.recordsWritten(LogKind.Main)).toBe(3)
    })
})

describe("logger after a power cut", () => {
    it("recovers the end of an earlier day's file", async () => {
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

describe("logger on a full card", () => {
    beforeEach(() => {
        world.volume.put("LOG/20261120.CSV", "x".repeat(200))
        world.volume.put("LOG/20261121.CSV", "x".repeat(200))
        world.volume.capacityBytes = 700
    })

    it("deletes the oldest sent file and continues", async () => {
        for (const day of [20, 21]) world.onServer.sent.add(`LOG/202611${day}.CSV`)
        const logger = world.start()
        await world.run(logger, 3)
        expect(world.times(today).length).toBe(3)
        expect(world.volume.paths()).toEqual(["LOG/20261121.CSV", today])
        expect(world.alarms[Alarm.SdFull]).toBe(false)
    })

    it("stops with the flag up if nothing was sent, and continues when there is room", async () => {
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
            // A power cut: the next start knows no open file.
            if (day === "20261123") await board.sync()
        }
        for (const [day, times] of Object.entries(made)) {
            expect(times.length).toBe(300)
            for (const log of ["LOG", "CELL"])
                expect(await timesOn(store, `${log}/${day}.CSV`)).toEqual(times)
        }
    })

    it("writes little more than a sector per record", async () => {
        const card = new SdCardChip(await formattedStore(64))
        const board = await CardLife.start(card)
        await board.run(1)
        const before = card.counters.sectorWrites
        await board.run(1000)
        expect((card.counters.sectorWrites - before) / 1000).toBeLessThan(1.3)
        expect(board.logger.recordsWritten(LogKind.Main)).toBe(1001)
    })
})
