import { beforeEach, describe, expect, it } from "vitest"
import { Alarm } from "../../../src/core/alarm"
import { SdCardChip } from "../../../sim/chips/sdcard"
import { cellHeader, LogKind, mainHeader } from "../../../src/logs/record"
import { Key } from "../../../src/settings/keys"
import { CardEditor } from "../../support/cardeditor"
import { CardLife, morning } from "../../support/cardlife"
import { formattedStore, timesOn } from "../../support/cardstore"
import { dayLog, fillUp, reserve } from "../../support/fullcard"
import { oldLine } from "../../support/historylines"
import { MemoryFlash } from "../../support/memoryflash"
import { today, todayCells, measured, LoggerBoard } from "../../support/loggerboard"

let board: LoggerBoard

beforeEach(async () => {
    board = await LoggerBoard.start()
})

describe("logger without a card", () => {
    it("writes the waiting records in order when the card is back", async () => {
        const { logger } = board
        await board.run(1)
        const volume = board.pull()
        await board.run(3)
        expect(logger.queued()).toBe(3)
        expect(board.lines).toEqual(["logger: no SD card, or it does not answer: put one in"])
        board.board.insert(volume)
        await board.run(1)
        expect(await board.times(today)).toEqual([
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
        board = await LoggerBoard.start({ firstSeconds: Date.UTC(2026, 10, 22, 23, 58) / 1000 })
        const volume = board.pull()
        await board.run(3)
        board.board.insert(volume)
        await board.run(1)
        expect(await board.times(today)).toEqual(["23:58:00", "23:59:00"])
        expect(await board.times("LOG/20261123.CSV")).toEqual(["00:00:00", "00:01:00"])
    })

    it("counts records that do not fit into the queue, raises the alarm, and logs it", async () => {
        const { logger } = board
        const volume = board.pull()
        await board.run(60)
        const lost = logger.recordsLost()
        expect(lost).toBe(60 - logger.queued())
        expect(lost).toBeGreaterThan(0)
        expect(board.reports(Alarm.RecordsLost)).toBe(true)
        board.board.insert(volume)
        // The writing task runs more often than records are made.
        await board.pass(5)
        await board.run(1)
        expect((await board.times(today)).length).toBe(61 - lost)
        expect((await board.times(today))[0]).toBe(`09:${String(lost).padStart(2, "0")}:00`)
        expect(board.lines.at(-1)).toBe(
            `logger: ${lost} records lost while the card could not be written`,
        )
        expect(logger.recordsLost()).toBe(lost)
        // The journal enters lasting flags: this one outlives the loss by some seconds.
        await board.run(1)
        expect(board.reports(Alarm.RecordsLost)).toBe(false)
    })

    it("starts afresh on another card and keeps its files", async () => {
        await board.run(2)
        board.pull()
        const other = await formattedStore(16)
        new CardEditor(other).write("LOG/20261001.CSV", "old")
        board.board.insert(other)
        await board.run(1)
        expect(await board.times(today)).toEqual(["09:02:00"])
        expect(await board.text("LOG/20261001.CSV")).toBe("old")
    })

    it("tries again after a failed write, and loses nothing", async () => {
        await board.run(1)
        board.failNextAppend(false)
        await board.run(2)
        expect(await board.times(today)).toEqual(["09:00:00", "09:01:00", "09:02:00"])
    })

    it("does not repeat a record that reached the card although its write failed", async () => {
        const { logger } = board
        await board.run(1)
        board.failNextAppend(true)
        await board.run(2)
        expect(await board.times(today)).toEqual(["09:00:00", "09:01:00", "09:02:00"])
        expect(logger.recordsWritten(LogKind.Main)).toBe(3)
    })
})

describe("logger after a power cut", () => {
    /** At least three records, the last one behind the size in the directory. */
    async function runBehindEntry(path: string): Promise<void> {
        await board.run(1)
        await board.set(Key.SdPeriod, 5)
        await board.pass(10)
        let recorded: string
        do {
            recorded = await board.recorded(path)
            await board.pass(5)
        } while ((await board.recorded(path)) !== recorded)
    }

    it("recovers the end of an earlier day's file", async () => {
        await runBehindEntry(today)
        const before = [mainHeader, ...board.made, ""].join("\r\n")
        expect(await board.recorded(today)).not.toBe(before)
        board.board.ticks.block(5 * 86_400_000)
        await board.powerUp()
        expect(await board.recorded(today)).toBe(before)
        await board.run(1)
        expect(await board.text(today)).toBe(before)
    })

    it("recovers the end of a cell log whose columns have changed since", async () => {
        await board.set(Key.SdCells, 1)
        await runBehindEntry(todayCells)
        const before = [cellHeader(4, 2), ...board.madeCells, ""].join("\r\n")
        expect(await board.recorded(todayCells)).not.toBe(before)
        await board.powerUp()
        expect(await board.recorded(todayCells)).toBe(before)
        board.state = measured(5)
        await board.run(1)
        expect(await board.text(todayCells)).toBe(before)
    })
})

describe("logger on a full card", () => {
    const content = dayLog("2026-11-20")

    async function full(history: string, clusters = 0): Promise<void> {
        const store = await formattedStore(16)
        const editor = new CardEditor(store)
        for (const day of [20, 21]) editor.write(`LOG/202611${day}.CSV`, content)
        if (history) editor.write("LOGSENT.TXT", history)
        fillUp(store, reserve + clusters)
        board = await LoggerBoard.start({ store })
    }

    it("deletes the oldest sent file and continues", async () => {
        const sent = (name: string) => oldLine(name, content.length, "BMS-1A2B-LOG-" + name)
        await full(["20261120.CSV", "20261121.CSV"].map(sent).join(""))
        await board.run(3)
        expect((await board.times(today)).length).toBe(3)
        expect(board.paths().sort()).toEqual(["LOG/20261121.CSV", today])
        expect(board.reports(Alarm.SdFull)).toBe(false)
    })

    it("stops with the flag up if nothing was sent, and continues when there is room", async () => {
        await full("", 2)
        const { logger } = board
        await board.run(1)
        expect(board.reports(Alarm.SdFull)).toBe(false)
        while (!board.reports(Alarm.SdFull)) await board.run(1)
        await board.run(3)
        expect(board.reports(Alarm.SdFull)).toBe(true)
        expect(board.paths().length).toBe(3)
        expect(logger.queued()).toBe(4)
        const { storage } = board.board.parts
        await board.finish(storage.use("test", volume => volume.remove("FILL.BIN")))
        await board.run(1)
        expect(board.reports(Alarm.SdFull)).toBe(false)
        expect((await board.times(today)).length).toBe(board.made.length)
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
