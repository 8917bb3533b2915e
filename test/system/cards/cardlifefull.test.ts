import { beforeAll, describe, expect, it } from "vitest"
import { Key } from "../../../src/settings/keys"
import { mainHeader } from "../../../src/logs/record"
import { SdCardChip } from "../../../sim/chips/sdcard"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { CardLife, morning } from "../../support/cardlife"
import { formattedStore, mountStore, textOn, timesOn } from "../../support/cardstore"
import { Random } from "../../support/random"
import { DeviceBuffer } from "../../support/devicebuffer"
import { checkVolume } from "../../support/fatimage"
import { ForeignFiles } from "../../support/foreignfiles"
import { noteSent, oldLine } from "../../support/historylines"
import { hasTool } from "../../support/tools"

const today = "LOG/20261122.CSV"
const tools = hasTool("fsck.fat")

/** What the history says of a file, from nothing to everything. */
const histories = ["unknown", "begun", "part", "all", "more", "again", "damaged"] as const

/** A file that is on the card before the board mounts it. */
interface Planned {
    path: string
    bytes: number
    history: (typeof histories)[number]
    attributes: number
}

/** The rule: an ordinary log file of a day before today, confirmed as a whole. */
function mayGo(file: Planned): boolean {
    const name = /^(LOG|CELL)\/(?:(20\d{6})|(\d{8}))\.CSV$/.exec(file.path)
    if (!name || file.attributes !== 0x20) return false
    const day = name[2] ?? "20" + name[3].slice(0, 6)
    // A file shorter than what was sent is another file.
    return day < "20261122" && file.history === "all"
}

/** Files of both logs sort by day, then by the number in their names. */
function age(file: Planned): string {
    const name = file.path.slice(file.path.indexOf("/") + 1, -4)
    return name.startsWith("20") ? name.slice(2) + "00" : name
}

function historyLines({ path, bytes, history }: Planned): string {
    const line = (count: number | string) =>
        oldLine(path.slice(path.indexOf("/") + 1), count, "BMS-1A2B-" + path.replace("/", "-"))
    switch (history) {
        case "unknown":
            return ""
        case "begun":
            return line(0)
        case "part":
            return line(0) + line(bytes - 1)
        case "all":
            return line(0) + line(bytes >> 1) + line(bytes)
        case "more":
            return line(bytes + 1000)
        case "again":
            return line(bytes) + line(0)
        case "damaged":
            return line(bytes).slice(0, 20) + "\r\n" + line("12x")
    }
}

let base: MemoryStore

/** A card with only 200 free clusters. */
beforeAll(async () => {
    base = await formattedStore(4)
    const files = new ForeignFiles(base)
    files.fill(files.directory(), "FILL    BIN", files.free() - 200)
})

function contentOf(file: Planned): string {
    const line = `${file.path},${file.bytes},${file.history},`
    const start = mainHeader + "\r\n"
    return (start + line.repeat(Math.ceil(file.bytes / line.length))).slice(0, file.bytes)
}

/** The card with these files and their histories, and this many free clusters. */
async function cardWith(planned: Planned[], freeClusters: number): Promise<MemoryStore> {
    const store = base.clone()
    const volume = await mountStore(store)
    const put = async (path: string, text: string) => {
        const file = await volume.openForAppend(path, "")
        await file.append(DeviceBuffer.from(text) as unknown as Buffer)
        await file.close()
    }
    for (const file of planned) await put(file.path, contentOf(file))
    for (const log of ["LOG", "CELL"]) {
        const files = planned.filter(file => file.path.startsWith(log + "/"))
        const lines = files.map(historyLines).join("")
        if (lines !== "") await put(log + "SENT.TXT", lines)
    }
    for (const { path, attributes } of planned) {
        const file = (await volume.open(path))!
        const data = Uint8Array.from(store.read(file.entryBlock))
        data[file.entryAt + 11] = attributes
        store.write(file.entryBlock, data)
    }
    await volume.sync()
    const files = new ForeignFiles(store)
    files.fill(files.directory(), "REST    BIN", files.free() - freeClusters)
    return store
}

/** The paths of all files in LOG and CELL. */
async function namesOn(store: MemoryStore): Promise<Set<string>> {
    const volume = await mountStore(store)
    const paths = new Set<string>()
    for (const log of ["LOG", "CELL"])
        await volume.list(log, async entry => paths.add(`${log}/${entry.name}`).size > 0)
    return paths
}

