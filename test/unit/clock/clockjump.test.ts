import { beforeEach, describe, expect, it } from "vitest"
import { TimeSource } from "../../../src/core/seams"
import { Key } from "../../../src/settings/keys"
import type { Task } from "../../../src/tasks/task"
import { formattedStore, mountStore, textOn } from "../../support/cardstore"
import { NodeBoard } from "../../support/nodeboard"

// The effect of clock changes on tasks and on the day's file.

const secondsOf = (text: string) => Date.parse(text.replace(" ", "T") + "Z") / 1000

let board: NodeBoard

async function setClock(text: string): Promise<void> {
    await board.parts.clock.offer(secondsOf(text), TimeSource.Person)
}

async function set(keys: Key[], values: (string | number)[]): Promise<void> {
    await board.parts.settings.apply(keys, values)
}

async function sync(): Promise<void> {
    await board.ticks.finish(board.parts.storage.sync())
}

function task(name: string): Task {
    return board.parts.scheduler.tasks.find(one => one.options.name === name)!
}

/** The files of the main log with the times of their records, as another reader finds them. */
async function card(columns = "HH:MM:SS"): Promise<Record<string, string[]>> {
    const store = board.card!
    const names: string[] = []
    const volume = await mountStore(store)
    await volume.list("LOG", async entry => {
        if (!entry.isDirectory) names.push(entry.name)
        return true
    })
    const end = columns === "HH:MM:SS" ? 19 : 26
    const files: Record<string, string[]> = {}
    for (const name of names) {
        const lines = (await textOn(store, "LOG/" + name))!.split("\r\n").slice(1, -1)
        files[name] = lines.map(line => line.slice(11, end))
    }
    return files
}

beforeEach(async () => {
    const start = "2026-11-22T09:00:29.500Z"
    board = await new NodeBoard({ start, card: await formattedStore(64) }).start()
    await board.live(60)
})

describe("the clock is set forwards", () => {
    it("within a day: one record at once, a gap, no lateness, other tasks unaffected", async () => {
        await setClock("2026-11-22 10:30:40")
        const polls = task("card").runs
        await board.live(2)
        await sync()
        // The release of 10:30:00 replaces all skipped ones.
        expect(await card()).toEqual({ "20261122.CSV": ["09:01:00", "10:30:00"] })
        await board.live(80)
        await sync()
        expect(await card()).toEqual({
            "20261122.CSV": ["09:01:00", "10:30:00", "10:31:00", "10:32:00"],
        })
        expect(task("log").latenessMsMax).toBe(0)
        expect(task("card").runs - polls).toBe(41)
    })

    it("by less than a period: no record is doubled or missing", async () => {
        await setClock("2026-11-22 09:01:50")
        await board.live(70)
        await sync()
        expect(await card()).toEqual({
            "20261122.CSV": ["09:01:00", "09:02:00", "09:03:00"],
        })
    })

    it("over midnight: the old day's file is in order, the new day has its own", async () => {
        await setClock("2026-12-31 23:59:50")
        await board.live(80)
        // Not synced: the change of files itself has stored this.
        expect(await card()).toMatchObject({
            "20261122.CSV": ["09:01:00"],
            "20261231.CSV": ["23:59:00"],
        })
        await sync()
        expect(await card()).toMatchObject({ "20270101.CSV": ["00:00:00", "00:01:00"] })
    })
})

describe("the clock is set backwards", () => {
    it("within a day: nothing at once, then the new times after the later records", async () => {
        await setClock("2026-11-22 08:10:50")
        await board.live(5)
        await sync()
        expect(await card()).toEqual({ "20261122.CSV": ["09:01:00"] })
        await board.live(70)
        await sync()
        expect(await card()).toEqual({
            "20261122.CSV": ["09:01:00", "08:11:00", "08:12:00"],
        })
    })

    it("by less than a period: no second gets another record", async () => {
        await board.live(60)
        await setClock("2026-11-22 09:01:50")
        await board.live(75)
        await sync()
        expect(await card()).toEqual({
            "20261122.CSV": ["09:01:00", "09:02:00", "09:03:00"],
        })
    })

    it("with a power cut: all records before and after the step are found again", async () => {
        await board.live(120)
        await setClock("2026-11-22 08:10:50")
        await board.live(132)
        // No sync: the next start finds them past the recorded size.
        await board.start()
        await board.live(60)
        await sync()
        const { "20261122.CSV": times } = await card()
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

    it("over midnight: the earlier day's file continues, and later the other one", async () => {
        await setClock("2026-11-22 23:59:50")
        await board.live(80)
        await setClock("2026-11-22 23:57:50")
        await board.live(220)
        await sync()
        expect(await card()).toEqual({
            "20261122.CSV": ["09:01:00", "23:59:00", "23:58:00", "23:59:00"],
            "20261123.CSV": ["00:00:00", "00:01:00", "00:00:00", "00:01:00"],
        })
    })
})

describe("local time moves", () => {
    it("with another zone: the next record goes to the file of the new local day", async () => {
        await set([Key.TimeZone], ["<+14>-14"])
        await board.live(120)
        await set([Key.TimeZone], ["<-11>11"])
        await board.live(60)
        await sync()
        expect(await card("with offset")).toEqual({
            "20261122.CSV": ["09:01:00,+00:00", "23:02:00,+14:00", "23:03:00,+14:00"],
            "20261121.CSV": ["22:04:00,-11:00"],
        })
    })

    it("when summer time ends: one file has the hour twice, with different offsets", async () => {
        await set([Key.TimeZone, Key.SdPeriod], ["CET-1CEST,M3.5.0,M10.5.0/3", 1800])
        await setClock("2027-10-30 23:59:50")
        await board.live(3 * 3600)
        await sync()
        const { "20271031.CSV": times } = await card("with offset")
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
