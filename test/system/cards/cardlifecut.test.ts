import { describe, expect, it } from "vitest"
import { Key } from "../../../src/settings/keys"
import { SdCardChip } from "../../../sim/chips/sdcard"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife, morning, type CardLifeOptions } from "../../support/cardlife"
import { formattedStore, mountStore, textOn, timesOn } from "../../support/cardstore"
import { DeviceBuffer } from "../../support/devicebuffer"
import { makeVolume } from "../../support/fatimage"
import { hasTool } from "../../support/tools"

// A power cut or a pulled card leaves records beyond the recorded sizes. The next board must find
// them again: this one or another, today or later, whatever it does with the card.

const tools = hasTool("mkfs.fat")
const today = "20261122.CSV"
const logs = ["LOG", "CELL"]
/** Cards with and without a redo log. */
const cards: Record<string, () => Promise<MemoryStore>> = {
    "a card made by card format": () => formattedStore(16),
}
if (tools) cards["a card from a PC, without a redo log"] = async () => makeVolume(16, "-F16", "-s2")

/** A board logged for this long, then lost power. Some records are beyond the recorded sizes. */
async function cutOff(store: MemoryStore, seconds = 153, options: CardLifeOptions = {}) {
    const board = await CardLife.start(new SdCardChip(store), { cells: true, ...options })
    await board.run(seconds)
    expect(board.logger.queued()).toBe(0)
    return board.made
}

async function next(
    store: MemoryStore,
    startSeconds = morning + 160,
    options: CardLifeOptions = {},
) {
    return await CardLife.start(new SdCardChip(store), { startSeconds, cells: true, ...options })
}

async function expectWhole(store: MemoryStore, made: number[], name = today): Promise<void> {
    for (const log of logs) expect(await timesOn(store, `${log}/${name}`), log).toEqual(made)
}

for (const [title, make] of Object.entries(cards))
    describe(`after a power cut, on ${title},`, () => {
        it("card eject leaves every record in its file, even without a new record", async () => {
            const store = await make()
            const made = await cutOff(store)
            // Some records must be found again.
            expect((await timesOn(store, "LOG/" + today)).length).toBeLessThan(made.length)
            await (await next(store)).eject()
            await expectWhole(store, made)
        })

        it("a board with logging off leaves every record in its file", async () => {
            const store = await make()
            const made = await cutOff(store)
            const board = await next(store)
            await board.set(Key.SdEnable, 0)
            await board.run(5)
            expect(board.made).toEqual([])
            await expectWhole(store, made)
        })

        it("an upload finds the whole files, not the sizes in the directory", async () => {
            const store = await make()
            const made = await cutOff(store)
            const board = await next(store)
            const sizes: Record<string, number> = {}
            await board.use(async volume => {
                for (const log of logs)
                    await volume.list(log, async entry => {
                        sizes[log] = entry.sizeBytes
                        return true
                    })
            })
            await expectWhole(store, made)
            for (const log of logs)
                expect(sizes[log]).toBe((await textOn(store, `${log}/${today}`))!.length)
        })

        it("another board, on another day, leaves every record in its file", async () => {
            const store = await make()
            const made = await cutOff(store)
            const board = await next(store, morning + 3 * 86400, { serial: "BMS-9F9F" })
            await board.run(20)
            await board.sync()
            await expectWhole(store, made)
            await expectWhole(store, board.made, "20261125.CSV")
        })

        it("another cut before anything is written costs nothing", async () => {
            const store = await make()
            const made = await cutOff(store)
            for (let cuts = 0; cuts < 3; ++cuts) await (await next(store)).poll()
            const board = await next(store)
            await board.run(17)
            made.push(...board.made)
            await (await next(store, morning + 3600)).eject()
            await expectWhole(store, made)
        })

        it("two cards that alternate over midnight keep every record", async () => {
            const stores = [await make(), await make()]
            const startSeconds = Date.UTC(2026, 10, 22, 23, 58) / 1000
            const board = await CardLife.start(undefined, { startSeconds, cells: true })
            for (let turn = 0; turn < 8; ++turn) {
                board.socket.insert(new SdCardChip(stores[turn % 2]))
                await board.settle()
                await board.run(27)
                expect(board.logger.queued()).toBe(0)
                board.socket.pull()
                await board.run(3)
            }
            for (const store of stores) await (await next(store, startSeconds + 7200)).eject()
            for (const log of logs) {
                const times: number[] = []
                for (const store of stores)
                    for (const day of [today, "20261123.CSV"])
                        times.push(...(await timesOn(store, `${log}/${day}`)))
                // Records made after the last pull are still in the queue.
                const waiting = board.logger.queued() / 2
                expect(times.sort(), log).toEqual(board.made.slice(0, board.made.length - waiting))
            }
            expect(board.logger.recordsLost()).toBe(0)
        })
    })

describe("a log whose name the redo log forgot", () => {
    it("is named again before it is written", async () => {
        const store = await formattedStore(600)
        const made = await cutOff(store)
        // The entries are up to date, with their marks.
        await (await next(store)).eject()
        const boot = new DataView(Uint8Array.from(store.read(0)).buffer)
        const header = boot.getUint16(14, true) - 7
        for (const block of [header, header + 1]) store.write(block, new Uint8Array(512))
        const board = await next(store)
        await board.run(4)
        made.push(...board.made)
        await (await next(store, morning + 3600)).eject()
        await expectWhole(store, made)
    })
})

describe("foreign files in LOG that have the mark", () => {
    /** Sets the mark in every entry of LOG, as hundredths of a second of a creation time may. */
    async function markAll(store: MemoryStore): Promise<void> {
        const volume = await mountStore(store)
        const paths: string[] = []
        await volume.list("LOG", async entry => paths.push("LOG/" + entry.name) > 0)
        for (const path of paths) {
            const file = (await volume.open(path))!
            const data = Uint8Array.from(store.read(file.entryBlock))
            data[file.entryAt + 13] = 1
            store.write(file.entryBlock, data)
        }
    }

    it("stay unchanged and do not stop the board from logging", async () => {
        for (const make of Object.values(cards)) {
            const store = await make()
            const texts: Record<string, string> = {}
            const first = await CardLife.start(new SdCardChip(store))
            await first.use(async volume => {
                for (let i = 0; i < 40; ++i) {
                    // Names that are no log's, and logs' names with other columns. The last line
                    // has no end.
                    const path = `LOG/${i < 20 ? "NOTES" : "202601"}${10 + (i % 20)}.CSV`
                    texts[path] =
                        `${i < 20 ? "time,utc_offset,serial,voltage_V" : "a,b,c"}\r\ntorn ${i}`
                    const file = await volume.openForAppend(path, "")
                    await file.append(DeviceBuffer.from(texts[path]) as unknown as Buffer)
                    await file.close()
                }
            })
            await markAll(store)
            const board = await next(store)
            await board.run(20)
            await board.sync()
            expect(await timesOn(store, "LOG/" + today)).toEqual(board.made)
            for (const [path, text] of Object.entries(texts))
                expect(await textOn(store, path), path).toBe(text)
        }
    })
})
