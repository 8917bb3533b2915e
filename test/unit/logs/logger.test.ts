import { beforeEach, describe, expect, it } from "vitest"
import { cellHeader, LogKind, mainHeader } from "../../../src/logs/record"
import { Key } from "../../../src/settings/keys"
import { CardEditor } from "../../support/cardeditor"
import { formattedStore, mountStore } from "../../support/cardstore"
import { today, todayCells, measured, LoggerBoard } from "../../support/loggerboard"

let board: LoggerBoard

beforeEach(async () => {
    board = await LoggerBoard.start()
})

describe("logger", () => {
    it("writes a header and one record per release", async () => {
        const { logger } = board
        board.flags = 0x10
        await board.run(2)
        expect(await board.text(today)).toBe(
            mainHeader +
                "\r\n2026-11-22 09:00:00,+00:00,BMS-1A2B,13.200,-1.500,50.0,3.300,3.303,1,4,21.5,22.0,0x00000010" +
                "\r\n2026-11-22 09:01:00,+00:00,BMS-1A2B,13.200,-1.500,50.0,3.300,3.303,1,4,21.5,22.0,0x00000010\r\n",
        )
        expect(logger.recordsWritten(LogKind.Main)).toBe(2)
        expect(logger.recordsWritten(LogKind.Cell)).toBe(0)
        expect(board.paths()).toEqual([today])
    })

    it("marks a time that is only a lower bound with CLOCK, at once", async () => {
        board.flags = 0x10
        board.trusted = false
        await board.run(1)
        board.trusted = true
        await board.run(1)
        const flags = (await board.records(today)).map(line => line.trim().slice(-10))
        expect(flags).toEqual(["0x00100010", "0x00000010"])
    })

    it("stamps a late record with the second of its release", async () => {
        await board.pass(8)
        // Busy from the previous second on.
        board.board.ticks.block(4500)
        await board.pass(0.5)
        expect(await board.times(today)).toEqual(["09:00:00"])
    })

    it("logs a second only once", async () => {
        const { logger } = board
        const log = async () => {
            await board.finish(logger.logRecord())
            await board.finish(logger.flush())
        }
        await board.run(1)
        await log()
        await board.pass(30)
        await log()
        await board.set(Key.SdPeriod, 600)
        await log()
        expect(await board.times(today)).toEqual(["09:00:00"])
    })

    it("also writes the cell log if that is on", async () => {
        const { logger } = board
        await board.run(1)
        await board.set(Key.SdCells, 1)
        await board.run(2)
        expect(await board.text(todayCells)).toBe(
            cellHeader(4, 2) +
                "\r\n2026-11-22 09:01:00,+00:00,BMS-1A2B,3.300,3.301,3.302,3.303,21.5,22.0,0x0000" +
                "\r\n2026-11-22 09:02:00,+00:00,BMS-1A2B,3.300,3.301,3.302,3.303,21.5,22.0,0x0000\r\n",
        )
        expect(logger.recordsWritten(LogKind.Main)).toBe(3)
        expect(logger.recordsWritten(LogKind.Cell)).toBe(2)
    })

    it("logs empty fields in the same columns while the monitor is silent", async () => {
        await board.set(Key.SdCells, 1)
        await board.run(1)
        board.monitorFails = true
        await board.run(1)
        board.monitorFails = false
        board.state = undefined
        await board.run(1)
        const columns = async (path: string) =>
            (await board.records(path)).map(line => line.split(",").length)
        expect(await columns(today)).toEqual([13, 13, 13])
        expect(await columns(todayCells)).toEqual([10, 10, 10])
        expect(board.paths()).toEqual([today, todayCells])
    })

    it("begins a new file with the local day and syncs the old one", async () => {
        const firstSeconds = Date.UTC(2026, 10, 22, 22, 58) / 1000
        board = await LoggerBoard.start({ zone: "CET-1", firstSeconds })
        await board.run(4)
        const before = await board.recorded(today)
        const { left } = await mountStore(board.store.clone())
        expect(await board.times(today)).toEqual(["23:58:00", "23:59:00"])
        expect(await board.times("LOG/20261123.CSV")).toEqual(["00:00:00", "00:01:00"])
        expect(await board.text(today)).toBe(before)
        expect(left).toEqual(["LOG/20261123.CSV"])
    })

    it("stamps the directory entry with the record's local time", async () => {
        board = await LoggerBoard.start({ zone: "<+0130>-1:30" })
        await board.run(1)
        const date = ((2026 - 1980) << 9) | (11 << 5) | 22
        expect(await board.stamp()).toEqual(date * 65536 + ((10 << 11) | (30 << 5)))
    })
})

