import { describe, expect, it, vi } from "vitest"
import { defaultNetwork } from "../../../sim/wifi/air"
import { expectJoined, WifiBoards } from "../../support/wifiboards"

vi.mock("@devicescript/core", async () => (await import("../../support/wifinatives")).natives)

const { name, password } = defaultNetwork

const boards = new WifiBoards()

describe("joining", () => {
    it("comes within seconds of the set-up, is known, and raises no alarm", async () => {
        const board = boards.fresh()
        await board.seconds(60)
        board.set(name, password)
        await board.seconds(12)
        expectJoined(board, name)
        expect(await board.wifi.address()).toBe("192.0.2.17")
        expect(board.joins).toBe(1)
        await board.seconds(600)
        expect(board.count("gotIp")).toBe(1)
        expect(board.count("lostIp")).toBe(0)
        expect(board.alarms).toEqual([])
    })

    it.each([
        ["set-up", "fresh"],
        ["a power-on", "setUp"],
    ] as const)(
        "survives an address that takes 20 s, after %s, without an alarm",
        async (_, start) => {
            for (let seed = 1; seed <= 20; ++seed) {
                const board = boards[start](seed)
                board.air.setDhcpMs(20_000)
                await board.seconds(10)
                if (!board.ssid) board.set(name, password)
                await board.seconds(30)
                expectJoined(board, name)
                expect(board.count("lostIp")).toBe(0)
                expect(board.alarms).toEqual([])
            }
        },
    )

    it.each([
        ["set-up", "fresh"],
        ["a power-on", "setUp"],
    ] as const)("needs no scan to report, after %s", async (_, start) => {
        const board = boards[start]()
        board.air.setScans("silent")
        await board.seconds(10)
        if (!board.ssid) board.set(name, password)
        await board.seconds(30)
        expectJoined(board, name)
        board.set("other", "its password")
        await board.seconds(20)
        expectJoined(board, "other")
        board.air.setPower(false)
        await board.seconds(300)
        board.air.setPower(true)
        await board.seconds(30)
        expectJoined(board, "other")
    })

    it("survives that it breaks off a scan, whenever it comes", async () => {
        for (let tenths = 0; tenths < 50; ++tenths) {
            const board = boards.fresh(tenths)
            await board.seconds(10 + tenths / 10)
            board.set(name, password)
            await board.seconds(20)
            board.set("other", "its password")
            await board.seconds(20)
            expectJoined(board, "other")
        }
    })

    it("comes when the access point is there again, and the alarm is up as long as it was not", async () => {
        const board = await boards.joined()
        board.air.setInRange(name, false)
        await board.seconds(3600)
        expect(board.wifi.connected()).toBe(false)
        expect(board.alarms.map(one => one.active)).toEqual([true])
        board.air.setInRange(name, true)
        await board.seconds(20)
        expectJoined(board, name)
        await board.seconds(10)
        expect(board.alarms.map(one => one.active)).toEqual([true, false])
    })

    it("finds a hidden network, after a power-on too, before the alarm is up", async () => {
        const board = boards.fresh()
        board.air.setHidden(name, true)
        board.set(name, password)
        await board.seconds(20)
        expectJoined(board, name)
        board.runtime.powerUp()
        board.restartProgram()
        await board.seconds(30)
        expectJoined(board, name)
        expect(board.alarms).toEqual([])
    })

    it("is told again while a network is away, once a minute and no more", async () => {
        const board = boards.fresh()
        board.set("nowhere", "password")
        await board.seconds(1200)
        const told = board.count("networksChanged")
        expect(told).toBeGreaterThan(15)
        // Forgetting and adding are two changes.
        expect(told).toBeLessThanOrEqual(2 * 21)
    })

    it("syncs the time once a connection", async () => {
        const board = await boards.joined()
        expect(board.joins).toBe(1)
        board.air.setPower(false)
        await board.seconds(60)
        board.air.setPower(true)
        await board.seconds(60)
        expect(board.joins).toBe(2)
    })
})

describe("a program that starts anew while the station goes on", () => {
    it("knows at once that it is connected, and leaves the connection alone", async () => {
        const board = await boards.joined()
        for (let times = 0; times < 5; ++times) {
            board.restartProgram()
            await board.seconds(4)
            expectJoined(board, name)
            expect(await board.wifi.address()).toBe("192.0.2.17")
            await board.seconds(90)
        }
        expect(board.events).toEqual([])
        expect(board.alarms).toEqual([])
    })

    it("is told when the connection ends all the same", async () => {
        const board = await boards.joined()
        board.restartProgram()
        await board.seconds(10)
        board.air.setPower(false)
        await board.seconds(12)
        expect(board.wifi.connected()).toBe(false)
        expect(await board.wifi.address()).toBe("")
    })

    it("joins when it died in the middle of a change", async () => {
        for (let ms = 0; ms < 3000; ms += 20) {
            const board = await boards.joined()
            board.set("other", "its password")
            await board.ticks.advance(ms)
            board.restartProgram()
            await board.seconds(60)
            expectJoined(board, "other")
        }
    })
})

/** What the firmware says of its network. */