function plan(seed: number): Planned[] {
    const random = new Random(seed)
    const planned: Planned[] = []
    const names = ["PHOTO.JPG", "20261101.TXT", "2026110A.CSV", "NOTES.CSV"]
    for (let day = 1; day <= 14; ++day) {
        const digits = `202611${String(day + 5).padStart(2, "0")}`
        names.push(`${digits}.CSV`)
        if (random.below(4) === 0) names.push(`${digits.slice(2)}0${1 + random.below(3)}.CSV`)
    }
    // Of future days, as after the clock was set back.
    names.push("20261123.CSV", "26112401.CSV")
    for (const name of names) {
        for (const log of ["LOG", "CELL"]) {
            if (random.below(3) === 0) continue
            const attributes = random.below(8) === 0 ? [0x21, 0x22, 0x24][random.below(3)] : 0x20
            const history = histories[random.below(histories.length)]
            const bytes = 200 + random.below(3000)
            planned.push({ path: `${log}/${name}`, bytes, history, attributes })
        }
    }
    planned.push({ path: "20261101.CSV", bytes: 600, history: "all", attributes: 0x20 })
    // The order in the directory must not matter.
    return planned.sort(() => random.below(3) - 1)
}

describe("a full card", () => {
    it("loses only sent files, the oldest first, one at a time (16 seeded cards)", async () => {
        for (let seed = 1; seed <= 16; ++seed) {
            const planned = plan(seed)
            const store = await cardWith(planned, seed % 4)
            const board = await CardLife.start(new SdCardChip(store), { cells: seed % 2 === 0 })
            const gone: Planned[] = []
            board.work = async () => {
                const names = await namesOn(store)
                const left = planned.filter(file => !gone.includes(file))
                const fresh = left.filter(file => file.path.includes("/") && !names.has(file.path))
                if (fresh.length === 0) return
                gone.push(...fresh.sort((one, other) => (age(one) < age(other) ? -1 : 1)))
                // At most the clusters of one file per log: no file goes before its room is needed.
                expect(new ForeignFiles(store).free()).toBeLessThanOrEqual(2 * 7)
            }
            await board.run(120)
            const what = `seed ${seed}`
            const may = planned.filter(mayGo).sort((a, b) => (age(a) < age(b) ? -1 : 1))
            expect(
                gone.filter(file => !mayGo(file)),
                what,
            ).toEqual([])
            const ages = gone.map(age)
            expect(ages, what).toEqual([...ages].sort())
            expect(ages, what).toEqual(may.slice(0, gone.length).map(age))
            for (const file of planned)
                if (!gone.includes(file))
                    expect(await textOn(store, file.path), file.path).toBe(contentOf(file))
            if (board.logger.queued() > 0) await board.run(5)
            if (board.logger.queued() === 0) {
                await board.sync()
                expect(await timesOn(store, today), what).toEqual(board.made)
                expect(board.flags(), what).toBe("none")
            } else {
                // No file that may go is left. The flag comes up after 3 s.
                await board.run(4)
                expect(gone.length, what).toBe(may.length)
                expect(board.flags(), what).toContain("SD_FULL")
                expect(board.lines[0], what).toContain(
                    "the SD card is full: delete files or use another",
                )
            }
            if (tools && seed % 5 === 0) {
                await board.sync()
                const check = checkVolume(store)
                expect(check.clean, `${what}: ${check.text}`).toBe(true)
            }
        }
    })
})

async function clusterOfLog(store: MemoryStore): Promise<number> {
    let cluster = 0
    await (
        await mountStore(store)
    ).list("", async entry => {
        if (entry.name === "LOG") cluster = entry.firstCluster
        return true
    })
    return cluster
}

function sent(path: string, bytes = 6000): Planned {
    return { path, bytes, history: "all", attributes: 0x20 }
}

/** The server has confirmed this many bytes of the log of the 20th. */
async function confirm(board: CardLife, bytes: number): Promise<void> {
    const name = "20261120.CSV"
    const { history, storage } = board
    await board.finish(
        noteSent(history, name, bytes, "BMS-LOG-" + name, storage.generation(), 6000),
    )
}

