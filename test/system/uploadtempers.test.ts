import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { TemperedBoard } from "../support/temperedboard"
import { kindTempers, unkindTempers } from "../support/tempers"

// The whole firmware in the VM at servers of many tempers: it goes on logging at 1 s, and delivers when they are kind.

let board: TemperedBoard

beforeAll(async () => {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    board = new TemperedBoard(imagePath)
    await board.start()
}, 180_000)
afterAll(async () => {
    await board.remove()
})

describe("a board that logs each second", () => {
    it.each([...unkindTempers, ...kindTempers])("$name", async one => {
        const t0 = performance.now()
        const fromMs = board.nowMs()
        board.server.temper = one.temper
        await board.board.run("ftp send").catch(() => "")
        await board.board.sleep(60_000)
        console.log(
            one.name,
            (performance.now() - t0).toFixed(),
            board.faults(fromMs),
            await board.board.run("ftp"),
            board.board.simulation.summary(0).heap,
        )
    })
})