describe("a name of 32 bytes that an earlier firmware took", () => {
    it("is not told to the runtime, which would cut it", async () => {
        const board = boards.make()
        board.ssid = "x".repeat(32)
        board.password = "password"
        board.air.addNetwork(board.ssid, "password")
        board.reset()
        await board.seconds(120)
        expect(board.stored).toEqual({})
        expect(board.alarms.map(one => one.active)).toEqual([true])
    })
})

describe("an empty name", () => {
    it("leaves the network, and no start joins it again", async () => {
        const board = await boards.joined()
        board.set("", "")
        await board.seconds(10)
        expect(board.driver.network).toBe("")
        expect(board.wifi.connected()).toBe(false)
        for (let starts = 0; starts < 3; ++starts) {
            board.runtime.powerUp()
            board.restartProgram()
            await board.seconds(90)
            expect(board.driver.network).toBe("")
        }
        expect(JSON.stringify(board.stored)).not.toMatch(/bms-simulator|"simulator"/)
        expect(board.count("gotIp")).toBe(0)
        expect(board.aborts).toEqual([])
        expect(board.alarms).toEqual([])
    })

    it("forgets a network that is away", async () => {
        const board = await boards.joined()
        board.air.setPower(false)
        await board.seconds(60)
        board.set("", "")
        await board.seconds(10)
        board.runtime.powerUp()
        board.restartProgram()
        board.air.setPower(true)
        await board.seconds(120)
        expect(board.driver.network).toBe("")
    })

    it("lets the radio rest", async () => {
        const board = await boards.joined()
        board.set("", "")
        await board.seconds(60)
        board.events.length = 0
        await board.seconds(600)
        expect(board.count("lostIp")).toBe(0)
        expect(board.driver.state).toBe("idle")
    })

    it("leaves a network that the runtime still has stored", async () => {
        const board = boards.make()
        board.stored = { ssid: name, psk: password }
        board.reset()
        await board.seconds(60)
        expect(board.driver.network).toBe("")
        board.runtime.powerUp()
        board.restartProgram()
        await board.seconds(60)
        expect(board.driver.network).toBe("")
    })

    it("is not left in the one that the runtime has stored when a name is set just then", async () => {
        for (let tenths = 0; tenths < 150; ++tenths) {
            const board = boards.make(tenths)
            board.stored = { ssid: name, psk: password }
            board.air.setInRange(name, false)
            board.reset()
            board.resets = 0
            await board.seconds(60)
            board.air.setInRange(name, true)
            await board.seconds(tenths / 10)
            board.set("other", "its password")
            await board.seconds(40)
            expectJoined(board, "other")
        }
    })

    it("writes nothing on a board that never had a network", async () => {
        const board = boards.fresh()
        await board.seconds(10)
        board.set("", "")
        await board.seconds(120)
        expect(board.stored).toEqual({})
        expect(board.driver.state).toBe("idle")
    })
})

describe("another network", () => {
    it("is joined in the place of the one before, and at the next start", async () => {
        const board = await boards.joined()
        board.set("other", "its password")
        await board.seconds(15)
        expectJoined(board, "other")
        board.runtime.powerUp()
        board.restartProgram()
        await board.seconds(20)
        expectJoined(board, "other")
        expect(board.alarms).toEqual([])
    })

    it.each([
        ["that was nowhere", "nowhere", "password", 0],
        ["whose password was wrong", name, "not this one", 0],
        ["that was open", "open", "", 1],
        ["that was open and nowhere", "nowhere", "", 1],
    ])("is joined in the place of one %s", async (_, ssid, psk, resets) => {
        for (let seed = 1; seed <= 10; ++seed) {
            const board = boards.fresh(seed)
            board.set(ssid, psk)
            await board.seconds(100 + seed)
            board.set("other", "its password")
            await board.seconds(25)
            expectJoined(board, "other", resets)
        }
    })

    it("is joined though the address of the one before is still on its way", async () => {
        for (let seconds = 3; seconds < 30; ++seconds) {
            const board = boards.fresh(seconds)
            board.air.setDhcpMs(15_000)
            board.set(name, password)
            await board.seconds(seconds)
            board.air.setDhcpMs(undefined)
            board.set("other", "its password")
            await board.seconds(60)
            expectJoined(board, "other")
        }
    })

    it("is joined though the power failed before the runtime was told", async () => {
        const board = await boards.joined()
        board.ssid = "other"
        board.password = "its password"
        board.runtime.powerUp()
        board.restartProgram()
        await board.seconds(45)
        expectJoined(board, "other")
    })

    it("is not broken off again and again when it stays unknown", async () => {
        const board = await boards.joined()
        board.wifi.network = () => "?"
        await board.seconds(600)
        expect(board.count("lostIp")).toBeLessThanOrEqual(11)
    })
})

it("a new password takes the station out of the network and in again", async () => {
    const board = await boards.joined()
    board.air.setPassword(name, "a new password")
    board.set(name, "a new password")
    await board.seconds(25)
    expectJoined(board, name)
    board.set(name, "a wrong password")
    await board.seconds(25)
    expect(board.wifi.connected()).toBe(false)
})
