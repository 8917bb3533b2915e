import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { LargePieces } from "../support/largepieces"
import { TemperedBoard } from "../support/temperedboard"
import { kindTempers, type NamedTemper, unkindTempers } from "../support/tempers"

// The whole firmware in the VM with servers of many tempers: it logs every second with all of them.
// test/unit/upload/uploadtempers.test.ts tests older files with each of them.

/** Pieces that the runtime received are larger, pieces of ours are not. */
const receivedBytes = 600

let board: TemperedBoard
/** Board time when the tempers began. */
let fromMs: number

beforeAll(async () => {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    board = new TemperedBoard(imagePath)
    await board.start()
    fromMs = board.nowMs()
})
afterAll(async () => {
    await board.remove()
})

/** One session. @returns why it failed, "" when everything was sent */
async function session(): Promise<string> {
    return await board.board.run("ftp send").then(
        () => "",
        (refused: Error) => refused.message,
    )
}

async function meet({ temper, directory = "" }: NamedTemper): Promise<void> {
    board.server.temper = temper
    await board.board.run(`set ftp.directory "${directory}"`)
}

describe("a board that logs every second continues and", () => {
    it.each(unkindTempers)("survives an unkind server: $name", async one => {
        await meet(one)
        await session()
        await board.board.sleep(5000)
        expect(board.faults(fromMs)).toEqual([])
    })

    it.each(kindTempers)("delivers: $name", async one => {
        await meet(one)
        let error = await session()
        for (let more = 0; error !== "" && more < 2; ++more) error = await session()
        expect(error).toBe("")
        expect(board.faults(fromMs)).toEqual([])
    })

    it("takes no more from a data connection than the runtime's first turn receives", async () => {
        await meet({ name: "talks", temper: { dataPort: () => "talking" } })
        const pieces = new LargePieces(board.board.simulation, receivedBytes)
        expect(await session()).toBe("")
        await board.board.sleep(5000)
        pieces.stop()
        const counts = [...pieces.seen.values()]
        // This many fit in lwIP's receive window.
        expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(6)
        expect(board.faults(fromMs)).toEqual([])
    })
})
