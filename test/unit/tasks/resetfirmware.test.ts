import { beforeEach, expect, test } from "vitest"
import { formattedStore } from "../../support/cardstore"
import { DeviceBuffer } from "../../support/devicebuffer"
import { NodeBoard } from "../../support/nodeboard"

// Resets of the whole firmware: the role of each part, and the console's output.

let board: NodeBoard

beforeEach(async () => {
    const card = await formattedStore(64)
    board = await new NodeBoard({ start: "2027-01-04T02:30:00Z", card }).start()
})

async function set(...lines: string[]): Promise<void> {
    for (const line of lines) expect(await board.console("set " + line)).toBe("ok\n")
}

/** A line of `status` or `reset` by its first word. */
async function shown(command: string, name: string): Promise<string> {
    const lines = (await board.console(command)).split("\n").map(line => line.trim())
    return lines
        .find(line => line.startsWith(name + " "))!
        .slice(name.length)
        .trim()
}

test("reset now answers, writes the pending record, and starts with its cause", async () => {
    await set("sd.period 1")
    await board.live(10)
    expect(await board.console("reset now")).toBe("ok\n")
    expect(await board.live(10)).toBe(1)
    expect(board.lines).toContain("reset: console")
    expect(await shown("status", "last start")).toContain("console")
    expect(await shown("reset", "reset.count")).toMatch(/^0 /)
    await board.live(5)
    await board.console("card eject")
    const records = (await board.cardFile("LOG/20270104.CSV")).split("\r\n").slice(1, -1)
    const seconds = records.map(line => Date.parse(line.slice(0, 19)) / 1000)
    // Only the second or two of the start are missing, and the order is right.
    const gaps = seconds.slice(1).map((second, i) => second - seconds[i])
    expect(gaps.filter(gap => gap !== 1).length).toBeLessThanOrEqual(1)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3)
})

test("before the reset, the card has the size of the day's file, and flash the time", async () => {
    await set("sd.period 1")
    await board.live(20)
    await board.console("reset now")
    while (!board.lines.includes("reset: console")) await board.ticks.advance(100)
    await board.ticks.advance(5000)
    // The state left by the stopped board, before another start.
    const text = await board.cardFile("LOG/20270104.CSV")
    expect(text.split("\r\n").length - 2).toBeGreaterThanOrEqual(19)
    const stored = board.flash.values.get("clock")!.getAt(0, "u32")!
    const asked = Date.parse("2027-01-04T02:30:20Z") / 1000
    expect(stored - asked).toBeGreaterThanOrEqual(0)
    expect(stored - asked).toBeLessThan(5)
})

test("the scheduled reset comes an hour after the start, counts, and is shown", async () => {
    await set("reset.enable on", "reset.days Mon", "reset.time 03:00", "reset.max 1")
    expect(await board.live(3500)).toBe(0)
    expect(await board.live(200)).toBe(1)
    expect(await shown("status", "last start")).toContain("scheduled")
    expect(await shown("reset", "reset.count")).toMatch(/^1 /)
    expect(await shown("reset", "reset.last")).toMatch(/^2027-01-04 03:30:0\d/)
    // A week later: clearing the count does not make up for a reset beyond the maximum.
    await board.live(3600)
    await board.console("time set 2027-01-11 03:10:00")
    expect(await board.live(10)).toBe(0)
    expect(await board.console("reset clear")).toBe("ok\n")
    expect(await board.live(10)).toBe(0)
    expect(await shown("reset", "reset.count")).toMatch(/^0 /)
    // The next chosen day has its reset.
    await set("reset.days Mon,Tue")
    await board.console("time set 2027-01-12 02:59:50")
    expect(await board.live(20)).toBe(1)
    expect(await shown("reset", "reset.last")).toMatch(/^2027-01-12 03:00:0\d/)
})

test("a change of zone does not make up for a reset either", async () => {
    await set("reset.enable on", "reset.days all", "reset.time 05:00")
    await board.live(3700)
    await set("time.zone +02:00")
    expect(await board.live(60)).toBe(0)
    expect(await board.console("time")).toContain("05:3")
})

test("a stuck task leads to an orderly reset, with its flag and its cause", async () => {
    board.lightHangs = true
    await board.live(119)
    expect(board.lines.filter(line => line.includes("stuck"))).toEqual([])
    while (!board.lines.includes("reset: supervisor")) await board.live(1)
    // The stop waits for it as for any other task, in vain.
    let seconds = 0
    while ((await board.live(1)) === 0) ++seconds
    expect(seconds).toBeGreaterThanOrEqual(9)
    expect(seconds).toBeLessThan(13)
    board.lightHangs = false
    expect(board.lines).toContain("supervisor: task light is stuck")
    await board.live(5)
    expect(await shown("status", "last start")).toContain("supervisor")
    expect(await board.console("status")).toContain("TASK_STUCK")
    await board.live(620)
    expect(await board.console("status")).not.toContain("TASK_STUCK")
})

