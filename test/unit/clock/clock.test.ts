import { beforeEach, describe, expect, it } from "vitest"
import { Clock, timeSourceName } from "../../../src/clock/clock"
import { type Flash, TimeSource } from "../../../src/core/seams"
import { Key } from "../../../src/settings/keys"
import { DeviceBuffer } from "../../support/devicebuffer"
import { november, newBoard, release, tenYears, ClockWorld } from "../../support/clockworld"

let world: ClockWorld

beforeEach(() => {
    world = new ClockWorld()
})

describe("clock at the start", () => {
    it("begins in 2024 with the flag up when no time is known", async () => {
        const clock = await world.start()
        expect(clock.nowSeconds()).toBe(newBoard)
        expect(clock.source).toBe(TimeSource.None)
        expect(clock.trusted()).toBe(false)
        expect(world.alarm).toBe(true)
        expect(clock.chipError).toContain("lost the time")
    })

    it("continues from the last time in flash, with the flag up", async () => {
        world.store(november)
        const clock = await world.start()
        world.pass(5)
        expect(clock.nowSeconds()).toBe(november + 5)
        expect(timeSourceName(clock.source)).toBe("flash")
        expect(world.alarm).toBe(true)
    })

    it.each([0, 1, 3])("ignores %d bytes in flash", async count => {
        world.store(november)
        const bytes = DeviceBuffer.alloc(count)
        bytes.set(world.flash.values.get("clock")!.subarray(0, count))
        world.flash.values.set("clock", bytes)
        expect((await world.start()).nowSeconds()).toBe(newBoard)
    })

    it("prefers the chip's time to the flash's", async () => {
        world.store(november)
        world.chipShows(november + 86400)
        const clock = await world.start()
        expect(clock.nowSeconds()).toBe(november + 86400)
        expect(timeSourceName(clock.source)).toBe("RTC chip")
        expect(world.alarm).toBe(false)
        expect(clock.chipError).toBe("")
    })

    it("does not go back behind the last known time for a chip that lost count", async () => {
        world.store(november)
        world.chipShows(november - 3600)
        const clock = await world.start()
        expect(clock.nowSeconds()).toBe(november)
        expect(clock.trusted()).toBe(false)
        expect(clock.chipError).toContain("set the clock")
    })

    it.each([
        ["of 2000", 946684800],
        ["of 2106", 0xffffffff],
    ])("ignores a time %s in flash", async (_title, seconds) => {
        world.store(seconds)
        expect((await world.start()).nowSeconds()).toBe(newBoard)
    })

    it.each([
        ["60 s behind the flash is the better clock", -60, true],
        ["61 s behind the flash has lost count", -61, false],
        ["years ahead is believed: the board was off", 5 * 365 * 86400, true],
        ["ten years ahead of this firmware is believed", tenYears - (november - release), true],
        ["further ahead is not believed: its cell does not last", tenYears + 30 * 86400, false],
        ["of 2053 is not believed", 27 * 365 * 86400, false],
    ])("a chip %s", async (_title, ahead, trusted) => {
        world.store(november)
        world.chipShows(november + ahead)
        const clock = await world.start()
        expect(clock.trusted()).toBe(trusted)
        expect(clock.nowSeconds()).toBe(trusted ? november + ahead : november)
    })

    it.each([
        ["from before the clock's range", Date.UTC(2023, 11, 31, 23, 59, 59) / 1000],
        ["in the next century", Date.UTC(2100, 0, 1) / 1000],
    ])("refuses a chip %s and says so", async (_title, seconds) => {
        world.chipShows(seconds)
        const clock = await world.start()
        expect(clock.trusted()).toBe(false)
        expect(clock.nowSeconds()).toBe(newBoard)
        expect(clock.chipError).toBe("the clock chip has lost the time: set the clock")
    })

    it.each([
        ["the first", 0],
        ["the second", 1],
    ])("does not believe a chip when the bus garbles %s reading", async (_title, garbled) => {
        const chip = { readings: 0, write: async () => {}, read: async () => 0 }
        // Bit 6 of the minutes: still a valid time, 40 minutes off.
        chip.read = async () => november + (chip.readings++ === garbled ? 2400 : 0)
        const alarms = { set: () => {} }
        const settings = { number: () => 0, text: () => "" }
        const read = async (): Promise<undefined> => undefined
        const flash = { read, write: async () => {} } as unknown as Flash
        const clock = new Clock(world.ticks, settings, flash, alarms, chip)
        await clock.start()
        expect(clock.trusted()).toBe(false)
        expect(clock.chipError).not.toBe("")
        await clock.persist()
        expect(clock.nowSeconds()).toBe(november)
        expect(clock.chipError).toBe("")
    })

    it.each([
        ["2053", Date.UTC(2053, 5, 1) / 1000, false],
        ["ten years after this firmware was made", release + tenYears, true],
        ["a second more", release + tenYears + 1, false],
        ["before this firmware was made", newBoard, true],
    ])(
        "a new board checks a chip of %s against its release date",
        async (_title, seconds, trusted) => {
            world.chipShows(seconds)
            const clock = await world.start()
            expect(clock.trusted()).toBe(trusted)
            expect(world.alarm).toBe(!trusted)
            expect(clock.nowSeconds()).toBe(trusted ? seconds : newBoard)
            expect(clock.chipError).toBe(
                trusted ? "" : "the clock chip has lost the time: set the clock",
            )
        },
    )

    it("a board that has stored 2040 believes a chip of 2045", async () => {
        world.store(Date.UTC(2040, 0, 1) / 1000)
        const seconds = Date.UTC(2045, 0, 1) / 1000
        world.chipShows(seconds)
        expect((await world.start()).trusted()).toBe(true)
    })

    it("never runs backwards over starts without any source", async () => {
        world.store(november)
        world.chip.absent = true
        let last = november
        for (let i = 0; i < 5; ++i) {
            const clock = await world.start()
            expect(clock.nowSeconds()).toBeGreaterThanOrEqual(last)
            world.pass(3600)
            await clock.persist()
            last = clock.nowSeconds()
            // Not stored: this time is lost, but the clock never goes back behind the stored one.
            world.pass(1800)
        }
        expect(last).toBe(november + 5 * 3600)
        expect(world.alarm).toBe(true)
    })

    it("works without a chip", async () => {
        world.store(november)
        world.chip.absent = true
        const clock = await world.start()
        expect(clock.nowSeconds()).toBe(november)
        expect(clock.chipError).not.toBe("")
        await clock.offer(november + 100, TimeSource.Person)
        expect(clock.trusted()).toBe(true)
    })
})

