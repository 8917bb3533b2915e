import { beforeEach, describe, expect, it } from "vitest"
import { Alarm } from "../../../src/core/alarm"
import { Storage } from "../../../src/fat/storage"
import { Journal, journalKey, Mark } from "../../../src/journal/journal"
import { Logger } from "../../../src/logs/logger"
import { Retention } from "../../../src/logs/retention"
import { eventHeader } from "../../../src/logs/record"
import { Key } from "../../../src/settings/keys"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { morning } from "../../support/cardlife"
import { formattedStore, mountStore, textOn } from "../../support/cardstore"
import { DeviceBuffer } from "../../support/devicebuffer"
import { checkVolume, makeVolume } from "../../support/fatimage"
import { MemoryBlockDevice } from "../../support/memorycard"
import { SleepTicks } from "../../support/sleepticks"
import { MemoryFlash } from "../../support/memoryflash"
import { SentLines } from "../../support/sentlines"
import { hasTool } from "../../support/tools"

// Each journal entry becomes one line of a day's file in EVT: over restarts, power cuts, and with
// removed, changed and foreign cards.

const today = "EVT/20261122.CSV"
const day = 86400
const fsck = hasTool("fsck.fat")
const torn = new Uint8Array(512).fill(0xff)

/** The parts of a board that survive a power cut. */
class Board {
    flash = new MemoryFlash()
    journal!: Journal
    storage!: Storage
    logger!: Logger
    device: MemoryBlockDevice | undefined
    seconds = morning
    offset = 60
    serial = "ACME-7"
    enabled = 1
    lines: string[] = []
    alarms: Partial<Record<Alarm, boolean>> = {}
    readonly onServer = new SentLines()
    private readonly ticks = new SleepTicks()

    constructor(store?: MemoryStore) {
        if (store) this.insert(store)
    }

    insert(store: MemoryStore): MemoryBlockDevice {
        return (this.device = new MemoryBlockDevice(store))
    }

    /** A start: a new mount, and the memory is empty. */
    async start(load = true): Promise<this> {
        const { ticks } = this
        const alarms = {
            set: (alarm: Alarm, active: boolean) => void (this.alarms[alarm] = active),
            flags: () => 0,
        }
        const alone = async (_owner: string, work: () => Promise<unknown>) => await work()
        const open = async () => {
            if (!this.device) throw new Error("no card")
            return this.device
        }
        const journal = (this.journal = new Journal(this.flash))
        const storage = (this.storage = new Storage(open, alone, ticks, alarms))
        const clock = {
            nowSeconds: () => this.seconds,
            trusted: () => true,
            offsetMinutes: () => this.offset,
            offer: async () => {},
        }
        const settings = {
            number: (key: Key) =>
                key === Key.SdEnable ? this.enabled : key === Key.SdPeriod ? 60 : 0,
            text: () => this.serial,
        }
        const retention = new Retention(ticks, this.onServer.histories)
        const log = (line: string) => void this.lines.push(line)
        const sample = async (): Promise<undefined> => undefined
        this.logger = new Logger(clock, settings, storage, sample, alarms, retention, log, journal)
        storage.recover = async volume => await this.logger.recover(volume)
        if (load) await journal.load()
        return this
    }

    /** Changes the card while the board runs. */
    async swap(store: MemoryStore | undefined): Promise<void> {
        if (this.device) await this.storage.eject()
        const gone = this.device
        if (gone) gone.probe = async () => Promise.reject(new Error("away"))
        this.device = undefined
        await this.storage.poll()
        if (store) this.insert(store)
        this.ticks.ms += 3000
        await this.storage.poll()
        await this.storage.poll()
    }

    /** Makes the flag appear, or disappear if it is up. */
    async event(alarm: Alarm = Alarm.Ftp, note?: string, marks = 0): Promise<void> {
        const flags = this.journal.lastFlags ^ (1 << alarm)
        await this.journal.record(this.seconds, flags, alarm, marks, note)
    }

    async events(count: number): Promise<void> {
        for (let i = 0; i < count; ++i) await this.event()
    }

    /** Runs the 2 s task this many times. */
    async write(times = 40): Promise<void> {
        for (let i = 0; i < times; ++i) {
            this.ticks.ms += 2000
            await this.logger.flush()
        }
    }
}

/** The lines of a day's events on a card. */
async function linesOn(store: MemoryStore, path = today): Promise<string[]> {
    const text = await textOn(store, path)
    if (text === undefined) return []
    const lines = text.split("\r\n")
    expect(lines[0]).toBe(eventHeader)
    expect(lines.at(-1)).toBe("")
    return lines.slice(1, -1)
}

async function numbersOn(store: MemoryStore, path = today): Promise<number[]> {
    return (await linesOn(store, path)).map(line => Number(line.split(",")[3]))
}