const safeModeLine = "safe mode: the last starts ended early; a normal start follows in ten minutes"

/** Five consecutive starts that each end in a panic. */
async function dieEarly(): Promise<void> {
    for (let i = 0; i < 5; ++i) {
        expect(board.lines).not.toContain(safeModeLine)
        await board.live(10)
        await board.start(20_000)
    }
    expect(board.lines).toContain(safeModeLine)
}

test("an open network costs one orderly reset, and none in safe mode", async () => {
    await set("sd.period 5")
    expect(await board.console("set wifi.ssid cafe")).toContain("restarts once")
    expect(await board.live(59)).toBe(0)
    const before = await board.cardFile("LOG/20270104.CSV")
    expect(await board.live(20)).toBe(1)
    expect(board.toldOpen).toEqual(["cafe"])
    expect(board.lines).toContain("reset: network")
    expect(await shown("status", "last start")).toBe("network")
    expect((await board.cardFile("LOG/20270104.CSV")).length).toBeGreaterThan(before.length)
    // The network is absent.
    expect(await board.live(600)).toBe(0)
    expect(await board.console("status")).toContain("not connected; this open network is absent")
    await board.console("set wifi.ssid bar")
    await board.start()
    await dieEarly()
    expect(await board.live(300)).toBe(0)
    expect(await board.console("reset now")).toBe("ok\n")
    expect(await board.live(10)).toBe(1)
    expect(board.toldOpen).toEqual(["cafe"])
    expect(await board.live(90)).toBe(1)
    expect(board.toldOpen).toEqual(["cafe", "bar"])
})

test("safe mode has console, settings and journal, no records, and ends with a reset", async () => {
    await set("sd.period 5", "user.address here")
    await dieEarly()
    // The card may be the cause of the panics.
    const { transfers } = board.socket
    const before = await board.cardFile("LOG/20270104.CSV")
    await board.live(30)
    expect(await board.console("status")).toContain("safe mode")
    expect(await board.cardFile("LOG/20270104.CSV")).toBe(before)
    expect(await board.console("show user.address")).toContain("here")
    await set("user.address there")
    expect([transfers, board.socket.transfers]).toEqual([0, 0])
    expect(await board.console("journal")).toContain("Last record")
    const charge = "0011223344556677"
    await board.flash.write("charge", DeviceBuffer.from(charge, "hex") as unknown as Buffer)
    expect(await board.console("reset now")).toBe("ok\n")
    expect(await board.live(10)).toBe(1)
    expect(board.flash.values.get("charge")!.toString("hex")).toBe(charge)
    expect(await board.console("status")).not.toContain("safe mode")
    await board.live(10)
    expect((await board.cardFile("LOG/20270104.CSV")).length).toBeGreaterThan(before.length)
})

test("safe mode ends after ten minutes, and shows in a flag and two journal entries", async () => {
    await set("sd.period 5")
    await dieEarly()
    await board.live(5)
    expect(await shown("status", "alarms")).toContain("SAFE_MODE")
    expect(await board.console("journal")).toMatch(/Last record .* SAFE_MODE appeared; now: /)
    const before = await board.cardFile("LOG/20270104.CSV")
    expect(await board.live(590)).toBe(0)
    expect(await board.cardFile("LOG/20270104.CSV")).toBe(before)
    expect(await board.live(10)).toBe(1)
    expect(board.lines).toContain("reset: end of safe mode")
    await board.live(20)
    expect(await shown("status", "last start")).toBe("end of safe mode")
    expect(await board.console("status")).not.toContain("SAFE_MODE")
    expect(await board.console("journal")).toContain("SAFE_MODE disappeared")
    await board.console("card eject")
    const text = await board.cardFile("LOG/20270104.CSV")
    expect(text.length).toBeGreaterThan(before.length)
    expect(text.slice(before.length)).not.toContain("01000000")
})

test("a supply that fails six times within minutes costs no record afterwards", async () => {
    await set("sd.period 5")
    for (let i = 0; i < 6; ++i) {
        await board.live(20)
        await board.start()
    }
    expect(await shown("status", "last start")).toBe("power-on")
    await board.live(30)
    expect(board.lines).not.toContain(safeModeLine)
    await board.console("card eject")
    const records = (await board.cardFile("LOG/20270104.CSV")).split("\r\n").slice(1, -1)
    expect(records.length).toBeGreaterThan(6 * 3 + 4)
})

test("another program is a deployment, not a panic of the previous one", async () => {
    expect(board.lines).toContain("start: deployed, BMS-AB12")
    for (let i = 0; i < 8; ++i) {
        ++board.program
        board.lines.length = 0
        await board.live(10)
        await board.start(20_000)
        expect(board.lines).toContain("start: deployed, BMS-AB12")
        expect(board.lines).not.toContain(safeModeLine)
    }
    expect(await shown("status", "last start")).toBe("deployed")
})
