import { beforeAll, describe, expect, it } from "vitest"
import { SdCard } from "../../../src/card/sdcard"
import { SdCardChip } from "../../../sim/chips/sdcard"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife, morning } from "../../support/cardlife"
import type { MemoryFlash } from "../../support/memoryflash"
import { formattedStore, mountStore, recordTimes, textOn, timesOn } from "../../support/cardstore"
import { Random } from "../../support/random"
import { DeviceBuffer } from "../../support/devicebuffer"
import { checkVolume } from "../../support/fatimage"
import { blankStore, openMemoryCard } from "../../support/memorycard"
import { noteSent } from "../../support/historylines"
import { hasTool } from "../../support/tools"

const today = "LOG/20261122.CSV"
/** Where the day continues when its file cannot. */
const further = "LOG/26112201.CSV"
const tools = hasTool("fsck.fat")

/** True when the driver notices data that does not match its checksum. */
async function driverChecksReads(): Promise<boolean> {
    const { card, chip } = await openMemoryCard(blankStore(64))
    chip.faults.corruptReads = 1
    const block = DeviceBuffer.alloc(512) as unknown as Buffer
    await card.readBlock(5, block)
    return block.every(byte => byte === 0)
}

/** The day's records in all of its files, each of which must be in order. */
async function dayTimes(store: MemoryStore, directory: string): Promise<number[]> {
    const all: number[] = []
    for (const name of ["20261122", "26112201", "26112202", "26112203"]) {
        const times = await timesOn(store, `${directory}/${name}.CSV`)
        expect(times, name).toEqual([...times].sort())
        all.push(...times)
    }
    return all.sort()
}

describe("a card that sometimes answers badly", () => {
    type Hurt = (chip: SdCardChip) => void
    /** `every`: one in this many commands is hurt. Faults that are not retried cost a mount. */
    const troubles: { title: string; every: number; hurt: Hurt }[] = [
        { title: "error tokens", every: 20, hurt: chip => (chip.faults.failReads = 1) },
        { title: "refused writes", every: 20, hurt: chip => (chip.faults.refuseWrites = 2) },
        { title: "failed writes", every: 20, hurt: chip => (chip.faults.failWrites = 2) },
        {
            title: "unanswered commands",
            every: 150,
            hurt: chip => (chip.faults.ignoreCommands = 1),
        },
        {
            title: "blocks that never come",
            every: 150,
            hurt: chip => (chip.faults.silentReads = 1),
        },
        {
            title: "silence for a time",
            every: 300,
            hurt: chip => (chip.faults.ignoreCommands = 5),
        },
    ]
    async function hurtAtRandom(seed: number, every: number, hurts: Hurt[]) {
        const store = await formattedStore(4)
        const chip = new SdCardChip(store)
        const board = await CardLife.start(chip, { cells: true })
        const random = new Random(seed)
        board.socket.onTransfer = (_transfer, out) => {
            const command = (out[1] & 0xc0) === 0x40
            if (command && random.below(every) === 0) hurts[random.below(hurts.length)](chip)
            return undefined
        }
        await board.run(60)
        board.socket.onTransfer = undefined
        Object.assign(chip.faults, { failReads: 0, refuseWrites: 0, failWrites: 0 })
        Object.assign(chip.faults, { ignoreCommands: 0, silentReads: 0, corruptReads: 0 })
        await board.settle(6)
        await board.run(6)
        await board.sync()
        for (const directory of ["LOG", "CELL"])
            expect(await dayTimes(store, directory), `seed ${seed}: ${directory}`).toEqual(
                board.made,
            )
        expect(board.flags()).toBe("none")
        expect(board.logger.recordsLost()).toBe(0)
        if (tools) {
            const check = checkVolume(store)
            expect(check.clean, `seed ${seed}: ${check.text}`).toBe(true)
        }
        return board
    }
    for (const { title, every, hurt } of troubles) {
        it(`loses and duplicates nothing with ${title}`, async () => {
            for (const seed of [1, 2, 3]) {
                const board = await hurtAtRandom(seed, every, [hurt])
                const { device } = await board.use(async volume => volume)
                const { retries } = device as SdCard
                expect(retries + board.storage.generation(), title).toBeGreaterThan(1)
            }
        })
    }

    it("loses and duplicates nothing with all of them at once", async () => {
        const hurts = troubles.map(trouble => trouble.hurt)
        for (let seed = 10; seed < 20; ++seed) await hurtAtRandom(seed, 150, hurts)
    })

    it("loses and duplicates nothing with flipped bits, which the driver detects", async () => {
        expect(await driverChecksReads()).toBe(true)
        for (let seed = 20; seed < 30; ++seed)
            await hurtAtRandom(seed, 20, [chip => (chip.faults.corruptReads = 1)])
    })
})

