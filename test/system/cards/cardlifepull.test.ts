import { describe, expect, it } from "vitest"
import { SdCardChip } from "../../../sim/chips/sdcard"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife, morning } from "../../support/cardlife"
import { MemoryFlash } from "../../support/memoryflash"
import { formattedStore, recordTimes, textOn, timesOn } from "../../support/cardstore"
import { Random } from "../../support/random"
import { checkVolume, makeVolume } from "../../support/fatimage"
import { noteSent } from "../../support/historylines"
import { hasTool } from "../../support/tools"

const main = "LOG/20261122.CSV"
const cell = "CELL/20261122.CSV"
const historyFile = "LOGSENT.TXT"
/** The card is pulled within this many seconds. */
const pullSeconds = 6
const tools = hasTool("fsck.fat") && hasTool("mkfs.fat")

interface Session {
    board: CardLife
    /** History lines that were confirmed, and those that were not. */
    written: string[]
    failed: string[]
}

/** A board that writes both logs every second and a history line every third second. */
async function session(card: SdCardChip | undefined): Promise<Session> {
    const board = await CardLife.withoutPower(card, { cells: true })
    const written: string[] = []
    const failed: string[] = []
    board.work = async () => {
        const second = board.seconds() - morning
        if (second % 3 !== 2 || second > pullSeconds) return
        const [name, bytes] = ["20261122.CSV", second * 100]
        const { storage } = board
        try {
            await noteSent(board.history, name, bytes, "BMS-LOG", storage.generation())
            written.push(`${name},${bytes},`)
        } catch {
            failed.push(`${name},${bytes},`)
        }
    }
    return { board, written, failed }
}

/** The transfers of a whole run: the card can be pulled at each of them. */
async function countTransfers(start: MemoryStore): Promise<number> {
    const { board } = await session(new SdCardChip(start.clone()))
    await board.powerUp()
    await board.run(pullSeconds)
    return board.socket.transfers
}

function expectHistory(text: string | undefined, { written, failed }: Session, title: string) {
    const lines = (text ?? "").split("\r\n").slice(0, -1)
    const starts = lines.map(line => line.slice(0, line.indexOf(",", 13) + 1))
    for (const start of written)
        expect(starts.filter(other => other === start).length, `${title}: ${text}`).toBe(1)
    // An unconfirmed line may still be there, once.
    const others = starts.filter(start => !written.includes(start))
    expect(new Set(others).size, title).toBe(others.length)
    for (const start of others) expect(failed, title).toContain(start)
}

/** Pulls the card in or before transfer `at` and returns it after the seconds or transfers. */
async function pullAndReturn(
    start: MemoryStore,
    at: number,
    back: { seconds?: number; transfers?: number; bytes?: number },
): Promise<{ session: Session; store: MemoryStore; secondsToMount: number }> {
    const store = start.clone()
    const card = new SdCardChip(store)
    const run = await session(card)
    const { board } = run
    const { socket } = board
    let pulledMs = -1
    let returnedMs = -1
    let generation = 0
    const putBack = () => {
        if (returnedMs >= 0) return
        socket.insert(card)
        returnedMs = board.nowMs()
    }
    socket.onTransfer = transfer => {
        if (transfer === at) {
            pulledMs = board.nowMs()
            generation = board.mounts()
            if (back.bytes !== undefined) return back.bytes
            socket.pull()
        }
        if (pulledMs >= 0 && back.transfers !== undefined && transfer >= at + back.transfers)
            putBack()
        return undefined
    }
    const history = board.work!
    board.work = async () => {
        const awayMs = (back.seconds ?? 0) * 1000
        if (back.seconds !== undefined && pulledMs >= 0 && board.nowMs() - pulledMs >= awayMs)
            putBack()
        await history()
    }
    await board.powerUp()
    await board.run(60, () => returnedMs >= 0 && board.mounts() > generation)
    const secondsToMount = (board.nowMs() - returnedMs) / 1000
    await board.run(3)
    await board.settle()
    await board.run(6, () => board.flags() === "none")
    await board.sync()
    return { session: run, store, secondsToMount }
}

async function expectComplete(run: Session, store: MemoryStore, title: string): Promise<void> {
    const { board } = run
    expect(await timesOn(store, main), title).toEqual(board.made)
    expect(await timesOn(store, cell), title).toEqual(board.made)
    expectHistory(await textOn(store, historyFile), run, title)
    expect(board.logger.recordsLost(), title).toBe(0)
    expect(board.flags(), title).toBe("none")
    expect(board.storage.lastError + board.logger.lastError, title).toBe("")
}

function expectClean(store: MemoryStore, title: string): void {
    if (!tools) return
    const check = checkVolume(store)
    expect(check.clean, `${title}: ${check.text}`).toBe(true)
}

/** Tries one moment after another and returns all failures, so that one test reports them all. */
async function campaign(
    moments: number[],
    attempt: (at: number) => Promise<void>,
): Promise<string[]> {
    const failures: string[] = []
    for (const at of moments) {
        try {
            await attempt(at)
        } catch (thrown) {
            failures.push(String(thrown).slice(0, 400))
        }
    }
    return failures
}

/** The transfers at which the card is pulled: each one, or every `step`-th. */
async function momentsOf(start: MemoryStore, step = 1): Promise<number[]> {
    const transfers = await countTransfers(start)
    expect(transfers).toBeGreaterThan(150)
    return Array.from({ length: Math.floor(transfers / step) }, (_, i) => (i + 1) * step)
}

