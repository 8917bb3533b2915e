import { beforeAll, expect, test } from "vitest"
import { HeapMap } from "../../sim/heapmap"
import { BusyBoard } from "../support/busyboard"
import { LargePieces } from "../support/largepieces"
import { firmware, readManifest } from "../../tools/firmware"

// What the firmware requests of the runtime's heap. When memory is short, large pieces fail first.

/** The runtime allocates up to two words more than requested. */
const roundingBytes = 8

/** Work of a board besides both logs, uploads and alarms. Pieces above `bytes` are counted. */
const works = {
    looks: {
        bytes: 256,
        work: async busy => {
            await Promise.all([busy.lookAtAll(), busy.trouble(1, 20)])
            await busy.board.sleep(30_000)
        },
    },
    measurement: { bytes: 192, work: async busy => await busy.lookAtAll() },
    imports: { bytes: 344, work: async busy => await busy.importAll() },
    troubles: {
        bytes: 436,
        work: async busy => {
            for (const share of [0, 0.06, 0.11]) await busy.trouble(share, 10)
            await busy.board.sleep(60_000)
        },
    },
} satisfies Record<string, { bytes: number; work: (busy: BusyBoard) => Promise<void> }>

/** Pieces of each larger size that each work requests. All works run in turn on one board. */
const seen = {} as Record<keyof typeof works, Record<number, number>>

beforeAll(async () => {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    const busy = new BusyBoard(imagePath, { seed: 1 })
    try {
        await busy.start()
        // Everything made at first use exists now.
        await busy.lookAtAll()
        for (const [name, { bytes, work }] of Object.entries(works)) {
            const pieces = new LargePieces(busy.board.simulation, bytes + roundingBytes)
            await work(busy)
            pieces.stop()
            seen[name as keyof typeof works] = Object.fromEntries(pieces.seen)
        }
        expect(busy.panics()).toBe(0)
        const { records, ftp } = busy.board.simulation.summary(0)
        expect(records.lost).toBe(0)
        expect(ftp.filesConfirmed).toBeGreaterThan(3)
    } finally {
        await busy.end()
    }
})

test("no piece exceeds 256 bytes, whatever a person looks at", () => {
    expect(seen.looks).toEqual({})
})

test("the meter counts pieces that must be there", () => {
    // The object of a measurement, one per second.
    expect(seen.measurement[244]).toBeGreaterThan(10)
})

test("no piece exceeds 344 bytes, the list of values, when all settings are imported", () => {
    expect(seen.imports).toEqual({})
})

test("no piece exceeds 436 bytes, the file system's table, when the card is put back", () => {
    expect(seen.troubles).toEqual({})
})

/** What the runtime allocates for 1,024 bytes from a server: a buffer and its fiber. */
const receivedBytes = 1036 + 28
/** This many arrive in one turn of the runtime's loop, before our code runs: lwIP's window. */
const receivedAtOnce = 6

test("there is always room for what a server can send at once", async () => {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    const busy = new BusyBoard(imagePath, { seed: 9, troubles: true })
    const { simulation } = busy.board
    const map = new HeapMap()
    const places: number[] = []
    let timer: ReturnType<typeof simulation.clock.setTimeout> | undefined
    const look = (): void => {
        const memory = simulation.board.memory()
        if (memory && map.look(memory)) places.push(map.places(receivedBytes))
        timer = simulation.clock.setTimeout(look, 100)
    }
    try {
        await busy.start()
        look()
        await busy.use(8)
        simulation.clock.clearTimeout(timer)
        expect(busy.panics()).toBe(0)
    } finally {
        await busy.end()
    }
    expect(places.length).toBeGreaterThan(4000)
    expect(Math.min(...places)).toBeGreaterThanOrEqual(receivedAtOnce)
})
