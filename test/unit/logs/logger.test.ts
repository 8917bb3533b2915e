import { beforeEach, describe, expect, it } from "vitest"
import { cellHeader, LogKind, mainHeader } from "../../../src/logs/record"
import { Key } from "../../../src/settings/keys"
import { today, todayCells, measured, LoggerWorld, logAndWrite } from "../../support/loggerworld"

let world: LoggerWorld

beforeEach(() => {
    world = new LoggerWorld()
})

describe("logger", () => {
    it("writes a header and one record per release", async () => {
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

    it("marks a time that is only a lower bound with CLOCK, at once", async () => {
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

    it("logs a second only once", async () => {
        const logger = world.start()
        await logAndWrite(logger)
        world.seconds += 30
        await logAndWrite(logger)
        world.numbers[Key.SdPeriod] = 600
        await logAndWrite(logger)
        expect(world.times(today)).toEqual(["09:00:00"])
    })

    it("also writes the cell log if that is on", async () => {
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

    it("begins a new file with the local day and syncs the old one", async () => {
        world.offset = 60
        world.seconds = Date.UTC(2026, 10, 22, 22, 58) / 1000
        const logger = world.start()
        await world.run(logger, 4)
        expect(world.times(today)).toEqual(["23:58:00", "23:59:00"])
        expect(world.times("LOG/20261123.CSV")).toEqual(["00:00:00", "00:01:00"])
        expect(world.volume.syncs).toEqual([today])
        expect(world.volume.left).toEqual(["LOG/20261123.CSV"])
    })

    it("stamps the directory entry with the record's local time", async () => {
        world.offset = 90
        await world.run(world.start(), 1)
        const date = ((2026 - 1980) << 9) | (11 << 5) | 22
        expect(world.volume.stamp).toEqual(date * 65536 + ((10 << 11) | (30 << 5)))
    })
})

describe("logger with changed columns", () => {
    beforeEach(() => {
        world.numbers[Key.SdCells] = 1
    })

    it("continues in a further file for that day, and in a plain one the next day", async () => {
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

    it("finds the further file after a start, and the first one if it fits again", async () => {
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

    it("leaves a file with another header alone", async () => {
        world.volume.put(today, "my own table\r\n1,2,3\r\n")
        await world.run(world.start(), 1)
        expect(world.volume.text(today)).toBe("my own table\r\n1,2,3\r\n")
        expect(world.times("LOG/26112201.CSV")).toEqual(["09:00:00"])
    })
})

describe("logger with a moved clock", () => {
    it("continues with the new time after a step forwards", async () => {
        const logger = world.start()
        await world.run(logger, 1)
        world.seconds += 3000
        await world.run(logger, 1)
        expect(world.times(today)).toEqual(["09:00:00", "09:51:00"])
    })

    it("continues with the new time after a step back, and keeps all in a power cut", async () => {
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
