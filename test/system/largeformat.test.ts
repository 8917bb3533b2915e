import { afterEach, beforeAll, expect, test } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { SimulatedBoard } from "../support/simulatedboard"

/** The real size of a 32 GB card. The image is sparse. */
const cardBytes = 30_500 * 1024 ** 2

let imagePath: string
let board: SimulatedBoard | undefined

beforeAll(async () => {
    imagePath = (await firmware(readManifest().entries.simulator)).imagePath
})
afterEach(async () => {
    await board?.end()
    board = undefined
})

test("a 32 GB card is formatted in 15 s, and the records of that time are not lost", async () => {
    board = new SimulatedBoard(imagePath, { cardBytes, seed: 5 })
    const { simulation } = board
    await simulation.start()
    await board.run("set sd.period 5")
    // A blank card's alarm and records come before the format begins.
    await board.sleep(12_000)
    const beganMs = simulation.clock.nowMs()
    await board.run("card format yes")
    const seconds = (simulation.clock.nowMs() - beganMs) / 1000
    expect(seconds).toBeLessThanOrEqual(15)
    await board.sleep(12_000)
    const { records } = simulation.summary(0)
    expect(records.lost).toBe(0)
    const upSeconds = (simulation.clock.nowMs() - simulation.board.poweredAtMs) / 1000
    // One per five seconds since the start, all written by now.
    expect(records.main).toBeGreaterThanOrEqual(Math.floor((upSeconds - 5) / 5))
    expect(await board.run("card")).toContain("SDHC, 30500 MiB")
    const waited = board.log.find(one => /waited|time-out|stuck|PANIC/.test(one.text))
    expect(waited?.text).toBeUndefined()
})
