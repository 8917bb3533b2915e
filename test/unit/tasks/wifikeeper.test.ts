import { describe, expect, it, vi } from "vitest"
import { defaultNetwork } from "../../../sim/wifi/air"
import { expectJoined, WifiBoards } from "../../support/wifiboards"

vi.mock("@devicescript/core", async () => (await import("../../support/wifinatives")).natives)

const { name, password } = defaultNetwork

const boards = new WifiBoards()

describe("joining", () => {
    it("happens within seconds of the set-up, is detected, and raises no alarm", async () => {
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
    ] as const)("needs no scan reports, after %s", async (_, start) => {
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

    it("works even if it aborts a scan at any time", async () => {
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

    it("happens when the access point returns, with the alarm up until then", async () => {
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

    it("finds a hidden network before the alarm is up, even after a power-on", async () => {
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

    it("is repeated at most once per minute while a network is absent", async () => {
        const board = boards.fresh()
        board.set("nowhere", "password")
        await board.seconds(1200)
        const told = board.count("networksChanged")
        expect(told).toBeGreaterThan(15)
        // Forgetting and adding are two events.
        expect(told).toBeLessThanOrEqual(2 * 21)
    })

    it("syncs the time once per connection", async () => {
        const board = await boards.joined()
        expect(board.joins).toBe(1)
        board.air.setPower(false)
        await board.seconds(60)
        board.air.setPower(true)
        await board.seconds(60)
        expect(board.joins).toBe(2)
    })
})

describe("a program that restarts while the station continues", () => {
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

    it("still gets the end of the connection", async () => {
        const board = await boards.joined()
        board.restartProgram()
        await board.seconds(10)
        board.air.setPower(false)
        await board.seconds(12)
        expect(board.wifi.connected()).toBe(false)
        expect(await board.wifi.address()).toBe("")
    })

    it("joins even after a panic in the middle of a change", async () => {
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

describe("a name of 32 bytes from an earlier firmware", () => {
    it("is not passed to the runtime, which would cut it", async () => {
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

    it("forgets an absent network", async () => {
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

    it("does not keep the runtime's stored network when a name is set just then", async () => {
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
    it("is joined in place of the previous one, and at the next start", async () => {
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
        ["an absent one", "nowhere", "password", 0],
        ["one with a wrong password", name, "not this one", 0],
        ["an open one", "open", "", 1],
        ["an absent open one", "nowhere", "", 1],
    ])("is joined in place of %s", async (_, ssid, psk, resets) => {
        for (let seed = 1; seed <= 10; ++seed) {
            const board = boards.fresh(seed)
            board.set(ssid, psk)
            await board.seconds(100 + seed)
            board.set("other", "its password")
            await board.seconds(25)
            expectJoined(board, "other", resets)
        }
    })

    it("is joined even if the previous one's address is still to come", async () => {
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

    it("is joined even if the power failed before the runtime got it", async () => {
        const board = await boards.joined()
        board.ssid = "other"
        board.password = "its password"
        board.runtime.powerUp()
        board.restartProgram()
        await board.seconds(45)
        expectJoined(board, "other")
    })

    it("is not disconnected repeatedly if it stays unknown", async () => {
        const board = await boards.joined()
        board.wifi.network = () => "?"
        await board.seconds(600)
        expect(board.count("lostIp")).toBeLessThanOrEqual(11)
    })
})

it("a new password makes the station leave the network and join it again", async () => {
    const board = await boards.joined()
    board.air.setPassword(name, "a new password")
    board.set(name, "a new password")
    await board.seconds(25)
    expectJoined(board, name)
    board.set(name, "a wrong password")
    await board.seconds(25)
    expect(board.wifi.connected()).toBe(false)
})
