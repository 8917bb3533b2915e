import { beforeEach, describe, expect, test } from "vitest"
import { Alarm } from "../../../src/core/alarm"
import { Alarms } from "../../../src/journal/alarms"
import { Journal } from "../../../src/journal/journal"
import { FakeClock } from "../../support/fakeclock"
import { FakeTicks } from "../../support/faketicks"
import { MemoryFlash } from "../../support/memoryflash"

let flash: MemoryFlash
let ticks: FakeTicks
let clock: FakeClock
let journal: Journal
let alarms: Alarms

async function boot(): Promise<void> {
    ticks = new FakeTicks(1000)
    clock = new FakeClock(ticks, 1_800_000_000)
    journal = new Journal(flash)
    await journal.load()
    alarms = new Alarms(ticks, journal)
    alarms.start(clock)
}

/** Lets time pass with a tick every half second. */
async function pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds * 2; ++i) {
        ticks.block(500)
        await alarms.tick()
    }
}

function entries(): string[] {
    const texts: string[] = []
    const last = journal.lastSequence
    for (let number = Math.max(1, last - 31); number <= last; ++number)
        texts.push(
            journal.describe(((number - 1) % 32) + 1, () => "T").slice(2 + `${number}`.length),
        )
    return texts
}

beforeEach(async () => {
    flash = new MemoryFlash()
    await boot()
})

describe("the reason of an entry", () => {
    test("is that of the lasting change, and of no other", async () => {
        alarms.set(Alarm.CellOvervoltage, true, "cell 1")
        await pass(1)
        alarms.set(Alarm.CellOvervoltage, false, "cell 2")
        await pass(1)
        alarms.set(Alarm.CellOvervoltage, true, "cell 3")
        alarms.set(Alarm.CellOvervoltage, true)
        await pass(5)
        alarms.set(Alarm.CellOvervoltage, false)
        await pass(5)
        expect(entries()).toEqual([
            "T CELL_OVERVOLTAGE appeared (cell 3); now: CELL_OVERVOLTAGE",
            "T CELL_OVERVOLTAGE disappeared; now: none",
        ])
    })
})

describe("the debounce", () => {
    test("a change of less than 3 s makes no entry and no flag", async () => {
        alarms.set(Alarm.CellOvervoltage, true)
        await pass(2.5)
        expect(alarms.flags()).toBe(0)
        alarms.set(Alarm.CellOvervoltage, false)
        await pass(10)
        expect(alarms.flags()).toBe(0)
        expect(journal.lastSequence).toBe(0)
    })

    test("a change of 3 s makes an entry, in both directions", async () => {
        alarms.set(Alarm.CellOvervoltage, true)
        await pass(3)
        expect(alarms.flags()).toBe(1)
        alarms.set(Alarm.CellOvervoltage, false)
        await pass(2.5)
        expect(alarms.flags()).toBe(1)
        await pass(0.5)
        expect(alarms.flags()).toBe(0)
        expect(entries()).toEqual([
            "T CELL_OVERVOLTAGE appeared; now: CELL_OVERVOLTAGE",
            "T CELL_OVERVOLTAGE disappeared; now: none",
        ])
    })

    test("a gap restarts the 3 s", async () => {
        alarms.set(Alarm.CellOvervoltage, true)
        await pass(2)
        alarms.set(Alarm.CellOvervoltage, false)
        alarms.set(Alarm.CellOvervoltage, true)
        await pass(2)
        expect(alarms.flags()).toBe(0)
        await pass(1)
        expect(alarms.flags()).toBe(1)
    })

    test("a repeated report changes nothing", async () => {
        for (let i = 0; i < 6; ++i) {
            alarms.set(Alarm.SdCard, true)
            await pass(0.5)
        }
        expect(alarms.flags()).toBe(1 << 16)
    })

    test("two alarms in one second make two entries", async () => {
        alarms.set(Alarm.OvercurrentCharge, true)
        alarms.set(Alarm.SdCard, true)
        await pass(4)
        expect(entries()).toEqual([
            "T OVERCURRENT_CHARGE appeared; now: OVERCURRENT_CHARGE",
            "T SD_CARD appeared; now: OVERCURRENT_CHARGE, SD_CARD",
        ])
    })

    test("an entry made while the clock is not trusted is marked", async () => {
        clock.isTrusted = false
        alarms.set(Alarm.Clock, true)
        await pass(3)
        expect(entries()).toEqual(["T~ CLOCK appeared; now: CLOCK"])
    })
})

