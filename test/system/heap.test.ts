import { beforeAll, expect, test } from "vitest"
import { HeapMap } from "../../sim/heapmap"
import { BusyBoard } from "../support/busyboard"
import { LargePieces } from "../support/largepieces"
import { firmware, readManifest } from "../../tools/firmware"

// What the firmware asks of the heap in the runtime, where a large piece is what first fails when
// memory is short.

/** The runtime gives away up to two words more than it was asked for. */
const roundingBytes = 8

/**
 * What a board does while both logs, uploads and alarms go on, and beyond which size pieces are
 * looked for.
 */
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

/**
 * How many pieces of each size beyond that each work asks for, one after the other on one board.
 */
const seen = {} as Record<keyof typeof works, Record<number, number>>

beforeAll(async () => {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    const busy = new BusyBoard(imagePath, { seed: 1 })
    try {
        await busy.start()
        // What is made at its first use is there.
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

test("no piece is larger than 256 bytes, whatever a person looks at meanwhile", () => {
    expect(seen.looks).toEqual({})
})

test("the meter sees what it is to see", () => {
    // The object of a measurement, one each second.
    expect(seen.measurement[244]).toBeGreaterThan(10)
})

test("nor than 344 when all settings are imported, the list of their values", () => {
    expect(seen.imports).toEqual({})
})

test("nor than 436 when the card is put back, the table of its file system", () => {
    expect(seen.troubles).toEqual({})
})

/** What the runtime makes of 1,024 bytes that a server sends: a buffer, and a fiber for it. */
const receivedBytes = 1036 + 28
/** As many come in one turn of the runtime's loop, before a line of ours runs: lwIP's window. */
const receivedAtOnce = 6

test("whatever happens, there is room for what a server can send at once", async () => {
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