function range(from: number, to: number): number[] {
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

let store: MemoryStore
let board: Board

beforeEach(async () => {
    store = await formattedStore(16)
    board = await new Board(store).start()
})

describe("a journal entry on the card", () => {
    it("is a line with time, serial number, flag, all flags, and reason", async () => {
        await board.event(Alarm.CellOvervoltage, "cell 7: 3.652 V, limit 3.650 V")
        board.seconds += 3600
        await board.event(Alarm.SdCard, undefined, Mark.ClockUntrusted | Mark.Limited)
        await board.event(Alarm.CellOvervoltage)
        await board.write()
        expect(await textOn(store, today)).toBe(
            "time,utc_offset,serial,number,flag,change,errors_hex,marks,reason\r\n" +
                "2026-11-22 10:00:00,+01:00,ACME-7,1,CELL_OVERVOLTAGE,appeared,0x00000001,0,cell 7: 3.652 V; limit 3.650 V\r\n" +
                "2026-11-22 11:00:00,+01:00,ACME-7,2,SD_CARD,appeared,0x00010001,3,\r\n" +
                "2026-11-22 11:00:00,+01:00,ACME-7,3,CELL_OVERVOLTAGE,disappeared,0x00010000,0,\r\n",
        )
        expect(board.lines).toEqual([])
    })

    it("has as many fields as the header, whatever the foreign text", async () => {
        await board.event(Alarm.Ftp, '530 "no", he said,\r\n,,' + "\u00e4,".repeat(60))
        await board.write()
        const [line] = await linesOn(store)
        expect(line.split(",").length).toBe(eventHeader.split(",").length)
    })

    it("goes to the file of its own local day, whenever it is written", async () => {
        board.device = undefined
        await board.event()
        board.seconds += 14 * 3600
        await board.event()
        board.seconds += 3600
        board.insert(store)
        await board.write()
        expect(await numbersOn(store)).toEqual([1])
        expect(await numbersOn(store, "EVT/20261123.CSV")).toEqual([2])
    })

    it("is written one at a time, after the records, so that others get the card", async () => {
        await board.events(3)
        await board.logger.logRecord()
        await board.write(1)
        expect((await textOn(store, "LOG/20261122.CSV"))!.split("\r\n").length).toBe(3)
        expect(await numbersOn(store)).toEqual([1])
        await board.write(1)
        expect(await numbersOn(store)).toEqual([1, 2])
    })

    it("is written whether records are or not", async () => {
        board.enabled = 0
        await board.events(2)
        await board.write()
        expect(await numbersOn(store)).toEqual([1, 2])
    })

    it("is the only one left out if it is damaged in flash", async () => {
        await board.events(4)
        board.flash.damage(journalKey(2), "x")
        await board.start()
        await board.write()
        expect(await numbersOn(store)).toEqual([1, 3, 4])
    })

    it("is needed before there is a file or a folder", async () => {
        await board.write()
        const volume = await mountStore(store)
        let found = ""
        await volume.list("", async entry => ((found += entry.name), true))
        expect(found).toBe("")
    })
})

describe("each entry is on the card once", () => {
    it("over restarts, even with other time zones and serial numbers", async () => {
        await board.events(3)
        await board.write()
        for (const offset of [60, 120, -60]) {
            board.offset = offset
            board.serial += "X"
            await board.start()
            await board.write()
        }
        await board.event(Alarm.Wifi)
        await board.write()
        expect(await numbersOn(store)).toEqual([1, 2, 3, 4])
    })

    it("even while the journal is still being read from flash", async () => {
        await board.events(40)
        await board.write()
        await board.start(false)
        const { flash } = board
        const read = flash.read.bind(flash)
        flash.read = async key => {
            await board.write(1)
            return await read(key)
        }
        await board.journal.load()
        await board.write()
        expect(await numbersOn(store)).toEqual(range(9, 40))
    })

    it("when the clock goes back to an earlier day and then forward again", async () => {
        for (const step of [0, -3 * day, 60, 3 * day, 600]) {
            board.seconds += step
            await board.event()
            await board.write()
            await board.start()
            await board.write()
        }
        expect(await numbersOn(store)).toEqual([1, 4, 5])
        expect(await numbersOn(store, "EVT/20261119.CSV")).toEqual([2, 3])
    })

    it("after the card was out for days, as far back as the journal goes", async () => {
        await board.events(3)
        await board.write()
        await board.swap(undefined)
        for (let i = 0; i < 5; ++i) {
            board.seconds += day
            await board.events(2)
            await board.write()
        }
        await board.swap(store)
        await board.write()
        for (let i = 0; i < 5; ++i)
            expect(await numbersOn(store, `EVT/202611${23 + i}.CSV`)).toEqual([
                4 + 2 * i,
                5 + 2 * i,
            ])
        await board.swap(undefined)
        await board.events(40)
        await board.swap(store)
        await board.write()
        expect(await numbersOn(store)).toEqual([1, 2, 3])
        expect(await numbersOn(store, "EVT/20261127.CSV")).toEqual([12, 13, ...range(22, 53)])
    })

    it("even when there were more at once than the journal holds", async () => {
        await board.event()
        await board.write()
        await board.events(5000)
        await board.write()
        expect(await numbersOn(store)).toEqual([1, ...range(4970, 5001)])
    })

    it("for two cards in turn", async () => {
        const other = await formattedStore(16)
        await board.event()
        await board.write()
        await board.swap(other)
        await board.write()
        expect(await numbersOn(other)).toEqual([1])
        await board.event()
        await board.write()
        await board.swap(store)
        await board.write()
        await board.event()
        await board.write()
        await board.swap(other)
        await board.write()
        expect(await numbersOn(store)).toEqual([1, 2, 3])
        expect(await numbersOn(other)).toEqual([1, 2, 3])
    })

    it("even if another board's entry with the same number precedes it", async () => {
        await board.events(3)
        await board.write()
        const other = new Board(store)
        Object.assign(other, { serial: "B", seconds: morning + 5 })
        await other.start()
        await other.events(3)
        await other.write()
        await other.start()
        await other.write()
        const lines = await linesOn(store)
        const numbers = (serial: string) =>
            lines.filter(line => line.includes(`,${serial},`)).map(line => line.split(",")[3])
        expect(numbers("ACME-7")).toEqual(["1", "2", "3"])
        expect(numbers("B")).toEqual(["1", "2", "3"])
    })
})

const cards: Record<string, () => Promise<MemoryStore>> = {
    "with a redo log": () => formattedStore(16),
}
if (hasTool("mkfs.fat")) cards["of a PC, without one"] = async () => makeVolume(16, "-F16", "-s2")

describe.each(Object.keys(cards))("after a power cut, on a card %s,", title => {
    /** With three entries on the card, makes two more; the power goes after `writes` writes. */
    async function cutAfter(writes: number, tear: boolean): Promise<boolean> {
        store = await cards[title]()
        board = await new Board(store).start()
        await board.events(3)
        await board.write()
        await board.start()
        await board.events(2)
        const device = board.insert(store)
        device.writesLeft = writes
        device.onWrite = block => {
            if (tear && device.writesLeft === 0) store.write(block, torn)
        }
        await board.write(6)
        const cut = device.writesLeft < 0
        board.insert(store)
        await board.start()
        await board.events(2)
        await board.write(20)
        return cut
    }

    it.each([false, true])("each entry exists once, in order; last write torn: %s", async tear => {
        let writes = 0
        // Without a redo log a torn directory sector loses its contents.
        const once = !tear || title.startsWith("with a")
        for (; await cutAfter(writes, tear); ++writes) {
            if (once) expect(await numbersOn(store), `${writes}`).toEqual(range(1, 7))
            if (once && fsck && writes % 3 === 0)
                expect(checkVolume(store).clean, `${writes}`).toBe(true)
        }
        expect(writes).toBeGreaterThan(once ? 7 : 6)
    })
})

describe("an event that cannot be written", () => {
    async function fill(free: number): Promise<void> {
        const volume = await mountStore(store)
        const piece = DeviceBuffer.from("x".repeat(volume.clusterBytes)) as never
        const file = await volume.openForAppend("FILL.BIN", "")
        while (volume.freeBytes() === undefined) await volume.table.countFree(64)
        while (volume.freeBytes()! > free * volume.clusterBytes) await file.append(piece)
        await file.close()
        await volume.sync()
    }

    it("waits for room on a full card, which others can use in the meantime", async () => {
        await fill(4)
        await board.start()
        await board.logger.logRecord()
        await board.event()
        await board.write()
        expect(board.alarms[Alarm.SdFull]).toBe(true)
        await board.storage.use("test", async volume => {
            const file = await volume.openForAppend("LOGSENT.TXT", "")
            await file.append(DeviceBuffer.from("line\r\n") as never)
            await file.close()
        })
        await board.storage.use("test", async volume => await volume.remove("FILL.BIN"))
        await board.logger.logRecord()
        await board.write()
        expect(board.alarms[Alarm.SdFull]).toBe(false)
        expect(await numbersOn(store)).toEqual([1])
    })

    it("makes room as a record does, but never deletes events", async () => {
        await board.event()
        await board.write()
        const volume = await mountStore(store)
        for (const name of ["20261101.CSV", "20261102.CSV"]) {
            await (await volume.openForAppend("LOG/" + name, "time\r\n")).close()
            board.onServer.sent.add("LOG/" + name)
        }
        board.onServer.sent.add(today)
        await fill(4)
        board.seconds += day
        await board.start()
        await board.logger.logRecord()
        await board.event()
        await board.write()
        expect(await numbersOn(store)).toEqual([1])
        expect(await numbersOn(store, "EVT/20261123.CSV")).toEqual([2])
        expect(await textOn(store, "LOG/20261101.CSV")).toBeUndefined()
    })

    it("delays no record, and says why it cannot be written", async () => {
        const volume = await mountStore(store)
        await (await volume.openForAppend("EVT", "a file of mine\r\n")).close()
        await board.start()
        await board.event()
        for (let i = 0; i < 5; ++i) {
            board.seconds += 60
            await board.logger.logRecord()
            await board.write(1)
        }
        await board.storage.sync()
        expect((await textOn(store, "LOG/20261122.CSV"))!.split("\r\n").length).toBe(7)
        expect(board.lines).toEqual(["logger: EVT on the card is not a directory: rename it"])
        expect(await textOn(store, "EVT")).toBe("a file of mine\r\n")
    })
})