describe("a card that stays busy forever", () => {
    it("is told from a missing one, and logging continues after a pull and return", async () => {
        const store = await formattedStore(16)
        const chip = new SdCardChip(store)
        const board = await CardLife.start(chip)
        await board.run(5)
        chip.faults.busyForEver = true
        await board.run(12)
        expect(board.storage.mounted()).toBe(false)
        expect(board.flags()).toBe("SD_CARD")
        expect(board.reasons[0]).toBe("the card stays busy: pull it and put it back")
        // Later the same advice, not "use another".
        expect(board.storage.lastError).toContain("pull it and put it back")
        board.socket.pull()
        await board.run(3)
        chip.faults.busyForEver = false
        board.socket.insert(chip)
        expect(await board.settle()).toBeLessThanOrEqual(5)
        await board.run(6)
        await board.sync()
        expect(await timesOn(store, today)).toEqual(board.made)
        expect(board.flags()).toBe("none")
    })

    it("never stops the board from making its records", async () => {
        const chip = new SdCardChip(await formattedStore(16))
        const board = await CardLife.start(chip)
        await board.run(5)
        chip.faults.busyForEver = true
        await board.run(20)
        expect(board.made.length).toBe(25)
        expect(board.made.every((second, i) => second === board.made[0] + i)).toBe(true)
    })
})

