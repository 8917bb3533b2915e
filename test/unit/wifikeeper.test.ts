import { describe, expect, it, vi } from "vitest"
import { generator } from "../../sim/random"
import { asBytes, defaultNetwork } from "../../sim/wifi/air"
import type { DriverOptions } from "../../sim/wifi/driver"
import { Key } from "../../src/settings/keys"
import { WifiBoard } from "../support/wifiboard"

const core = vi.hoisted(() => ({
    client: (): object => ({}),
    sleep: async (_ms: number): Promise<void> => {},
}))

vi.mock("@devicescript/core", () => ({
    // What a constructor returns is the object.
    Wifi: class {
        constructor() {
            return core.client()
        }
    },
    sleep: (ms: number) => core.sleep(ms),
}))

const { ServiceWifi } = await import("../../src/board/wifi")
const { wifiProblem } = await import("../../src/tasks/wifikeeper")

const { name, password } = defaultNetwork

function newBoard(seed?: number, options?: Partial<DriverOptions>): WifiBoard {
    const create = () => {
        core.client = () => board.client()
        core.sleep = ms => board.ticks.sleep(ms)
        return new ServiceWifi()
    }
    const board: WifiBoard = new WifiBoard(create, seed, options)
    board.air.addNetwork("other", "its password")
    board.air.addNetwork("open")
    return board
}

/** A board out of the box, at its first power-on. */
function fresh(seed?: number, options?: Partial<DriverOptions>): WifiBoard {
    const board = newBoard(seed, options)
    board.reset()
    board.resets = 0
    return board
}

/** A board that has been set up, at a later power-on. */
function setUp(seed?: number, options?: Partial<DriverOptions>): WifiBoard {
    const board = newBoard(seed, options)
    board.stored = { ssid: name, psk: password }
    board.ssid = name
    board.password = password
    board.reset()
    board.resets = 0
    return board
}

/** A board that has been in its network for a while. */
async function joined(seed?: number, options?: Partial<DriverOptions>): Promise<WifiBoard> {
    const board = setUp(seed, options)
    await board.seconds(60)
    expectJoined(board, name)
    board.events.length = 0
    board.alarms.length = 0
    return board
}

/** Joined, known to be so, and without a reset. */
function expectJoined(board: WifiBoard, network: string): void {
    expect(board.driver.network).toBe(asBytes(network))
    expect(board.wifi.network()).toBe(network)
    expect(board.wifi.connected()).toBe(true)
    expect(board.resets).toBe(0)
}

describe("joining", () => {
    it("comes within seconds of the set-up, is known, and raises no alarm", async () => {
        const board = fresh()
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
        ["set-up", fresh],
        ["a power-on", setUp],
    ])("survives an address that takes 20 s, after %s, without an alarm", async (_, start) => {
        for (let seed = 1; seed <= 20; ++seed) {
            const board = start(seed)
            board.air.setDhcpMs(20_000)
            await board.seconds(10)
            if (!board.ssid) board.set(name, password)
            await board.seconds(30)
            expectJoined(board, name)
            expect(board.count("lostIp")).toBe(0)
            expect(board.alarms).toEqual([])
        }
    })

    it.each([
        ["set-up", fresh],
        ["a power-on", setUp],
    ])("needs no scan to report, after %s", async (_, start) => {
        const board = start()
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
            const board = fresh(tenths)
            await board.seconds(10 + tenths / 10)
            board.set(name, password)
            await board.seconds(20)
            board.set("other", "its password")
            await board.seconds(20)
            expectJoined(board, "other")
        }
    })

    it("comes when the access point is there again, and the alarm is up as long as it was not", async () => {
        const board = await joined()
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
        const board = fresh()
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
        const board = fresh()
        board.set("nowhere", "password")
        await board.seconds(1200)
        const told = board.count("networksChanged")
        expect(told).toBeGreaterThan(15)
        // Forgetting and adding are two changes.
        expect(told).toBeLessThanOrEqual(2 * 21)
    })

    it("syncs the time once a connection", async () => {
        const board = await joined()
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
        const board = await joined()
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
        const board = await joined()
        board.restartProgram()
        await board.seconds(10)
        board.air.setPower(false)
        await board.seconds(12)
        expect(board.wifi.connected()).toBe(false)
        expect(await board.wifi.address()).toBe("")
    })

    it("joins when it died in the middle of a change", async () => {
        for (let ms = 0; ms < 3000; ms += 20) {
            const board = await joined()
            board.set("other", "its password")
            await board.ticks.advance(ms)
            board.restartProgram()
            await board.seconds(60)
            expectJoined(board, "other")
        }
    })
})

describe("an open network", () => {
    it("is not told to the runtime: the board does not reset, whether it is there or not", async () => {
        const board = await joined()
        board.set("open", "")
        await board.seconds(120)
        board.air.setInRange("open", false)
        await board.seconds(120)
        board.air.setInRange("open", true)
        await board.seconds(120)
        board.restartProgram()
        await board.seconds(120)
        expect(board.aborts).toEqual([])
        expect(board.resets).toBe(0)
        expect(board.stored.psk).not.toBe("")
        expect(board.wifi.connected()).toBe(false)
        expect(board.alarms.map(one => one.active)).toEqual([true])
    })

    it("is said to be none that can be joined", () => {
        const settings = (ssid: string, psk: string) => ({
            number: () => 0,
            text: (key: Key) => (key === Key.WifiSsid ? ssid : psk),
        })
        expect(wifiProblem(settings("open", ""))).toBe(
            "no open network can be joined; set wifi.password",
        )
        expect(wifiProblem(settings("x".repeat(32), "password"))).toBe(
            "wifi.ssid has more than 31 bytes",
        )
        expect(wifiProblem(settings("ä".repeat(16), "password"))).toBe(
            "wifi.ssid has more than 31 bytes",
        )
        expect(wifiProblem(settings("x".repeat(31), "password"))).toBe("")
        expect(wifiProblem(settings("", ""))).toBe("")
    })

    it("becomes joinable once it has a password, and the board has it too", async () => {
        const board = fresh()
        board.set("open", "")
        await board.seconds(60)
        board.air.setPassword("open", "a password")
        board.set("open", "a password")
        await board.seconds(20)
        expectJoined(board, "open")
    })
})

