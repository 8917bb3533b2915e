import { beforeAll, expect, test } from "vitest"
import { BusyBoard } from "../support/busyboard"
import { LargePieces } from "../support/largepieces"
import { firmware, readManifest } from "../../tools/firmware"

// What the firmware asks of the heap in the runtime, where a large piece is what first fails when memory is short.

let imagePath: string

beforeAll(async () => {
    imagePath = (await firmware(readManifest().entries.simulator)).imagePath
})

/** The runtime gives away up to two words more than it was asked for. */
const roundingBytes = 8

/** The pieces beyond a size that some work asks for while both logs, uploads and alarms go on. */
async function largePieces(
    bytes: number,
    work: (busy: BusyBoard) => Promise<void>,
): Promise<Record<number, number>> {
    const busy = new BusyBoard(imagePath, { seed: 1 })
    try {
        await busy.start()
        // What is made at its first use is there.
        await busy.lookAtAll()
        const pieces = new LargePieces(busy.board.simulation, bytes + roundingBytes)
        await work(busy)
        pieces.stop()
        expect(busy.panics()).toBe(0)
        const { records, ftp } = busy.board.simulation.summary(0)
        expect(records.lost).toBe(0)
        expect(ftp.filesConfirmed).toBeGreaterThan(3)
        return Object.fromEntries(pieces.seen)
    } finally {
        await busy.end()
    }
}

test("no piece is larger than 256 bytes, whatever a person looks at meanwhile", async () => {
    const seen = await largePieces(256, async busy => {
        await Promise.all([busy.lookAtAll(), busy.trouble(1, 20)])
        await busy.board.sleep(30_000)
    })
    expect(seen).toEqual({})
})

test("the meter sees what it is to see", async () => {
    const seen = await largePieces(192, async busy => await busy.lookAtAll())
    // The object of a measurement, one each second.
    expect(seen[244]).toBeGreaterThan(10)
})

test("nor than 344 when all settings are imported, the list of their values", async () => {
    expect(await largePieces(344, async busy => await busy.importAll())).toEqual({})
})

test("nor than 436 when the card is put back, the table of its file system", async () => {
    const seen = await largePieces(436, async busy => {
        for (const share of [0, 0.06, 0.11]) await busy.trouble(share, 10)
        await busy.board.sleep(60_000)
    })
    expect(seen).toEqual({})
})
