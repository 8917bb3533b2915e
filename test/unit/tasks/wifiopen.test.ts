import { describe, expect, it, vi } from "vitest"
import { defaultNetwork } from "../../../sim/wifi/air"
import { emptyWriteAbort } from "../../../sim/abortwords"
import { expectJoined, WifiBoards } from "../../support/wifiboards"

vi.mock("@devicescript/core", async () => (await import("../../support/wifinatives")).natives)

const { name, password } = defaultNetwork

const boards = new WifiBoards()

const toRestart = /^; to join an open network the board restarts once, about a minute after/
const away = /^; this open network is absent or hidden, or the board once had a password: /

describe("an open network", () => {
    it("is joined with one reset, a minute after the last change", async () => {
        for (let seed = 1; seed <= 20; ++seed) {
            const board = boards.fresh(seed)
            await board.seconds(seed * 7)
            const changedMs = board.ticks.nowMs()
            board.set("opem", "")
            await board.seconds(30)
            board.set("open", "")
            expect(board.keeper.problem()).toMatch(toRestart)
            await board.seconds(59)
            expect(board.restarts).toEqual([])
            await board.seconds(31)
            expectJoined(board, "open", 1)
            expect(board.keeper.problem()).toBe("")
            const [{ atMs, network }] = board.restarts
            expect(network).toBe("open")
            expect(atMs - changedMs).toBeGreaterThanOrEqual(90_000)
            expect(atMs - changedMs).toBeLessThanOrEqual(94_500)
            expect(board.stored).toEqual({ ssid: "open" })
            expect(board.aborts).toEqual([emptyWriteAbort])
        }
    })

    it("is joined at each start, and when it returns, without another reset", async () => {
        const board = await boards.joinedOpen()
        for (let times = 1; times <= 3; ++times) {
            board.air.setInRange("open", false)
            await board.seconds(times * 600)
            expect(board.wifi.connected()).toBe(false)
            expect(board.keeper.problem()).toMatch(away)
            board.air.setInRange("open", true)
            await board.seconds(20)
            expectJoined(board, "open", 1)
            board.runtime.powerUp()
            board.restartProgram()
            await board.seconds(20)
            expectJoined(board, "open", 1)
            board.restartProgram()
            await board.seconds(120)
            expectJoined(board, "open", 1)
        }
        expect(board.restarts).toHaveLength(1)
    })

    it("costs one reset if absent, whatever starts follow, and is joined on return", async () => {
        const board = boards.fresh()
        board.air.setInRange("open", false)
        board.set("open", "")
        await board.seconds(600)
        for (let starts = 0; starts < 5; ++starts) {
            board.runtime.powerUp()
            board.restartProgram()
            await board.seconds(300)
            board.restartProgram()
            await board.seconds(300)
            expect(board.keeper.problem()).toMatch(away)
        }
        expect(board.resets).toBe(1)
        expect(board.alarms.map(one => one.active)).toEqual([true])
        board.air.setInRange("open", true)
        await board.seconds(30)
        expectJoined(board, "open", 1)
    })

    it("is never joined by a board that had a password: one reset, then a message", async () => {
        const board = await boards.joined()
        board.set("open", "")
        expect(board.keeper.problem()).toMatch(toRestart)
        await board.seconds(20)
        expect(board.driver.network).toBe("")
        await board.seconds(100)
        expect(board.resets).toBe(1)
        expect(board.keeper.problem()).toMatch(away)
        for (let starts = 0; starts < 3; ++starts) {
            board.runtime.powerUp()
            board.restartProgram()
            await board.seconds(600)
        }
        expect(board.resets).toBe(1)
        expect(board.aborts).toHaveLength(1)
        expect(board.driver.network).toBe("")
        expect(JSON.stringify(board.stored)).not.toContain(`"${password}"`)
        board.set(name, password)
        await board.seconds(20)
        expectJoined(board, name, 1)
    })

    it("is joined with an ordinary reset if the runtime accepts an empty password", async () => {
        const board = await boards.joined()
        board.add = (ssid, psk) => {
            if (psk) board.runtime.addNetwork(Buffer.from(`${ssid}\0${psk}\0`))
            else board.stored = { ssid, psk }
        }
        board.set("open", "")
        await board.seconds(90)
        expectJoined(board, "open", 1)
        expect(board.aborts).toEqual([])
    })

    it("causes no restart in safe mode, or while the settings are not loaded", async () => {
        const board = boards.make()
        board.safeMode = true
        board.ssid = "open"
        board.reset()
        await board.seconds(600)
        board.safeMode = false
        board.unread = true
        board.reset()
        await board.seconds(600)
        expect(board.restarts).toEqual([])
        expect(board.flash.values.get("wifi")).toBeUndefined()
        board.unread = false
        await board.seconds(90)
        expectJoined(board, "open", 3)
    })

    it("causes a restart only once it is noted in flash", async () => {
        const board = boards.fresh()
        board.flash.failWrites = Infinity
        board.set("open", "")
        await board.seconds(600)
        expect(board.restarts).toEqual([])
        expect(board.aborts).toEqual([])
        board.flash.failWrites = 0
        await board.seconds(120)
        expectJoined(board, "open", 1)
    })

    it("is not told to the runtime if the settings change during the reset", async () => {
        const board = boards.fresh()
        board.set("open", "")
        while (!board.keeper.restartFor) await board.seconds(0.1)
        const { keeper } = board
        board.set(name, password)
        await board.ticks.finish(keeper.run())
        await board.seconds(60)
        expect(board.aborts).toEqual([])
        expect(board.stored).toEqual({ ssid: name, psk: password })
        expectJoined(board, name, 1)
    })

    it.each(["other open", "", name])(
        "is joined again, with one more reset, after the settings had %j",
        async between => {
            for (const seconds of [5, 200]) {
                const board = await boards.joinedOpen()
                board.air.addNetwork("other open")
                board.set(between, "")
                await board.seconds(seconds)
                board.set("open", "")
                await board.seconds(100)
                const before = between && seconds > 60 ? 2 : 1
                expectJoined(board, "open", before + 1)
                await board.seconds(600)
                expectJoined(board, "open", before + 1)
            }
        },
    )

    it("is left at once for another one", async () => {
        const board = await boards.joinedOpen()
        board.air.addNetwork("other open")
        board.set("other open", "")
        await board.seconds(5)
        expect(board.driver.network).toBe("")
        await board.seconds(95)
        expectJoined(board, "other open", 2)
        expect(board.stored).toEqual({ ssid: "other open" })
    })

    it("is left for an empty name, even at each start, and can be joined again later", async () => {
        const board = await boards.joinedOpen()
        board.set("", "")
        for (let starts = 0; starts < 3; ++starts) {
            await board.seconds(5)
            expect(board.driver.network).toBe("")
            await board.seconds(120)
            expect(board.driver.network).toBe("")
            board.runtime.powerUp()
            board.restartProgram()
        }
        expect(board.count("gotIp")).toBe(0)
        expect(board.resets).toBe(1)
        await board.seconds(60)
        board.set("open", "")
        await board.seconds(100)
        expectJoined(board, "open", 2)
    })

    it("can be set at any time during a start", async () => {
        for (let ms = 0; ms < 6000; ms += 50) {
            const board = boards.fresh()
            await board.ticks.advance(ms)
            board.set("open", "")
            await board.seconds(100)
            expectJoined(board, "open", 1)
        }
    })

    it("needs no reset if its name is typed first and its password soon after", async () => {
        const board = boards.fresh()
        board.set("other", "")
        await board.seconds(45)
        board.set("other", "its password")
        await board.seconds(20)
        expectJoined(board, "other")
    })

    it("can be joined once both it and the board get a password", async () => {
        const board = boards.fresh()
        board.set("open", "")
        await board.seconds(30)
        board.air.setPassword("open", "a password")
        board.set("open", "a password")
        await board.seconds(20)
        expectJoined(board, "open")
    })

    it("stays joined after both it and the board get a password", async () => {
        const board = await boards.joinedOpen()
        board.air.setPassword("open", "a password")
        board.set("open", "a password")
        await board.seconds(25)
        expectJoined(board, "open", 1)
    })

    it("has a message about the restart, and one about a name that is too long", () => {
        const board = boards.fresh()
        const problem = (ssid: string, psk: string) => {
            board.ssid = ssid
            board.password = psk
            return board.keeper.problem()
        }
        expect(problem("open", "")).toMatch(toRestart)
        const tooLong = "; wifi.ssid has more than 31 bytes"
        expect(problem("x".repeat(32), "password")).toBe(tooLong)
        expect(problem("x".repeat(32), "")).toBe(tooLong)
        expect(problem("ä".repeat(16), "password")).toBe(tooLong)
        expect(problem("x".repeat(31), "password")).toBe("")
        expect(problem("", "")).toBe("")
    })
})
