import { beforeEach, describe, expect, test } from "vitest"
import { Key } from "../../../src/settings/keys"
import { StartCause, startCauseName } from "../../../src/tasks/supervisor"
import { DeviceBuffer } from "../../support/devicebuffer"
import { at, SupervisorBoard } from "../../support/supervisorboard"

let board: SupervisorBoard

beforeEach(async () => {
    board = new SupervisorBoard()
    await board.boot(at("2026-11-22 10:00"))
})

describe("the cause of the last start", () => {
    test.each([
        [StartCause.Console, "console"],
        [StartCause.Supervisor, "supervisor"],
        [StartCause.Uptime, "uptime"],
        [StartCause.Scheduled, "scheduled"],
        [StartCause.Network, "network"],
    ])("is kept over the reset and reported once: %i", async (cause, name) => {
        await board.ticks.finish(board.supervisor.reset(cause))
        await board.boot(at("2026-11-22 12:00"))
        expect(startCauseName(board.supervisor.cause)).toBe(name)
        await board.boot(at("2026-11-22 13:00"))
        expect(startCauseName(board.supervisor.cause)).toBe("power-on")
    })

    test("is a panic when the program restarts while the processor keeps running", async () => {
        await board.boot(at("2026-11-22 12:00"), 95_300)
        expect(startCauseName(board.supervisor.cause)).toBe("panic")
    })

    test("is a deployment when another program starts at any time, reported once", async () => {
        expect(startCauseName(board.supervisor.cause)).toBe("deployed")
        for (const aliveMs of [500, 95_300]) {
            ++board.program
            await board.boot(at("2026-11-22 12:00"), aliveMs)
            expect(startCauseName(board.supervisor.cause)).toBe("deployed")
            await board.boot(at("2026-11-22 12:00"))
            expect(startCauseName(board.supervisor.cause)).toBe("power-on")
        }
    })

    test("is a deployment after firmware that stored two bytes, whatever its panics", async () => {
        for (const old of ["0000", "0005", "0401"]) {
            board.flash.values.set("boot", DeviceBuffer.from(old, "hex"))
            await board.boot(at("2026-11-22 12:00"), 95_300)
            expect(startCauseName(board.supervisor.cause)).toBe("deployed")
            expect(board.supervisor.safeMode).toBe(false)
        }
    })

    test("is derived without the flash when that does not answer", async () => {
        const read = board.flash.read.bind(board.flash)
        board.flash.read = async key => {
            if (key === "boot") board.flash.silentAccesses = 1
            return await read(key)
        }
        await expect(board.boot(at("2026-11-22 12:00"), 95_300)).rejects.toThrow("no answer")
        expect(startCauseName(board.supervisor.cause)).toBe("panic")
        await expect(board.boot(at("2026-11-22 12:00"))).rejects.toThrow("no answer")
        expect(startCauseName(board.supervisor.cause)).toBe("power-on")
        expect(board.supervisor.safeMode).toBe(false)
    })
})

describe("stuck tasks", () => {
    test("reset the board, which reports it for ten minutes", async () => {
        board.scheduler.add({
            name: "upload",
            periodMs: () => 1000,
            deadlineMs: 30_000,
            job: () => new Promise(() => undefined),
        })
        board.scheduler.start()
        await board.ticks.advance(1000)
        await board.ticks.advance(89_000)
        await board.supervisor.check()
        expect(board.reboots).toBe(0)
        await board.ticks.advance(2000)
        await board.ticks.finish(board.supervisor.check())
        expect(board.reboots).toBe(1)
        expect(board.log).toContain("supervisor: task upload is stuck")
        await board.boot(at("2026-11-22 12:00"))
        expect(startCauseName(board.supervisor.cause)).toBe("supervisor")
        expect(board.stuckFlag).toBe(true)
        await board.live(9)
        expect(board.stuckFlag).toBe(true)
        await board.live(1)
        expect(board.stuckFlag).toBe(false)
    })
})

test("after 45 days the board resets with a separate cause, not counted", async () => {
    board.ticks.block(45 * 86_400_000 - 1000)
    await board.supervisor.check()
    expect(board.reboots).toBe(0)
    board.ticks.block(1000)
    await board.ticks.finish(board.supervisor.check())
    expect(board.reboots).toBe(1)
    expect(board.settings.number(Key.ResetCount)).toBe(0)
    await board.boot(at("2027-01-06 12:00"))
    expect(startCauseName(board.supervisor.cause)).toBe("uptime")
})

