import { describe, expect, it } from "vitest"
import { SdCardChip } from "../../../sim/chips/sdcard"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { FaultCode } from "../../../src/core/fault"
import { WholeFiles } from "../../../src/fat/wholefile"
import { History, pieceBytes } from "../../../src/upload/history"
import { Key } from "../../../src/settings/keys"
import { CardLife, morning } from "../../support/cardlife"
import { formattedStore, mountStore, textOn, timesOn } from "../../support/cardstore"
import { DeviceBuffer } from "../../support/devicebuffer"
import { ForeignFiles } from "../../support/foreignfiles"
import { cardOfUnsentDays, dayLog, fillUp, reserve } from "../../support/fullcard"
import { noteSent } from "../../support/historylines"

// A full card keeps a reserve for the histories, without which it could never get room again. And a
// session whose history finds no room.

const today = "LOG/20261122.CSV"
const sentDay = "20261121.CSV"
const logName = "BMS-1A2B-LOG-" + sentDay
const cellName = "BMS-1A2B-CELL-" + sentDay
const text = (value: string) => DeviceBuffer.from(value) as unknown as Buffer

async function put(store: MemoryStore, path: string, content: string): Promise<void> {
    const volume = await mountStore(store)
    const file = await volume.openForAppend(path, "")
    await file.append(text(content))
    await file.close()
    await volume.sync()
}

const free = (store: MemoryStore) => new ForeignFiles(store).free()

function cellHistory(board: CardLife): History {
    const clock = { nowSeconds: () => morning, offsetMinutes: () => 0 }
    const piece = DeviceBuffer.alloc(pieceBytes) as never
    return new History(board.storage, clock as never, "CELLSENT.TXT", piece)
}

describe("a card full of unsent logs", () => {
    it("has room for both histories when the cell log is turned on, even after resets", async () => {
        const store = await formattedStore(4)
        const yesterday = dayLog("2026-11-21", 400)
        await put(store, "LOG/20261121.CSV", yesterday)
        fillUp(store, 12)
        let board = await CardLife.start(new SdCardChip(store))
        await board.run(200)
        expect(board.flags()).toContain("SD_FULL")
        for (let start = 0; start < 3; ++start) {
            await board.set(Key.SdCells, 1)
            await board.run(70)
            expect(free(store)).toBe(reserve)
            expect(await textOn(store, "CELL/20261122.CSV")).toBeUndefined()
            const startSeconds = board.seconds() + 10
            board = await CardLife.start(new SdCardChip(store), { startSeconds, cells: true })
        }
        await board.run(5)
        const generation = board.storage.generation()
        const cells = cellHistory(board)
        for (const bytes of [0, yesterday.length])
            await board.finish(noteSent(board.history, sentDay, bytes, logName, generation))
        for (const bytes of [0, 900])
            await board.finish(noteSent(cells, sentDay, bytes, cellName, generation))
        await board.run(70)
        expect(await textOn(store, "LOG/20261121.CSV")).toBeUndefined()
        expect(board.flags()).not.toContain("SD_FULL")
        expect(board.logger.queued()).toBe(0)
    })

    interface Taker {
        free: number
        take: (board: CardLife, round: number) => Promise<void>
    }
    const takers: Record<string, Taker> = {
        "a log": { free: reserve + 3, take: async board => await board.run(1) },
        "a new directory": {
            free: reserve,
            take: async board => {
                await board.use(async volume => {
                    await (await volume.openForAppend("CELL/20261122.CSV", "time\r\n")).close()
                })
            },
        },
        "a directory that grows": {
            free: reserve + 3,
            take: async (board, round) => {
                await board.use(async volume => {
                    await (await volume.openForAppend(`LOG/${10000000 + round}.CSV`, "")).close()
                })
            },
        },
        "the backup": {
            free: reserve + 3,
            take: async (board, round) => {
                const pieces = [text("x".repeat(600))]
                await board.finish(new WholeFiles(board.storage).write(`BACK${round}.BAK`, pieces))
            },
        },
    }
    for (const [title, taker] of Object.entries(takers))
        it(`keeps its reserve from ${title}`, async () => {
            const store = await formattedStore(4)
            await put(store, "LOG/20261121.CSV", dayLog("2026-11-21"))
            fillUp(store, taker.free)
            const board = await CardLife.start(new SdCardChip(store))
            if (title !== "a log") await board.set(Key.SdPeriod, 86400)
            let refused = 0
            for (let round = 0; round < 100 && refused < 3; ++round) {
                try {
                    await taker.take(board, round)
                    if (board.logger.lastError.includes("full")) refused++
                } catch (thrown) {
                    expect(thrown).toMatchObject({ code: FaultCode.VolumeFull })
                    refused++
                }
                expect(free(store)).toBeGreaterThanOrEqual(reserve)
            }
            expect(refused).toBe(3)
            for (let i = 0; i < 10; ++i) {
                const generation = board.storage.generation()
                await board.finish(noteSent(board.history, sentDay, i, logName, generation))
                await board.finish(noteSent(cellHistory(board), sentDay, i, cellName, generation))
            }
        })
})

