import { afterEach, beforeEach, expect, test } from "vitest"
import { runEvent } from "../../sim/events"
import { defaultNetwork } from "../../sim/wifi/air"
import { firmware, readManifest } from "../../tools/firmware"
import { SimulatedBoard } from "../support/simulatedboard"

let board: SimulatedBoard

const event = async (line: string) => await runEvent(line, board.simulation)
const resets = () => board.simulation.board.resets
const state = async () => /^state +(.*)$/m.exec(await board.run("wifi"))![1]
const cause = async () => /^last start +(.*)$/m.exec(await board.run("status"))![1]

beforeEach(async () => {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    board = new SimulatedBoard(imagePath)
    await board.simulation.start()
    await board.run("card format yes")
    await event("!wifi network cafe")
})
afterEach(async () => {
    await board.end()
})

test("an open network is joined with one orderly reset, and again when it returns", async () => {
    expect(await board.run("set wifi.ssid cafe")).toContain("restarts once")
    await board.sleep(150_000)
    expect(await state()).toMatch(/^connected/)
    expect(await cause()).toBe("network")
    expect(resets()).toBe(1)
    await event("!wifi gone cafe")
    await board.sleep(600_000)
    expect(await state()).toMatch(/^not connected; this open network is absent/)
    await event("!wifi back cafe")
    await board.sleep(60_000)
    expect(await state()).toMatch(/^connected/)
    expect(resets()).toBe(1)
})

test("a board that once had a password tries an open network once, and says what to do", async () => {
    await board.run(`set wifi.ssid ${defaultNetwork.name}`)
    await board.run(`set wifi.password ${defaultNetwork.password}`)
    await board.sleep(40_000)
    expect(await state()).toMatch(/^connected/)
    await board.run('set wifi.password ""')
    await board.run("set wifi.ssid cafe")
    await board.sleep(900_000)
    expect(await state()).toContain("joins no open one until its flash is erased")
    expect(resets()).toBe(1)
})

test("setting name and password within a minute causes no reset", async () => {
    await board.run(`set wifi.ssid ${defaultNetwork.name}`)
    await board.sleep(30_000)
    await board.run(`set wifi.password ${defaultNetwork.password}`)
    await board.sleep(120_000)
    expect(await state()).toMatch(/^connected/)
    expect(resets()).toBe(0)
})