describe("running clock", () => {
    it("does not follow a chip that jumps ahead of its own count", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.pass(90000)
        world.chip.offsetSeconds += 61
        await clock.persist()
        expect(clock.nowSeconds()).toBe(november + 90000)
        expect(clock.chipError).toContain("lost the time")
        expect(clock.trusted()).toBe(true)
        // Nor after a power cut; then the chip gets the time.
        expect((await world.start()).trusted()).toBe(false)
        await clock.catchUp()
        expect(world.chip.chipSeconds()).toBe(november + 90000)
        expect(clock.chipError).toBe("")
        const next = await world.start()
        expect([next.nowSeconds(), next.trusted()]).toEqual([november + 90000, true])
    })

    it("gives the time to a chip that has lost it in the meantime", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.pass(90000)
        world.chip.stopOscillator(true)
        await clock.persist()
        expect(clock.chipError).toContain("lost the time")
        world.chip.stopOscillator(false)
        await clock.catchUp()
        expect(clock.chipError).toBe("")
        expect((await world.start()).nowSeconds()).toBe(november + 90000)
    })

    it("follows a chip that is no more than a minute ahead", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.pass(90000)
        world.chip.offsetSeconds += 60
        await clock.persist()
        expect(clock.nowSeconds()).toBe(november + 90060)
    })

    it("does not believe a server that says 2053, but a person", async () => {
        const clock = await world.start()
        const seconds = Date.UTC(2053, 5, 1) / 1000
        await clock.offer(seconds, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(newBoard)
        expect(world.alarm).toBe(true)
        await clock.offer(seconds, TimeSource.Person)
        expect(clock.nowSeconds()).toBe(seconds)
        await clock.offer(seconds + 86400, TimeSource.Person)
        expect((await world.start()).nowSeconds()).toBe(seconds + 86400)
    })

    it("stores the time on request, whatever its source", async () => {
        const clock = await world.start()
        world.pass(3600)
        await clock.persist()
        expect(world.stored()).toBe(newBoard + 3600)
        world.pass(50)
        const next = await world.start()
        expect(next.nowSeconds()).toBe(newBoard + 3600)
    })

    it("follows the chip once the better source is a day old", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.pass(90000)
        world.chip.offsetSeconds += 4
        await clock.persist()
        expect(clock.nowSeconds()).toBe(november + 90004)
        expect(timeSourceName(clock.source)).toBe("RTC chip")
        expect(clock.trusted()).toBe(true)
    })

    it("keeps its own count when the chip stops", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.pass(90000)
        world.chip.stopOscillator(true)
        await clock.persist()
        expect(clock.nowSeconds()).toBe(november + 90000)
        expect(clock.chipError).toContain("lost the time")
    })

    it("knows the zone's offset, also after a change of zone", async () => {
        const clock = await world.start()
        expect(clock.offsetMinutes(november)).toBe(0)
        await world.set(Key.TimeZone, "CET-1CEST,M3.5.0,M10.5.0/3")
        expect(clock.offsetMinutes(november)).toBe(60)
        expect(clock.offsetMinutes(november + 150 * 86400)).toBe(120)
        await world.set(Key.TimeZone, "-03:30")
        expect(clock.offsetMinutes(november)).toBe(-210)
        await world.set(Key.TimeZone, "nowhere")
        expect(clock.offsetMinutes(november)).toBe(0)
    })

    it("counts milliseconds for tasks aligned to it", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Person)
        world.block(250)
        expect(clock.nowMs()).toBe(november * 1000 + 250)
    })
})
