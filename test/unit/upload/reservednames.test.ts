import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { DeviceBuffer } from "../../support/devicebuffer"
import { MemoryFlash } from "../../support/memoryflash"
import type { SimUpload as World } from "../../support/simupload"
import { pattern } from "../../support/uploadcard"

vi.mock("@devicescript/core", async () => (await import("../../support/simnatives")).natives)
const { SimUpload } = await import("../../support/simupload")

const path = "LOG/20261122.CSV"
const key = 26112200
const name = "BMS-1-LOG-20261122.CSV"

type Names = typeof import("../../../src/upload/reservednames")

/** The module after a start of the program. */
async function start(): Promise<Names> {
    vi.resetModules()
    return await import("../../../src/upload/reservednames")
}

describe("a reserved name", () => {
    let flash: MemoryFlash
    let names: Names
    const isReserved = async (one: string, salt: number): Promise<boolean> =>
        names.isReserved(await names.loadMarks(flash), one, salt)
    const reserve = async (one: string, salt: number): Promise<void> =>
        await names.reserve(flash, await names.loadMarks(flash), one, salt)
    beforeEach(async () => {
        flash = new MemoryFlash()
        names = await start()
    })

    it("is known over restarts until more than seven others follow", async () => {
        await reserve(name, key)
        for (let day = 1; day <= 7; ++day) {
            names = await start()
            expect(await isReserved(name, key)).toBe(true)
            await reserve(`BMS-1-LOG-2026120${day}.CSV`, 26120000 + 100 * day)
        }
        expect(await isReserved(name, key)).toBe(true)
        await reserve("BMS-1-LOG-20261210.CSV", 26121000)
        expect(await isReserved(name, key)).toBe(false)
    })

    it("is not displaced while it waits, however many others are settled", async () => {
        await reserve(name, key)
        for (let day = 1; day <= 28; ++day) {
            const other = `BMS-1-LOG-202612${String(day).padStart(2, "0")}.CSV`
            await reserve(other, 26120000 + 100 * day)
            names.settle(other, 26120000 + 100 * day)
        }
        expect(await isReserved(name, key)).toBe(true)
    })

    it("differs from one of another folder, day or number", async () => {
        await reserve(name, key)
        for (const [other, otherKey] of [
            ["BMS-1-CELL-20261122.CSV", key],
            ["BMS-1-LOG-20261122-2.CSV", key],
            ["BMS-1-LOG-20261123.CSV", key + 100],
            ["BMS-1-LOG-26112201.CSV", key + 1],
        ] as const)
            expect(await isReserved(other, otherKey), other).toBe(false)
    })

    it("costs one flash write, and does not prevent sending if the flash is silent", async () => {
        await reserve(name, key)
        expect(flash.writes).toBe(1)
        flash.silentAccesses = 3
        await reserve(name, key)
        expect(await isReserved(name, key)).toBe(false)
        expect(await isReserved(name, key)).toBe(true)
    })

    it("is not read from a damaged value", async () => {
        for (const damaged of [1, 32, 33, 34].map(bytes => DeviceBuffer.alloc(bytes))) {
            flash.values.set("names", damaged.fill(0xee))
            expect(await isReserved(name, key)).toBe(false)
            await reserve(name, key)
            expect(await isReserved(name, key)).toBe(true)
        }
    })
})

describe("two cards of one board with a log of the same day", () => {
    let world: World
    afterEach(() => world.remove())

    it("each have a file on the server, whenever a power cut and a card change come", async () => {
        const contents = { A: pattern(3000, 1), B: pattern(2000, 2) }
        const histories: Record<string, Uint8Array> = {}
        const insert = (card: "A" | "B"): void => {
            world.card.files.clear()
            world.card.put(path, contents[card])
            if (histories[card]) world.card.put("LOGSENT.TXT", histories[card])
            world.card.mounts++
        }
        const pull = (card: "A" | "B"): void => {
            histories[card] = Buffer.from(world.card.bytes("LOGSENT.TXT"))
        }
        for (let afterMs = 0; afterMs <= 600; afterMs += 20) {
            delete histories.A
            delete histories.B
            world = await SimUpload.start()
            insert("A")
            world.uploader.requested = true
            void world.uploader.run()
            // Waits until the name is noted on the card.
            while (!world.card.files.has("LOGSENT.TXT"))
                await world.clock.finish(world.clock.sleep(1))
            await world.clock.finish(world.clock.sleep(afterMs))
            await world.cutPower()
            pull("A")
            insert("B")
            expect(await world.session()).toBe("")
            pull("B")
            await world.cutPower()
            insert("A")
            expect(await world.session()).toBe("")
            const found = readdirSync(world.root).map(one => readFileSync(join(world.root, one)))
            expect(found.some(one => one.equals(contents.A))).toBe(true)
            expect(found.some(one => one.equals(contents.B))).toBe(true)
            for (const one of found) {
                const whole = [contents.A, contents.B].find(all =>
                    one.equals(all.subarray(0, one.length)),
                )
                expect(whole, `${afterMs} ms: a file of ${one.length} bytes`).toBeDefined()
            }
            if (afterMs < 600) world.remove()
        }
    })
})