describe("logging on a full card", () => {
    it("stops with the flag up, says what to do, and continues after a confirmation", async () => {
        const store = await cardWith([{ ...sent("LOG/20261120.CSV"), history: "part" }], 2)
        const board = await CardLife.start(new SdCardChip(store), { periodSeconds: 5 })
        await board.run(120)
        expect(board.flags()).toContain("SD_FULL")
        expect(board.storage.mounted()).toBe(true)
        expect(board.lines).toEqual(["logger: the SD card is full: delete files or use another"])
        expect(board.logger.queued()).toBeGreaterThan(3)
        expect(await textOn(store, "LOG/20261120.CSV")).toBeDefined()
        await confirm(board, 6000)
        // The search for a sent file is repeated once a minute.
        expect(await board.settle(61)).toBeLessThanOrEqual(61)
        await board.run(6)
        await board.sync()
        expect(board.flags()).toBe("none")
        expect(await textOn(store, "LOG/20261120.CSV")).toBeUndefined()
        expect(await timesOn(store, today)).toEqual(board.made)
    })

    it("continues at once when files were deleted on a PC", async () => {
        const store = await cardWith([{ ...sent("LOG/20261120.CSV"), history: "begun" }], 2)
        const board = await CardLife.start(new SdCardChip(store), { periodSeconds: 5 })
        await board.run(100)
        expect(board.flags()).toContain("SD_FULL")
        board.socket.pull()
        await (await mountStore(store)).remove("REST.BIN")
        board.socket.insert(new SdCardChip(store))
        expect(await board.settle()).toBeLessThanOrEqual(5)
        await board.run(6)
        await board.sync()
        expect(board.flags()).toBe("none")
        expect(await timesOn(store, today)).toEqual(board.made)
    })

    it("leaves room for the history, because nothing can be confirmed without it", async () => {
        const store = await cardWith([{ ...sent("LOG/20261120.CSV", 6000), history: "unknown" }], 4)
        const board = await CardLife.start(new SdCardChip(store), { periodSeconds: 5, cells: true })
        await board.run(90)
        expect(board.flags()).toContain("SD_FULL")
        await confirm(board, 0)
        await confirm(board, 6000)
        expect(await board.settle(61)).toBeLessThanOrEqual(61)
    })

    for (const [title, attributes] of [
        ["read-only", 0x21],
        ["hidden", 0x22],
        ["a system file", 0x24],
    ] as [string, number][])
        it(`skips a sent log that is ${title}`, async () => {
            const kept = { ...sent("LOG/20261118.CSV"), attributes }
            const store = await cardWith([kept, sent("LOG/20261119.CSV")], 3)
            const board = await CardLife.start(new SdCardChip(store))
            await board.run(30)
            await board.sync()
            expect(await timesOn(store, today)).toEqual(board.made)
            expect(await textOn(store, kept.path)).toBe(contentOf(kept))
            expect(await textOn(store, "LOG/20261119.CSV")).toBeUndefined()
        })

    it("skips a directory with the name of a sent log", async () => {
        const odd = { ...sent("LOG/20261118.CSV"), attributes: 0x10 }
        const store = await cardWith([odd, sent("LOG/20261119.CSV")], 3)
        const board = await CardLife.start(new SdCardChip(store))
        await board.run(30)
        await board.sync()
        expect(await timesOn(store, today)).toEqual(board.made)
    })

    it.skipIf(!tools)("leaves nothing of a sent log that was given a long name", async () => {
        const store = await cardWith([sent("LOG/20261118.CSV")], 20)
        const files = new ForeignFiles(store)
        const log = files.directory(await clusterOfLog(store))
        files.addFile(log, "20261101CSV", "time\r\n", "20261101.Csv")
        await (await mountStore(store)).remove("LOGSENT.TXT")
        const volume = await mountStore(store)
        const history = await volume.openForAppend("LOGSENT.TXT", "")
        const line = oldLine("20261101.CSV", 6, "BMS-1A2B-LOG-20261101.CSV")
        await history.append(DeviceBuffer.from(line) as unknown as Buffer)
        await history.close()
        const rest = new ForeignFiles(store)
        rest.fill(rest.directory(), "MORE    BIN", rest.free())
        const board = await CardLife.start(new SdCardChip(store))
        await board.run(5)
        await board.sync()
        expect(await textOn(store, "LOG/20261101.CSV")).toBeUndefined()
        const check = checkVolume(store)
        expect(check.clean, check.text).toBe(true)
    })

    it("makes room although a cell log that is off now is still open", async () => {
        // The cell log was switched off on the 20th. Its file was sent later.
        const startSeconds = morning - 2 * 86400
        const store = await cardWith([sent("LOG/20261119.CSV", 1500)], 40)
        const board = await CardLife.start(new SdCardChip(store), { startSeconds, cells: true })
        await board.run(20)
        await board.set(Key.SdCells, 0)
        await board.sync()
        for (const log of ["LOG", "CELL"]) {
            const size = (await textOn(store, `${log}/20261120.CSV`))!.length
            await board.use(async volume => {
                const file = await volume.openForAppend(log + "SENT.TXT", "")
                const line = oldLine("20261120.CSV", size, `BMS-1A2B-${log}-20261120.CSV`)
                await file.append(DeviceBuffer.from(line) as unknown as Buffer)
                await file.close()
            })
        }
        await board.moveClock(2 * 86400)
        await board.run(2)
        await board.sync()
        const files = new ForeignFiles(store)
        board.socket.pull()
        // The free clusters are reserved for the histories.
        files.fill(files.directory(), "MORE    BIN", files.free() - 4)
        board.socket.insert(new SdCardChip(store))
        await board.settle()
        const before = board.made.length
        await board.run(60)
        expect(board.logger.queued()).toBe(0)
        expect(board.logger.recordsLost()).toBe(0)
        expect(board.made.length).toBeGreaterThan(before + 50)
        expect(await textOn(store, "LOG/20261119.CSV")).toBeUndefined()
        expect(await textOn(store, "LOG/20261120.CSV")).toBeUndefined()
    })
})