describe("an upload from a card on which the history finds no room", () => {
    it("fails with alarm and reason, leaves the card usable, and continues given room", async () => {
        const store = await formattedStore(4)
        for (const day of [18, 19, 20, 21])
            await put(store, `LOG/202611${day}.CSV`, dayLog(`2026-11-${day}`))
        fillUp(store, 0)
        const options = { cells: true, network: true }
        const board = await CardLife.start(new SdCardChip(store), options)
        const { settings, uploader } = board.board.parts
        const keys = [Key.FtpEnable, Key.FtpCells, Key.FtpHost]
        await board.finish(settings.apply(keys, [1, 1, "example.org"]))
        for (let session = 1; session <= 6; ++session) {
            // The first session is the board's own. Its next one comes 7 s later or more.
            if (session > 1) {
                const answer = await board.board.console("ftp send")
                expect(answer).toContain("the SD card is full")
            }
            // A flag comes up when its cause has lasted 3 s.
            await board.run(session > 2 ? 11 : 5)
            expect(uploader.lastError).toContain("the SD card is full")
            expect(uploader.pacing.failuresInRow).toBe(session)
            expect(board.flags().includes("FTP"), `session ${session}`).toBe(session >= 3)
        }
        expect(board.flags()).toContain("SD_FULL")
        const volume = await mountStore(store)
        await volume.remove("FILL.BIN")
        board.socket.pull()
        await board.run(3)
        board.socket.insert(new SdCardChip(store))
        await board.settle()
        expect(await board.board.console("ftp send")).toContain("files confirmed")
        expect(uploader.lastError).toBe("")
        const { files } = board.board.servers!
        for (const day of [18, 19, 20, 21]) {
            const sent = Buffer.from(files.get(`BMS-1A2B-LOG-202611${day}.CSV`)!).toString()
            expect(sent).toBe(dayLog(`2026-11-${day}`))
        }
        // RECORDS_LOST stays up for a while.
        await board.run(15)
        await board.sync()
        expect(board.flags()).toBe("none")
        for (const path of [today, "CELL/20261122.CSV"]) {
            const times = await timesOn(store, path)
            expect(times).toEqual(board.made.slice(-times.length))
            expect((board.made.length - times.length) * 2).toBe(board.logger.recordsLost())
        }
    })

    it("keeps no buffer of a file that cannot be written", async () => {
        const store = await formattedStore(4)
        await put(store, "LOG/20261121.CSV", dayLog("2026-11-21"))
        fillUp(store, 0)
        const board = await CardLife.start(new SdCardChip(store))
        const files = new WholeFiles(board.storage)
        await board.poll()
        for (let i = 0; i < 8; ++i) {
            const generation = board.storage.generation()
            const full = { code: FaultCode.VolumeFull }
            await expect(
                board.finish(noteSent(board.history, sentDay, i, logName, generation)),
            ).rejects.toMatchObject(full)
            await expect(
                board.finish(files.write(`BACK${i}.BAK`, [text("x".repeat(600))])),
            ).rejects.toMatchObject(full)
        }
    })
})

describe("the search on a full card with 420 unsent days and a year's history", () => {
    it("costs no record at one per second", async () => {
        const { store, sent } = await cardOfUnsentDays(morning)
        const board = await CardLife.start(new SdCardChip(store), { transferMs: 0.6 })
        await board.run(60)
        await board.sync()
        expect(board.logger.recordsLost()).toBe(0)
        expect(await textOn(store, sent[0])).toBeUndefined()
        expect(await timesOn(store, today)).toEqual(board.made)
        expect(board.made.length).toBe(60)
    })
})