describe("a name of 32 bytes that an earlier firmware took", () => {
    it("is not told to the runtime, which would cut it", async () => {
        const board = newBoard()
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
        const board = await joined()
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
        const board = await joined()
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
        const board = await joined()
        board.set("", "")
        await board.seconds(60)
        board.events.length = 0
        await board.seconds(600)
        expect(board.count("lostIp")).toBe(0)
        expect(board.driver.state).toBe("idle")
    })

    it("leaves a network that the runtime still has stored", async () => {
        const board = newBoard()
        board.stored = { ssid: name, psk: password }
        board.reset()
        await board.seconds(60)
        expect(board.driver.network).toBe("")
        board.runtime.powerUp()
        board.restartProgram()
        await board.seconds(60)
        expect(board.driver.network).toBe("")
    })

    it("writes nothing on a board that never had a network", async () => {
        const board = fresh()
        await board.seconds(10)
        board.set("", "")
        await board.seconds(120)
        expect(board.stored).toEqual({})
        expect(board.driver.state).toBe("idle")
    })
})

describe("another network", () => {
    it("is joined in the place of the one before, and at the next start", async () => {
        const board = await joined()
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
        ["that was nowhere", "nowhere", "password"],
        ["whose password was wrong", name, "not this one"],
        ["that was open", "open", ""],
    ])("is joined in the place of one %s", async (_, ssid, psk) => {
        for (let seed = 1; seed <= 10; ++seed) {
            const board = fresh(seed)
            board.set(ssid, psk)
            await board.seconds(100 + seed)
            board.set("other", "its password")
            await board.seconds(25)
            expectJoined(board, "other")
        }
    })

    it("is joined though the address of the one before is still on its way", async () => {
        for (let seconds = 3; seconds < 30; ++seconds) {
            const board = fresh(seconds)
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
        const board = await joined()
        board.ssid = "other"
        board.password = "its password"
        board.runtime.powerUp()
        board.restartProgram()
        await board.seconds(45)
        expectJoined(board, "other")
    })

    it("is not broken off again and again when it stays unknown", async () => {
        const board = await joined()
        board.wifi.network = () => "?"
        await board.seconds(600)
        expect(board.count("lostIp")).toBeLessThanOrEqual(11)
    })
})

it("a new password takes the station out of the network and in again", async () => {
    const board = await joined()
    board.air.setPassword(name, "a new password")
    board.set(name, "a new password")
    await board.seconds(25)
    expectJoined(board, name)
    board.set(name, "a wrong password")
    await board.seconds(25)
    expect(board.wifi.connected()).toBe(false)
})

/** A life of the network and of its settings, by chance; then all is well, and the board has to be in its network. */
async function live(seed: number): Promise<WifiBoard> {
    const random = generator(seed)
    const pick = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)]
    const board = fresh(seed, { abortedScanReports: seed % 4 === 0 })
    const networks = [name, "other"]
    const acts = [
        () => board.set(pick([name, "other", "open", "", "nowhere"])),
        () => board.set(name, password),
        () => board.set("other", "its password"),
        () => board.set(board.ssid, pick(["", password, "its password", "not this one"])),
        () => board.air.setPower(random() < 0.6),
        () => board.air.setInRange(pick(networks), random() < 0.6),
        () => board.air.setHidden(pick(networks), random() < 0.3),
        () => board.air.setDhcpMs(pick([undefined, 3000, 10_000])),
        () => {
            // That the address to come may be one of the network before is in the program's memory only.
            const { doubtful } = board.wifi as unknown as { doubtful: boolean }
            if (!doubtful) board.restartProgram()
        },
        () => {
            board.runtime.powerUp()
            board.restartProgram()
        },
    ]
    for (let times = 0; times < 25; ++times) {
        pick(acts)()
        await board.seconds(random() < 0.5 ? random() * 4 : random() * 60)
    }
    board.air.setPower(true)
    board.air.setDhcpMs(undefined)
    for (const network of networks) {
        board.air.setInRange(network, true)
        board.air.setHidden(network, false)
    }
    await board.seconds(150)
    return board
}

it("ends in the network of its settings after any life, and never resets", async () => {
    const passwords: Record<string, string> = { [name]: password, other: "its password" }
    let joins = 0
    for (let seed = 1; seed <= 500; ++seed) {
        const board = await live(seed)
        const network = board.driver.network
        const right = board.password !== "" && passwords[board.ssid] === board.password
        if (right) expect(network, `seed ${seed}`).toBe(board.ssid)
        // A wrong password that came right before a restart: the runtime goes on with the right one.
        else if (network !== "") expect(network, `seed ${seed}`).toBe(board.ssid)
        expect(board.wifi.network(), `seed ${seed}`).toBe(network)
        expect(board.resets, `seed ${seed}`).toBe(0)
        joins += right ? 1 : 0
    }
    expect(joins).toBeGreaterThan(50)
}, 120_000)
