import { beforeEach, describe, expect, it } from "vitest"
import { Ds3231Chip } from "../../../sim/chips/ds3231"
import { Clock } from "../../../src/clock/clock"
import { Ds3231 } from "../../../src/clock/ds3231"
import { type I2cBus, TimeSource } from "../../../src/core/seams"
import { formatVolume } from "../../../src/fat/format"
import { Storage } from "../../../src/fat/storage"
import { Volume } from "../../../src/fat/volume"
import { Journal } from "../../../src/journal/journal"
import { Logger } from "../../../src/logs/logger"
import { Retention } from "../../../src/logs/retention"
import { Key } from "../../../src/settings/keys"
import { Settings } from "../../../src/settings/settings"
import { Scheduler } from "../../../src/tasks/scheduler"
import { ChipI2cBus } from "../../support/chipi2cbus"
import { DeviceBuffer } from "../../support/devicebuffer"
import { FakeTicks } from "../../support/faketicks"
import { blankStore, MemoryBlockDevice } from "../../support/memorycard"
import { MemoryFlash } from "../../support/memoryflash"
import { SentLines } from "../../support/sentlines"
import { Turns } from "../../support/turns"

// What becomes of tasks and of the day's file when the clock is moved: clock, settings, scheduler, logger
// and file system are the firmware's own, put together as it does.

const secondsOf = (text: string) => Date.parse(text.replace(" ", "T") + "Z") / 1000

class Board {
    readonly device = new MemoryBlockDevice(blankStore(64))
    readonly flash = new MemoryFlash()
    ticks = new FakeTicks(500)
    clock!: Clock
    settings!: Settings
    scheduler!: Scheduler
    storage!: Storage
    /** Runs of a task that has a period of 2 s since the start. */
    polls = 0
    private worldMs = 0
    private readonly chip: Ds3231Chip

    constructor(start: string) {
        const nowSeconds = () => (this.worldMs + this.ticks.nowMs()) / 1000
        this.chip = new Ds3231Chip({ nowSeconds, startSeconds: secondsOf(start) })
    }

    /** A start; flash and card are what they were. */
    async start(): Promise<void> {
        this.scheduler?.stop(0)
        this.worldMs += this.ticks.nowMs()
        const ticks = (this.ticks = new FakeTicks())
        const { flash } = this
        const alarms = { set: () => {}, flags: () => 0 }
        const settings = (this.settings = new Settings(flash, alarms, "AB12", new Turns()))
        await settings.load()
        const bus = new ChipI2cBus([this.chip]) as unknown as I2cBus
        const clock = (this.clock = new Clock(ticks, settings, flash, alarms, new Ds3231(bus)))
        await clock.start()
        const alone = async (_owner: string, work: () => Promise<unknown>) => await work()
        const storage = (this.storage = new Storage(async () => this.device, alone, ticks, alarms))
        const retention = new Retention(ticks, new SentLines().histories)
        const sample = async (): Promise<undefined> => undefined
        const log = () => {}
        const journal = new Journal(flash)
        const logger = new Logger(clock, settings, storage, sample, alarms, retention, log, journal)
        storage.recover = async volume => await logger.recover(volume)
        const spawn = (work: () => Promise<void>): void => void work()
        const scheduler = (this.scheduler = new Scheduler(ticks, () => clock.nowMs(), spawn, log))
        scheduler.add({
            name: "log",
            periodMs: () => settings.number(Key.SdPeriod) * 1000,
            alignToClock: true,
            deadlineMs: 60_000,
            job: async () => {
                await logger.logRecord()
                await logger.flush()
            },
        })
        scheduler.add({
            name: "card",
            periodMs: () => 2000,
            deadlineMs: 60_000,
            job: async () => void ++this.polls,
        })
        scheduler.start()
    }

    async pass(seconds: number): Promise<void> {
        for (let i = 0; i < seconds; ++i) await this.ticks.advance(1000)
    }

    async setClock(text: string): Promise<void> {
        await this.clock.offer(secondsOf(text), TimeSource.Person)
    }

    /** The files of the main log with the times of their records, as another reader finds them. */
    async card(columns = "HH:MM:SS"): Promise<Record<string, string[]>> {
        const volume = await Volume.mount(this.device, this.ticks)
        const files: Record<string, string[]> = {}
        await volume.list("LOG", async entry => {
            if (entry.isDirectory) return true
            const file = (await volume.open("LOG/" + entry.name))!
            const bytes = DeviceBuffer.alloc(file.byteCount())
            await file.read(0, bytes as unknown as Buffer, bytes.length)
            file.close()
            const lines = bytes.toString().split("\r\n").slice(1, -1)
            const end = columns === "HH:MM:SS" ? 19 : 26
            files[entry.name] = lines.map(line => line.slice(11, end))
            return true
        })
        return files
    }
}

let board: Board

beforeEach(async () => {
    board = new Board("2026-11-22 09:00:30")
    await formatVolume(board.device, "BMSMINI")
    await board.start()
    await board.pass(60)
})

