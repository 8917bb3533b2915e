import { afterAll, beforeAll, expect, test } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { SimulatedBoard } from "../support/simulatedboard"

// Starts after power cuts, at the ESP32's speed, with records beyond the recorded sizes.

let board: SimulatedBoard

beforeAll(async () => {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    board = new SimulatedBoard(imagePath)
    await board.simulation.start()
    for (const line of ["card format yes", "set sd.period 1", "set sd.cells on"])
        await board.run(line)
    await board.sleep(60_000)
}, 60_000)
afterAll(async () => {
    await board?.end()
})

test("the first record is on the card within 3 s of the runtime's banner", async () => {
    for (let cut = 0; cut < 3; ++cut) {
        board.simulation.powerCut()
        await board.sleep(15_000)
        const startMs = board.simulation.board.poweredAtMs
        const bannerMs = board.loggedMs(/DeviceScript Simulator/, startMs)
        expect(board.loggedMs(/^records: /, startMs) - bannerMs).toBeLessThanOrEqual(3000)
    }
    expect(board.simulation.summary(0).records.lost).toBe(0)
}, 60_000)
