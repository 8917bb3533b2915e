import { beforeEach, describe, expect, it } from "vitest"
import { Clock, timeSourceName } from "../../../src/clock/clock"
import { FaultCode } from "../../../src/core/fault"
import { type Flash, TimeSource } from "../../../src/core/seams"
import { november, newBoard, ClockWorld } from "../../support/clockworld"

let world: ClockWorld

beforeEach(() => {
    world = new ClockWorld()
})

describe("setting the clock", () => {
    it("passes a person's time to the chip and the flash and clears the flag", async () => {
        const clock = await world.start()
        world.pass(10)
        await clock.offer(november, TimeSource.Person)
        expect(clock.nowSeconds()).toBe(november)
        expect(world.chip.chipSeconds()).toBe(november)
        expect(world.stored()).toBe(november)
        expect(world.alarm).toBe(false)
    })

    it("applies and stores the time even if the chip does not take it, and says so", async () => {
        world.chip.absent = true
        const clock = await world.start()
        await clock.offer(november, TimeSource.Person)
        expect(clock.nowSeconds()).toBe(november)
        expect(world.stored()).toBe(november)
        expect(clock.chipError).not.toBe("")
        world.chip.absent = false
        await clock.offer(november, TimeSource.Person)
        expect(world.chip.chipSeconds()).toBe(november)
        expect(clock.chipError).toBe("")
    })

    it("follows a source that differs by two seconds", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        await clock.offer(november + 2, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(november + 2)
        await clock.offer(november, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(november)
    })

    it.each([
        ["a server", TimeSource.Http],
        ["the chip", TimeSource.Chip],
    ])("also lets %s set it back", async (_title, source) => {
        world.store(november)
        const clock = await world.start()
        await clock.offer(november - 7200, source)
        expect(clock.nowSeconds()).toBe(november - 7200)
        expect(clock.trusted()).toBe(true)
    })

    it("lets a person set it back", async () => {
        world.store(november)
        const clock = await world.start()
        await clock.offer(november - 86400, TimeSource.Person)
        expect(clock.nowSeconds()).toBe(november - 86400)
        expect((await world.start()).nowSeconds()).toBe(november - 86400)
    })

    it("keeps its phase when a source differs by less than two seconds", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.block(1700)
        const writes = world.flash.writes
        await clock.offer(november, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(november + 1)
        world.block(300)
        expect(clock.nowSeconds()).toBe(november + 2)
        expect(clock.nowMs()).toBe((november + 2) * 1000)
        expect(world.flash.writes).toBe(writes)
    })

    it("protects a person's time from lesser sources for a day, and no longer", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Person)
        world.pass(86399)
        await clock.offer(november, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(november + 86399)
        world.pass(1)
        await clock.offer(november + 86500, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(november + 86500)
        expect(timeSourceName(clock.source)).toBe("time server")
    })

    it.each([0, -1, newBoard - 1, Date.UTC(2100, 0, 1) / 1000, NaN])(
        "refuses %d from a person and ignores it from a server",
        async seconds => {
            const clock = await world.start()
            await expect(clock.offer(seconds, TimeSource.Person)).rejects.toMatchObject({
                code: FaultCode.BadValue,
            })
            await clock.offer(seconds, TimeSource.Http)
            expect(clock.nowSeconds()).toBe(newBoard)
            expect(world.alarm).toBe(true)
        },
    )

    it("works past 2038", async () => {
        const clock = await world.start()
        await clock.offer(2147483647, TimeSource.Person)
        world.pass(1)
        expect(clock.nowSeconds()).toBe(2147483648)
        await clock.persist()
        expect((await world.start()).nowSeconds()).toBe(2147483648)
    })
})

describe("setting the clock while the chip is absent", () => {
    /** The chip is months ahead, and absent. */
    async function worldSet(source: TimeSource): Promise<Clock> {
        world.chipShows(november + 90 * 86400)
        const clock = await world.start()
        world.chip.absent = true
        await clock.offer(november, source)
        return clock
    }

    it.each([
        ["a person", TimeSource.Person],
        ["a server", TimeSource.Http],
    ])("passes %s's time to the chip within a minute of its return", async (_title, source) => {
        const clock = await worldSet(source)
        await clock.catchUp()
        expect(clock.chipError).not.toBe("")
        await clock.persist()
        expect(clock.chipError).not.toBe("")
        world.pass(100)
        world.chip.absent = false
        await clock.catchUp()
        expect(world.chip.chipSeconds()).toBe(november + 100)
        expect(clock.chipError).toBe("")
        const next = await world.start()
        expect(next.nowSeconds()).toBe(november + 100)
        expect(next.trusted()).toBe(true)
    })

    it("does not believe the chip's old time after a power cut, and says why", async () => {
        await worldSet(TimeSource.Person)
        world.chip.absent = false
        for (let start = 0; start < 3; ++start) {
            const clock = await world.start()
            expect(clock.nowSeconds()).toBe(november)
            expect(world.alarm).toBe(true)
            await clock.catchUp()
            await clock.persist()
            expect(clock.trusted()).toBe(false)
            expect(clock.chipError).toBe(
                "the clock chip missed the time that was set: set the clock",
            )
        }
        // The chip must not get a lower bound either.
        expect(world.chip.chipSeconds()).toBe(november + 90 * 86400)
        const clock = await world.start()
        await clock.offer(november + 50, TimeSource.Http)
        expect(world.chip.chipSeconds()).toBe(november + 50)
        expect((await world.start()).trusted()).toBe(true)
    })

    it("writes to flash once, however long the chip is absent", async () => {
        const clock = await worldSet(TimeSource.Person)
        const writes = world.flash.writes
        for (let minute = 0; minute < 50; ++minute) {
            world.pass(60)
            await clock.catchUp()
            await clock.offer(november + 60 * (minute + 1), TimeSource.Person)
        }
        expect(world.flash.writes).toBe(writes)
    })

    it("leaves a chip with the right time alone", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Person)
        world.chip.offsetSeconds += 3
        await clock.catchUp()
        expect(world.chip.chipSeconds()).toBe(november + 3)
    })

    it.each([
        ["has taken another time", november + 7],
        ["has lost the time at once", undefined],
    ])("reports a chip that %s", async (_title, seconds) => {
        const chip = { write: async () => {}, read: async () => seconds }
        const alarms = { set: () => {} }
        const settings = { number: () => 0, text: () => "" }
        const flash: unknown = { read: async () => undefined, write: async () => {} }
        const clock = new Clock(world.ticks, settings, flash as Flash, alarms, chip)
        await clock.offer(november, TimeSource.Person)
        expect(clock.chipError).toBe("the clock chip did not take the time")
    })
})