describe("safe mode", () => {
    /** A start after a panic: the processor kept running. */
    async function panic(): Promise<void> {
        await board.boot(at("2026-11-22 12:00"), 20_000)
    }

    async function panics(count: number): Promise<void> {
        for (let i = 0; i < count; ++i) await panic()
    }

    test("follows five starts that each panic within a minute", async () => {
        for (let i = 0; i < 5; ++i) {
            expect(board.supervisor.safeMode).toBe(false)
            expect(board.safeFlag).toBe(false)
            board.ticks.block(50_000)
            await board.supervisor.check()
            await panic()
        }
        expect(board.supervisor.safeMode).toBe(true)
        expect(board.safeFlag).toBe(true)
        await panic()
        expect(board.supervisor.safeMode).toBe(true)
    })

    test("does not follow panics of starts that survived a minute", async () => {
        for (let i = 0; i < 40; ++i) {
            board.ticks.block(61_000)
            await board.supervisor.check()
            await panic()
            expect(board.supervisor.safeMode).toBe(false)
        }
    })

    test("does not follow six supply failures within minutes, as at an engine start", async () => {
        for (let i = 0; i < 6; ++i) {
            board.ticks.block(20_000)
            await board.supervisor.check()
            await board.boot(at("2026-11-22 12:00"))
            expect(board.supervisor.safeMode).toBe(false)
        }
        board.ticks.block(61_000)
        await board.supervisor.check()
        // Nor do they add up with panics after a start that survived.
        await panics(5)
        expect(board.supervisor.safeMode).toBe(false)
    })

    test("follows repeated aborts of the runtime, which look like supply failures", async () => {
        let starts = 0
        while (!board.supervisor.safeMode && starts < 100) {
            await board.boot(at("2026-11-22 12:00"))
            ++starts
        }
        expect(starts).toBe(20)
    })

    test("follows panics, but not deployments", async () => {
        for (let i = 0; i < 40; ++i) {
            ++board.program
            await board.boot(at("2026-11-22 12:00"), 20_000)
            expect(board.supervisor.safeMode).toBe(false)
        }
        await panics(5)
        expect(board.supervisor.safeMode).toBe(true)
        ++board.program
        await panic()
        expect(board.supervisor.safeMode).toBe(false)
        expect(board.safeFlag).toBe(false)
    })

    test("is not left by panics in it, however many", async () => {
        const safe: boolean[] = []
        for (let i = 0; i < 300; ++i) {
            await panic()
            safe.push(board.supervisor.safeMode)
        }
        // The first start is the one common to all tests here.
        expect(safe.indexOf(true)).toBe(4)
        expect(safe.lastIndexOf(false)).toBe(3)
    })

    test("is over after a start that survives a minute, or an orderly reset", async () => {
        await panics(5)
        expect(board.supervisor.safeMode).toBe(true)
        board.ticks.block(60_000)
        await board.supervisor.check()
        await board.boot(at("2026-11-22 12:00"))
        expect(board.supervisor.safeMode).toBe(false)
        await panics(5)
        expect(board.supervisor.safeMode).toBe(true)
        await board.ticks.finish(board.supervisor.reset(StartCause.Console))
        await board.boot(at("2026-11-22 12:00"))
        expect(board.supervisor.safeMode).toBe(false)
    })

    test("ends automatically after ten minutes, with its own reset cause", async () => {
        await panics(5)
        board.ticks.block(599_000)
        await board.supervisor.check()
        expect(board.reboots).toBe(0)
        board.ticks.block(1000)
        await board.ticks.finish(board.supervisor.check())
        expect(board.reboots).toBe(1)
        expect(board.log).toEqual(["reset: end of safe mode"])
        await board.boot(at("2026-11-22 12:20"))
        expect(startCauseName(board.supervisor.cause)).toBe("end of safe mode")
        expect(board.supervisor.safeMode).toBe(false)
        expect(board.safeFlag).toBe(false)
        expect(board.stuckFlag).toBe(false)
        // And again after further panics.
        await panics(5)
        expect(board.supervisor.safeMode).toBe(true)
    })

    test("costs no flash writes on a quiet day", async () => {
        board.ticks.block(61_000)
        await board.supervisor.check()
        const writes = board.flash.writes
        await board.live(1440)
        expect(board.flash.writes).toBe(writes)
    })
})