describe("a card pulled at any moment of mounting and logging", () => {
    const returns: {
        title: string
        step: number
        back: { seconds?: number; transfers?: number }
    }[] = [
        { title: "3 s later", step: 1, back: { seconds: 3 } },
        { title: "before the next command", step: 1, back: { transfers: 0 } },
        { title: "while the board polls for it", step: 3, back: { transfers: 5 } },
    ]
    for (const { title, step, back } of returns) {
        it(`is mounted within 5 s and loses and duplicates nothing, put back ${title}`, async () => {
            const start = await formattedStore(4)
            const failures = await campaign(await momentsOf(start, step), async at => {
                const what = `pulled before transfer ${at}, back ${title}`
                const { session: run, store, secondsToMount } = await pullAndReturn(start, at, back)
                expect(secondsToMount, what).toBeLessThanOrEqual(5)
                await expectComplete(run, store, what)
                if (at % 16 === 0) expectClean(store, what)
            })
            expect(failures).toEqual([])
        })
    }

    it.skipIf(!tools)(
        "loses and duplicates nothing when the wire breaks within a transfer, on FAT32",
        async () => {
            const start = makeVolume(40, "-F32", "-s1")
            const random = new Random(20261122)
            const failures = await campaign(await momentsOf(start, 3), async at => {
                const back = { bytes: random.below(540), transfers: 1 + random.below(40) }
                const what = `pulled in transfer ${at} after ${back.bytes} bytes, back ${back.transfers} later`
                const { session: run, store, secondsToMount } = await pullAndReturn(start, at, back)
                expect(secondsToMount, what).toBeLessThanOrEqual(5)
                await expectComplete(run, store, what)
                if (at % 32 === 0) expectClean(store, what)
            })
            expect(failures).toEqual([])
        },
    )

    it.skipIf(!tools)(
        "loses and duplicates nothing on a FAT16 without spare reserved sectors",
        async () => {
            const start = makeVolume(4, "-F16", "-s1", "-R1")
            const failures = await campaign(await momentsOf(start), async at => {
                const what = `pulled before transfer ${at}`
                const run = await pullAndReturn(start, at, { seconds: 3 })
                await expectComplete(run.session, run.store, what)
                if (at % 16 === 0) expectClean(run.store, what)
            })
            expect(failures).toEqual([])
        },
    )
})

describe("another card in the socket", () => {
    /** A card with this day's log of another board, its history and a foreign file. */
    async function usedCard(): Promise<MemoryStore> {
        const store = await formattedStore(4)
        const startSeconds = morning - 100
        const other = await CardLife.start(new SdCardChip(store), {
            serial: "BMS-9F9F",
            startSeconds,
        })
        await other.run(20)
        await other.finish(noteSent(other.history, "20261121.CSV", 4711, "BMS-9F9F-LOG", 1))
        await other.use(async volume => {
            const file = await volume.openForAppend("NOTES.TXT", "not yours\r\n")
            await file.close()
        })
        await other.sync()
        return store
    }

    /** The first card after a board started with it on the next day. */
    async function recovered(store: MemoryStore, flash: MemoryFlash): Promise<MemoryStore> {
        const startSeconds = morning + 86400
        const board = await CardLife.start(new SdCardChip(store), {
            startSeconds,
            flash,
            cells: true,
        })
        await board.run(3)
        await board.sync()
        return store
    }

    it("gets the queued records, and neither card loses or duplicates a record", async () => {
        const start = await formattedStore(4)
        const used = await usedCard()
        const before = (await textOn(used, main))!
        const failures = await campaign(await momentsOf(start, 3), async at => {
            const what = `exchanged before transfer ${at}`
            const first = start.clone()
            const second = used.clone()
            const { board } = await session(new SdCardChip(first))
            let flash = new MemoryFlash()
            let exchangedMs = -1
            let mounts = 0
            board.socket.onTransfer = transfer => {
                if (transfer !== at) return undefined
                flash = board.flash.copy()
                mounts = board.mounts()
                board.socket.pull()
                board.socket.insert(new SdCardChip(second))
                exchangedMs = board.nowMs()
                return undefined
            }
            await board.powerUp()
            await board.run(30, () => exchangedMs >= 0)
            await board.run(30, () => board.settled() && board.mounts() > mounts)
            expect((board.nowMs() - exchangedMs) / 1000, what).toBeLessThanOrEqual(6)
            await board.run(3)
            await board.sync()
            await recovered(first, flash)
            expect(await textOn(second, "NOTES.TXT"), what).toBe("not yours\r\n")
            expect(await textOn(second, historyFile), what).toMatch(
                /^20261121.CSV,4711,[^]*LOG,7,0,4711\r\n/,
            )
            expect((await textOn(second, main))!.startsWith(before), what).toBe(true)
            await expectShared(first, second, board, recordTimes(before).length, what)
            if (at % 32 === 0) [first, second].forEach(store => expectClean(store, what))
        })
        expect(failures).toEqual([])
    })

    /** Both logs begin on the first card and end on the second. One record may be on both. */
    async function expectShared(
        first: MemoryStore,
        second: MemoryStore,
        board: CardLife,
        foreign: number,
        what: string,
    ): Promise<void> {
        for (const path of [main, cell]) {
            const here = await timesOn(first, path)
            const there = (await timesOn(second, path)).slice(path === main ? foreign : 0)
            const twice = here.length > 0 && here.at(-1) === there[0] ? 1 : 0
            expect([...here, ...there.slice(twice)], `${what}: ${path}`).toEqual(board.made)
        }
    }
})