describe("logger with changed columns", () => {
    beforeEach(async () => {
        await board.set(Key.SdCells, 1)
    })

    it("continues in a further file for that day, and in a plain one the next day", async () => {
        await board.run(1)
        board.state = measured(5)
        await board.run(2)
        board.board.ticks.block(86_400_000)
        await board.run(1)
        expect((await board.text(todayCells)).startsWith(cellHeader(4, 2))).toBe(true)
        expect((await board.text("CELL/26112201.CSV")).startsWith(cellHeader(5, 2))).toBe(true)
        expect(await board.times("CELL/26112201.CSV")).toEqual(["09:01:00", "09:02:00"])
        // Including the release that the leap passed.
        expect((await board.times("CELL/20261123.CSV")).length).toBe(2)
        expect((await board.times(today)).length).toBe(3)
    })

    it("finds the further file after a start, and the first one if it fits again", async () => {
        await board.run(1)
        await board.powerUp()
        board.state = measured(5)
        await board.run(1)
        await board.powerUp()
        await board.run(1)
        board.state = measured(6)
        await board.run(1)
        board.state = measured(4)
        await board.run(1)
        expect(await board.times(todayCells)).toEqual(["09:00:00", "09:04:00"])
        expect(await board.times("CELL/26112201.CSV")).toEqual(["09:01:00", "09:02:00"])
        expect(await board.times("CELL/26112202.CSV")).toEqual(["09:03:00"])
    })

    it("keeps files of older firmware, even today's, and continues beside them", async () => {
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
        const store = await formattedStore(16)
        new CardEditor(store).write(today, main)
        new CardEditor(store).write(todayCells, cell)
        board = await LoggerBoard.start({ store, cells: true })
        await board.run(2)
        await board.powerUp()
        await board.run(1)
        expect(await board.text(today)).toBe(main)
        expect(await board.text(todayCells)).toBe(cell)
        for (const path of ["LOG/26112201.CSV", "CELL/26112201.CSV"])
            expect(await board.times(path)).toEqual(["09:00:00", "09:01:00", "09:02:00"])
        expect(board.lines).toEqual([])
    })

    it("has room for the longest first line", async () => {
        board.state = { ...measured(16), temperatureDeciC: [1, 2, 3, 4] }
        await board.run(1)
        await board.powerUp()
        await board.run(1)
        expect((await board.text(todayCells)).startsWith(cellHeader(16, 4) + "\r\n")).toBe(true)
        expect(await board.times(todayCells)).toEqual(["09:00:00", "09:01:00"])
    })

    it("leaves a file with another header alone", async () => {
        const store = await formattedStore(16)
        new CardEditor(store).write(today, "my own table\r\n1,2,3\r\n")
        board = await LoggerBoard.start({ store })
        await board.run(1)
        expect(await board.text(today)).toBe("my own table\r\n1,2,3\r\n")
        expect(await board.times("LOG/26112201.CSV")).toEqual(["09:00:00"])
    })
})

describe("logger with a moved clock", () => {
    it("continues with the new time after a step forwards", async () => {
        await board.run(1)
        await board.moveClock(3000)
        await board.run(1)
        // Including the release that the step passed.
        expect(await board.times(today)).toEqual(["09:00:00", "09:50:00", "09:51:00"])
    })

    it("continues with the new time after a step back, and keeps all in a power cut", async () => {
        await board.run(2)
        await board.moveClock(-3600)
        await board.run(1)
        expect(await board.recorded(today)).toContain(" 08:02:00,")
        await board.run(1)
        const times = ["09:00:00", "09:01:00", "08:02:00", "08:03:00"]
        expect(await board.times(today)).toEqual(times)
        await board.powerUp()
        await board.run(1)
        expect(await board.times(today)).toEqual([...times, "08:04:00"])
    })

    it("returns to an earlier day's file when it is set back over midnight", async () => {
        board = await LoggerBoard.start({ firstSeconds: Date.UTC(2026, 10, 23, 0, 0) / 1000 })
        await board.run(1)
        await board.moveClock(-61)
        // A line equal to the file's last one would count as written.
        board.state = { ...measured(4), currentMa: 1000 }
        await board.run(3)
        expect(await board.times(today)).toEqual(["23:59:00"])
        expect(await board.times("LOG/20261123.CSV")).toEqual(["00:00:00", "00:00:00", "00:01:00"])
    })
})
