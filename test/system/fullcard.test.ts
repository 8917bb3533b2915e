import { afterAll, beforeAll, expect, test } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { cardOfUnsentDays } from "../support/fullcard"
import { SimulatedBoard } from "../support/simulatedboard"

// A full card with 420 unsent days and a year's history, at the ESP32's speed.

let board: SimulatedBoard
let sent: string[]

beforeAll(async () => {
    const card = await cardOfUnsentDays(Date.UTC(2026, 2, 1) / 1000)
    sent = card.sent
    const { imagePath } = await firmware(readManifest().entries.simulator)
    board = new SimulatedBoard(imagePath, { card: card.store })
    await board.simulation.start()
    await board.run("set sd.period 1")
    await board.sleep(60_000)
}, 120_000)
afterAll(async () => {
    await board?.end()
})

test("the search for a sent file costs no record at one per second", async () => {
    const { records } = board.simulation.summary(0)
    expect(records.lost).toBe(0)
    expect(records.main).toBeGreaterThan(45)
    expect(await board.run("card ls LOG")).not.toContain(sent[0].slice(4))
    expect(board.simulation.board.resets).toBe(0)
    const bad = /PANIC|fault|waited|time-out|full|lost/i
    expect(board.log.filter(one => bad.test(one.text))).toEqual([])
})