describe("after a boot", () => {
    test("a persisting error is not entered again", async () => {
        alarms.set(Alarm.SdCard, true)
        await pass(5)
        await boot()
        await pass(60)
        expect(alarms.flags()).toBe(1 << 16)
        alarms.set(Alarm.SdCard, true)
        await pass(60)
        expect(entries()).toEqual(["T SD_CARD appeared; now: SD_CARD"])
    })

    test("a vanished error is entered as gone once its part reports it", async () => {
        alarms.set(Alarm.SdCard, true)
        await pass(5)
        await boot()
        await pass(60)
        alarms.set(Alarm.SdCard, false)
        await pass(2.5)
        expect(journal.lastSequence).toBe(1)
        await pass(1)
        expect(entries()[1]).toBe("T SD_CARD disappeared; now: none")
    })

    test("an error reported before the journal was read is entered afterwards", async () => {
        const late = new Alarms(ticks, journal)
        late.set(Alarm.Wifi, true)
        ticks.block(5000)
        await late.tick()
        expect(late.flags()).toBe(1 << 19)
        expect(journal.lastSequence).toBe(0)
        late.start(clock)
        await late.tick()
        expect(entries()).toEqual(["T WIFI appeared; now: WIFI"])
    })
})

describe("a flapping flag", () => {
    let up = false
    beforeEach(() => {
        up = false
    })

    async function flap(times: number): Promise<void> {
        for (let i = 0; i < times; ++i) {
            up = !up
            alarms.set(Alarm.CellImbalance, up)
            await pass(4)
        }
    }

    test("makes ten entries, then one that reports it, then none", async () => {
        await flap(100)
        expect(journal.lastSequence).toBe(11)
        expect(entries()[9]).not.toContain("too often")
        expect(entries()[10]).toContain("(too often: not entered for an hour)")
    })

    test("makes entries again an hour later", async () => {
        await flap(13)
        expect(journal.lastSequence).toBe(11)
        await pass(62 * 60)
        await flap(30)
        const after = entries().slice(11)
        expect(after.filter(text => !text.includes("too often")).length).toBe(10)
        expect(after.filter(text => text.includes("too often")).length).toBe(1)
    })

    test("never makes more than 11 entries in any 60 minutes", async () => {
        const times: number[] = []
        let last = 0
        for (let i = 0; i < 5000; ++i) {
            alarms.set(Alarm.CellImbalance, (i & 1) === 0)
            await pass(3 + (i % 5))
            if (journal.lastSequence !== last) times.push(ticks.nowMs())
            last = journal.lastSequence
        }
        expect(times.length).toBeGreaterThan(50)
        for (const begin of times)
            expect(
                times.filter(at => at >= begin && at < begin + 3_600_000).length,
            ).toBeLessThanOrEqual(11)
    })

    test("stays limited over a boot, and does not report it again", async () => {
        await flap(40)
        expect(journal.lastSequence).toBe(11)
        for (let i = 0; i < 5; ++i) {
            await boot()
            await flap(20)
            expect(journal.lastSequence).toBe(11)
        }
        await pass(62 * 60)
        await flap(2)
        expect(journal.lastSequence).toBeGreaterThan(11)
    })

    test("keeps its count over a boot, however the clock changes in between", async () => {
        for (const seconds of [0, 1800, -1800]) {
            flash = new MemoryFlash()
            await boot()
            up = false
            await flap(7)
            expect(journal.lastSequence).toBe(7)
            await boot()
            clock.move(seconds)
            alarms = new Alarms(ticks, journal)
            alarms.start(clock)
            await flap(20)
            expect(entries().filter(text => !text.includes("too often"))).toHaveLength(10)
            expect(entries().filter(text => text.includes("too often"))).toHaveLength(1)
        }
    })

    test("does not count entries more than an hour old at a boot", async () => {
        await flap(11)
        await boot()
        clock.move(3700)
        alarms = new Alarms(ticks, journal)
        alarms.start(clock)
        await flap(20)
        expect(journal.lastSequence).toBe(11 + 11)
    })

    test("does not limit another flag, whose entries show its own current state", async () => {
        await flap(15)
        expect(alarms.flags() & 64).toBe(64)
        alarms.set(Alarm.Ftp, true)
        await pass(4)
        expect(entries().at(-1)).toBe("T FTP appeared; now: CELL_IMBALANCE, FTP")
        await flap(1)
        alarms.set(Alarm.Ftp, false)
        await pass(4)
        expect(entries().at(-1)).toBe("T FTP disappeared; now: none")
    })
})

test("the next tick repeats an entry that the flash refused", async () => {
    alarms.set(Alarm.Wifi, true)
    ticks.block(3000)
    flash.failWrites = 1
    await expect(alarms.tick()).rejects.toThrow("flash:")
    await alarms.tick()
    expect(entries()).toEqual(["T WIFI appeared; now: WIFI"])
})
