import { describe, expect, it, vi } from "vitest"
import { generator } from "../../../sim/random"
import { asBytes, defaultNetwork } from "../../../sim/wifi/air"
import type { DriverOptions } from "../../../sim/wifi/driver"
import { emptyWriteAbort } from "../../../sim/abortwords"
import { WifiBoard } from "../../support/wifiboard"

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

const { ServiceWifi } = await import("../../../src/board/wifi")

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

/** A board that has joined the open network, which took its one reset. */
async function joinedOpen(seed?: number): Promise<WifiBoard> {
    const board = fresh(seed)
    await board.seconds(60)
    board.set("open", "")
    await board.seconds(90)
    expectJoined(board, "open", 1)
    expect(board.aborts).toEqual([emptyWriteAbort])
    board.events.length = 0
    board.alarms.length = 0
    return board
}

/** Joined, known to be so, and without a reset. */
function expectJoined(board: WifiBoard, network: string, resets = 0): void {
    expect(board.driver.network).toBe(asBytes(network))
    expect(board.wifi.network()).toBe(network)
    expect(board.wifi.connected()).toBe(true)
    expect(board.resets).toBe(resets)
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

/** What the firmware says of its network. */
const toRestart = /^; to join an open network the board restarts once, about a minute after/
const away = /^; this open network is away or hidden, or the board once had a password: /

describe("an open network", () => {
    it("is joined by one reset, a minute after the last change", async () => {
        for (let seed = 1; seed <= 20; ++seed) {
            const board = fresh(seed)
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

    it("is joined at each start, and when it comes back, without another reset", async () => {
        const board = await joinedOpen()
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

    it("that is away costs one reset, whatever starts and programs follow, and is joined when it comes", async () => {
        const board = fresh()
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

    it("is never joined by a board that had a password: one reset, then it says so", async () => {
        const board = await joined()
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

    it("is joined by an ordinary reset where the runtime takes an empty password", async () => {
        const board = await joined()
        board.add = (ssid, psk) => {
            if (psk) board.runtime.addNetwork(Buffer.from(`${ssid}\0${psk}\0`))
            else board.stored = { ssid, psk }
        }
        board.set("open", "")
        await board.seconds(90)
        expectJoined(board, "open", 1)
        expect(board.aborts).toEqual([])
    })

    it("is not restarted for in safe mode, nor while the settings could not be loaded", async () => {
        const board = newBoard()
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

    it("is restarted for only when the flash has taken note of it", async () => {
        const board = fresh()
        board.flash.failWrites = Infinity
        board.set("open", "")
        await board.seconds(600)
        expect(board.restarts).toEqual([])
        expect(board.aborts).toEqual([])
        board.flash.failWrites = 0
        await board.seconds(120)
        expectJoined(board, "open", 1)
    })

    it("is not told when the settings have changed during the reset", async () => {
        const board = fresh()
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
        "is joined again, by one reset more, after the settings were at %j",
        async between => {
            for (const seconds of [5, 200]) {
                const board = await joinedOpen()
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
        const board = await joinedOpen()
        board.air.addNetwork("other open")
        board.set("other open", "")
        await board.seconds(5)
        expect(board.driver.network).toBe("")
        await board.seconds(95)
        expectJoined(board, "other open", 2)
        expect(board.stored).toEqual({ ssid: "other open" })
    })

    it("is left for an empty name, at each start too, and can be joined again later", async () => {
        const board = await joinedOpen()
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

    it("may be set at any moment of a start", async () => {
        for (let ms = 0; ms < 6000; ms += 50) {
            const board = fresh()
            await board.ticks.advance(ms)
            board.set("open", "")
            await board.seconds(100)
            expectJoined(board, "open", 1)
        }
    })

    it("whose name alone is typed first is one with a password once that is set, without a reset", async () => {
        const board = fresh()
        board.set("other", "")
        await board.seconds(45)
        board.set("other", "its password")
        await board.seconds(20)
        expectJoined(board, "other")
    })

    it("becomes joinable once it has a password, and the board has it too", async () => {
        const board = fresh()
        board.set("open", "")
        await board.seconds(30)
        board.air.setPassword("open", "a password")
        board.set("open", "a password")
        await board.seconds(20)
        expectJoined(board, "open")
    })

    it("gets a password, and the board has it too", async () => {
        const board = await joinedOpen()
        board.air.setPassword("open", "a password")
        board.set("open", "a password")
        await board.seconds(25)
        expectJoined(board, "open", 1)
    })

    it("is said to need a restart, and a name that is too long not to be joinable", () => {
        const board = fresh()
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

    it("is not left in the one that the runtime has stored when a name is set just then", async () => {
        for (let tenths = 0; tenths < 150; ++tenths) {
            const board = newBoard(tenths)
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
        ["that was nowhere", "nowhere", "password", 0],
        ["whose password was wrong", name, "not this one", 0],
        ["that was open", "open", "", 1],
        ["that was open and nowhere", "nowhere", "", 1],
    ])("is joined in the place of one %s", async (_, ssid, psk, resets) => {
        for (let seed = 1; seed <= 10; ++seed) {
            const board = fresh(seed)
            board.set(ssid, psk)
            await board.seconds(100 + seed)
            board.set("other", "its password")
            await board.seconds(25)
            expectJoined(board, "other", resets)
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

interface Life {
    board: WifiBoard
    /** How often the settings were changed. */
    changes: number
}

/** A life of the network and of its settings, by chance; then all is well, and the board has to be in its network. */
async function live(seed: number): Promise<Life> {
    const random = generator(seed)
    const pick = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)]
    const board = fresh(seed, { abortedScanReports: seed % 4 === 0 })
    const networks = [name, "other", "open"]
    let changes = 0
    const set = (ssid: string, psk = board.password) => {
        if (ssid === board.ssid && psk === board.password) return
        changes++
        board.set(ssid, psk)
    }
    // Half of the boards never get a password.
    const secret = (psk: string) => (seed % 2 ? "" : psk)
    const acts = [
        () => set(pick([name, "other", "open", "", "nowhere"])),
        () => set(name, secret(password)),
        () => set("other", secret("its password")),
        () => set("open", ""),
        () => set("open", ""),
        () => set(board.ssid, secret(pick(["", password, "its password", "not this one"]))),
        () => board.air.setPower(random() < 0.6),
        () => board.air.setInRange(pick(networks), random() < 0.6),
        () => board.air.setHidden(pick(networks), random() < 0.3),
        () => board.air.setDhcpMs(pick([undefined, 3000, 10_000])),
        () => {
            // That the address to come may be one of the network before is in the program's memory only.
            const { doubtful } = board.wifi as unknown as { doubtful: boolean }
            if (!doubtful && !board.keeper.changed) board.restartProgram()
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
    return { board, changes }
}

it("ends in the network of its settings after any life, with no more resets than changes", async () => {
    const passwords: Record<string, string> = { [name]: password, other: "its password", open: "" }
    const joins = { open: 0, secured: 0 }
    for (let seed = 1; seed <= 500; ++seed) {
        const { board, changes } = await live(seed)
        const network = board.driver.network
        const open = board.password === ""
        let right = passwords[board.ssid] === board.password
        // The program died between its note and the reset, or a password was stored before.
        if (open && (board.aborts.length < board.restarts.length || board.stored.psk)) right = false
        if (right) expect(network, `seed ${seed}`).toBe(board.ssid)
        // A wrong password that came right before a restart: the runtime goes on with the right one.
        else if (network !== "") expect(network, `seed ${seed}`).toBe(board.ssid)
        expect(board.wifi.network(), `seed ${seed}`).toBe(network)
        expect(board.resets, `seed ${seed}`).toBe(board.aborts.length)
        expect(board.aborts.length, `seed ${seed}`).toBeLessThanOrEqual(board.restarts.length)
        expect(board.restarts.length, `seed ${seed}`).toBeLessThanOrEqual(changes)
        if (right) joins[open ? "open" : "secured"]++
    }
    expect(joins.open).toBeGreaterThan(50)
    expect(joins.secured).toBeGreaterThan(50)
}, 120_000)