describe("a full card at midnight", () => {
    /** Both logs were sent up to their recorded sizes. */
    async function beforeMidnight(freeClusters: number) {
        const startSeconds = Date.UTC(2026, 10, 21, 23, 59, 30) / 1000
        const store = await cardWith([], freeClusters)
        const board = await CardLife.start(new SdCardChip(store), { startSeconds, cells: true })
        // Far enough from the next cluster of both logs: starting one would update the entries.
        await board.run(16)
        await board.sync()
        for (const log of ["LOG", "CELL"]) {
            const size = (await textOn(store, `${log}/20261121.CSV`))!.length
            await board.use(async volume => {
                const file = await volume.openForAppend(log + "SENT.TXT", "")
                const line = oldLine("20261121.CSV", size, `BMS-1A2B-${log}-20261121.CSV`)
                await file.append(DeviceBuffer.from(line) as unknown as Buffer)
                await file.close()
            })
        }
        return { store, board }
    }

    it("keeps yesterday's unsent records, in the cell log too", async () => {
        const { store, board } = await beforeMidnight(60)
        const recorded = async (log: string) => await timesOn(store, `${log}/20261121.CSV`)
        const synced = { LOG: await recorded("LOG"), CELL: await recorded("CELL") }
        await board.run(3)
        const records = [...board.made]
        const flash = board.flash
        for (const log of ["LOG", "CELL"] as const) {
            expect(await recorded(log)).toEqual(synced[log])
            expect(synced[log].length).toBeLessThan(records.length - 2)
        }
        // Power fails and the card is filled up. The board starts on the next day.
        const files = new ForeignFiles(store)
        files.fill(files.directory(), "MORE    BIN", files.free())
        const next = await CardLife.start(new SdCardChip(store), { flash, cells: true })
        await next.run(70)
        await next.sync()
        for (const log of ["LOG", "CELL"])
            expect(await timesOn(store, `${log}/20261121.CSV`), log).toEqual(records)
    })

    it("keeps unsent logs over midnight, and continues when there is room", async () => {
        const { store, board } = await beforeMidnight(60)
        const files = new ForeignFiles(store)
        board.socket.pull()
        files.fill(files.directory(), "MORE    BIN", files.free() - 1)
        board.socket.insert(new SdCardChip(store))
        await board.run(60)
        // Yesterday's last records are unsent: no file may go, and that is no deadlock.
        expect(board.flags()).toContain("SD_FULL")
        board.socket.pull()
        await (await mountStore(store)).remove("MORE.BIN")
        board.socket.insert(new SdCardChip(store))
        expect(await board.settle()).toBeLessThanOrEqual(5)
    })
})