describe("a sector that cannot be read", () => {
    let start: MemoryStore
    let flash: MemoryFlash
    let before: string
    let places: Record<string, number[]>

    /** A card with yesterday's and today's log and a history, and the places of its parts. */
    beforeAll(async () => {
        start = await formattedStore(600)
        const yesterday = await CardLife.start(new SdCardChip(start), {
            startSeconds: morning - 86400,
        })
        await yesterday.run(50)
        await yesterday.finish(noteSent(yesterday.history, "20261121.CSV", 100, "BMS-LOG", 1))
        await yesterday.sync()
        const options = { startSeconds: morning - 60, flash: yesterday.flash }
        const board = await CardLife.start(new SdCardChip(start), options)
        await board.run(50)
        await board.sync()
        flash = board.flash
        before = (await textOn(start, today))!
        const volume = await mountStore(start)
        const { table } = volume
        const log = (await volume.open(today))!
        const history = (await volume.open("LOGSENT.TXT"))!
        const secondTable = table.fatBlock + table.fatBlocks
        places = {
            tail: [await log.blockOf(log.byteCount() - 1)],
            header: [await log.blockOf(0)],
            middle: [await log.blockOf(1000)],
            history: [await history.blockOf(0)],
            logDirectory: [log.entryBlock],
            root: [history.entryBlock],
            firstTable: [table.fatBlock],
            secondTable: [secondTable],
            bothTables: [table.fatBlock, secondTable],
            boot: [0],
            info: [table.infoBlock],
            redo: [table.fatBlock - 7],
            redoCopy: [table.fatBlock - 6],
        }
    })

    async function boardWith(place: string) {
        const store = start.clone()
        const chip = new SdCardChip(store)
        for (const block of places[place]) chip.faults.unreadable.add(block)
        const board = await CardLife.start(chip, { flash: flash })
        return { store, chip, board }
    }

    /** The file's records since the start. */
    async function newTimes(store: MemoryStore, path: string): Promise<number[]> {
        return recordTimes(await textOn(store, path)).filter(second => second > morning)
    }

    for (const place of [
        "logDirectory",
        "root",
        "middle",
        "history",
        "firstTable",
        "secondTable",
        "info",
        "redo",
        "redoCopy",
    ])
        it(`does not stop the log from continuing in its file: ${place}`, async () => {
            const { store, chip, board } = await boardWith(place)
            await board.run(20)
            await board.settle()
            await board.sync()
            chip.faults.unreadable.clear()
            expect(await newTimes(store, today)).toEqual(board.made)
            expect((await textOn(store, today))!.startsWith(before)).toBe(true)
            expect(board.flags()).toBe("none")
            expect(board.lines).toEqual([])
        })

    for (const place of ["tail", "header"])
        it(`makes today's log continue in a further file: ${place}`, async () => {
            const { store, chip, board } = await boardWith(place)
            await board.run(20)
            expect(await board.settle()).toBeLessThanOrEqual(5)
            await board.run(6)
            await board.sync()
            expect(board.lines.length).toBe(1)
            expect(board.lines[0]).toContain(`logger: block ${places[place][0]} cannot be read`)
            expect(board.flags()).toBe("none")
            chip.faults.unreadable.clear()
            expect(await textOn(store, today)).toBe(before)
            expect(await newTimes(store, further)).toEqual(board.made)
            // The next day has its own file again.
            await board.moveClock(86400)
            await board.run(2.5)
            await board.sync()
            expect((await newTimes(store, "LOG/20261123.CSV")).length).toBe(3)
        })

    for (const place of ["bothTables", "boot"])
        it(`raises the flag and says what to do when nothing can be logged: ${place}`, async () => {
            const { store, board } = await boardWith(place)
            await board.run(20)
            const number = places[place][0]
            const said = board.reasons.at(-1)!
            expect(said).toMatch(
                new RegExp(`^block (${number}|${places[place].at(-1)}) cannot be read`),
            )
            expect(said).toContain("save the card's files and use another")
            expect(board.flags()).toBe("SD_CARD")
            expect(board.lines).toEqual([`logger: ${said}`])
            const other = await formattedStore(16)
            board.socket.pull()
            board.socket.insert(new SdCardChip(other))
            expect(await board.settle()).toBeLessThanOrEqual(5)
            await board.sync()
            expect(await timesOn(other, today)).toEqual(board.made)
            expect(await textOn(store, today)).toBe(before)
        })

    it("in the history does not disturb the log, and the upload learns why", async () => {
        const { board } = await boardWith("history")
        await board.run(5)
        const reading = board.finish(board.history.fullySent("20261121.CSV", 100))
        await expect(reading).rejects.toThrow("save the card's files and use another")
        await board.settle(5)
        await board.run(6)
        expect(board.flags()).toBe("none")
    })

    it("in the table, found while logging, makes the board use the other copy", async () => {
        const store = start.clone()
        const chip = new SdCardChip(store)
        const board = await CardLife.start(chip, { flash: flash, cells: true })
        await board.run(5)
        chip.faults.unreadable.add(places.firstTable[0])
        // Enough for new clusters of 4 KiB in both logs.
        await board.run(150)
        await board.sync()
        chip.faults.unreadable.clear()
        expect(await newTimes(store, today)).toEqual(board.made)
        expect(await newTimes(store, "CELL/20261122.CSV")).toEqual(board.made)
        if (tools) expect(checkVolume(store).clean).toBe(true)
    })
})

describe("a sector that cannot be written", () => {
    it("makes today's log continue in a further file", async () => {
        const store = await formattedStore(16)
        const chip = new SdCardChip(store)
        const board = await CardLife.start(chip)
        await board.run(5)
        const volume = await mountStore(store)
        const log = (await volume.open(today))!
        chip.faults.unwritable.add(await log.blockOf(0))
        await board.run(3)
        expect(await board.settle()).toBeLessThanOrEqual(5)
        await board.run(6)
        expect(board.flags()).toBe("none")
        await board.sync()
        const times = [...(await timesOn(store, today)), ...(await timesOn(store, further))]
        expect(times).toEqual(board.made)
    })

    it("in the directory raises the flag and says what to do", async () => {
        const store = await formattedStore(16)
        const chip = new SdCardChip(store)
        const board = await CardLife.start(chip)
        await board.run(5)
        const volume = await mountStore(store)
        chip.faults.unwritable.add((await volume.open(today))!.entryBlock)
        await board.run(90)
        expect(board.reasons.at(-1)).toContain("save the card's files and use another")
        expect(board.flags()).toContain("SD_CARD")
    })
})