describe("the clock is set forwards", () => {
    it("within a day: one record at once, a gap, no lateness, and other tasks as ever", async () => {
        await board.setClock("2026-11-22 10:30:40")
        const polls = board.polls
        await board.pass(2)
        await board.storage.sync()
        // The release of 10:30:00 stands for all that were jumped over.
        expect(await board.card()).toEqual({ "20261122.CSV": ["09:01:00", "10:30:00"] })
        await board.pass(80)
        await board.storage.sync()
        expect(await board.card()).toEqual({
            "20261122.CSV": ["09:01:00", "10:30:00", "10:31:00", "10:32:00"],
        })
        expect(board.scheduler.tasks[0].latenessMsMax).toBe(0)
        expect(board.polls - polls).toBe(41)
    })

    it("by less than a period: no record is doubled or left out", async () => {
        await board.setClock("2026-11-22 09:01:50")
        await board.pass(70)
        await board.storage.sync()
        expect(await board.card()).toEqual({
            "20261122.CSV": ["09:01:00", "09:02:00", "09:03:00"],
        })
    })

    it("over midnight: the old day's file is in order, the new day has its own", async () => {
        await board.setClock("2026-12-31 23:59:50")
        await board.pass(80)
        // Not synced: what the change of files itself has made sure of.
        expect(await board.card()).toMatchObject({
            "20261122.CSV": ["09:01:00"],
            "20261231.CSV": ["23:59:00"],
        })
        await board.storage.sync()
        expect(await board.card()).toMatchObject({ "20270101.CSV": ["00:00:00", "00:01:00"] })
    })
})

describe("the clock is set backwards", () => {
    it("within a day: nothing at once, then the new time behind the later records", async () => {
        await board.setClock("2026-11-22 08:10:50")
        await board.pass(5)
        await board.storage.sync()
        expect(await board.card()).toEqual({ "20261122.CSV": ["09:01:00"] })
        await board.pass(70)
        await board.storage.sync()
        expect(await board.card()).toEqual({
            "20261122.CSV": ["09:01:00", "08:11:00", "08:12:00"],
        })
    })

    it("by less than a period: the second that has its record gets no other", async () => {
        await board.pass(60)
        await board.setClock("2026-11-22 09:01:50")
        await board.pass(75)
        await board.storage.sync()
        expect(await board.card()).toEqual({
            "20261122.CSV": ["09:01:00", "09:02:00", "09:03:00"],
        })
    })

    it("and the power goes: the records before and after the step are all found again", async () => {
        await board.pass(120)
        await board.setClock("2026-11-22 08:10:50")
        await board.pass(130)
        // No sync: the next start finds them behind the recorded size.
        await board.start()
        await board.pass(60)
        await board.storage.sync()
        const { "20261122.CSV": times } = await board.card()
        expect(times.slice(0, 6)).toEqual([
            "09:01:00",
            "09:02:00",
            "09:03:00",
            "08:11:00",
            "08:12:00",
            "08:13:00",
        ])
        expect(times.slice(6)).toEqual(["08:14:00"])
    })

    it("over midnight: the earlier day's file goes on, and later the other one", async () => {
        await board.setClock("2026-11-22 23:59:50")
        await board.pass(80)
        await board.setClock("2026-11-22 23:57:50")
        await board.pass(220)
        await board.storage.sync()
        expect(await board.card()).toEqual({
            "20261122.CSV": ["09:01:00", "23:59:00", "23:58:00", "23:59:00"],
            "20261123.CSV": ["00:00:00", "00:01:00", "00:00:00", "00:01:00"],
        })
    })
})

describe("local time moves", () => {
    it("with another zone: the next record is in the file of the new local day", async () => {
        await board.settings.apply([Key.TimeZone], ["<+14>-14"])
        await board.pass(120)
        await board.settings.apply([Key.TimeZone], ["<-11>11"])
        await board.pass(60)
        await board.storage.sync()
        expect(await board.card("with offset")).toEqual({
            "20261122.CSV": ["09:01:00,+00:00", "23:02:00,+14:00", "23:03:00,+14:00"],
            "20261121.CSV": ["22:04:00,-11:00"],
        })
    })

    it("when summer time ends: the hour comes twice in one file, told apart by its offset", async () => {
        await board.settings.apply(
            [Key.TimeZone, Key.SdPeriod],
            ["CET-1CEST,M3.5.0,M10.5.0/3", 1800],
        )
        await board.setClock("2027-10-30 23:59:50")
        await board.pass(3 * 3600)
        await board.storage.sync()
        const { "20271031.CSV": times } = await board.card("with offset")
        expect(times).toEqual([
            "02:00:00,+02:00",
            "02:30:00,+02:00",
            "02:00:00,+01:00",
            "02:30:00,+01:00",
            "03:00:00,+01:00",
            "03:30:00,+01:00",
        ])
    })
})
