import type { SdCard } from "../../src/card/sdcard"
import { Alarm } from "../../src/core/alarm"
import { SdCardChip, type SdCardOptions, type SdCardTiming } from "../../sim/chips/sdcard"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import type { SdCardTraits } from "../../sim/chips/sdcardtraits"
import { generator } from "../../sim/random"
import { Disk } from "../../campaigns/powercut/disk"
import { checkVolume } from "../../campaigns/powercut/fatchecker"
import { CardBoard } from "./cardboard"
import { formattedStore, mountStore, textOn } from "./cardstore"
import { DeviceBuffer } from "./devicebuffer"

/** Records that a board makes on each card, one a second. */
const recordsMade = 200
const today = "LOG/20261122.CSV"
const foreign = "PHOTO.JPG"
const foreignText = Array.from({ length: 500 }, (_, i) => `picture ${i}`).join("\r\n")

/** A card and what its trait is called. */
export interface TraitRow {
    trait: string
    /** What the driver made of it when it knew nothing of traits. */
    before: string
    /** The message of a card that cannot be used. */
    says?: string
    /** Files are read without a look at the checksum: some of it may be wrong, as the page says. */
    residual?: boolean
    traits?: SdCardTraits
    options?: Omit<SdCardOptions, "traits" | "timing">
    /** Blocks that take long: each read, or the nth write. */
    slow?: { readMs?: number; writeMs?: number; atWrite?: number }
    /** Done to the card before the board starts. */
    prepare?: (chip: SdCardChip) => void
    /** Done to the card when half of the records are made. */
    midway?: (chip: SdCardChip) => void
}

let prepared: Promise<MemoryStore> | undefined

/** A card of a 600 MiB FAT32 volume with a file of somebody else's. */
async function preparedStore(): Promise<MemoryStore> {
    const make = async () => {
        const store = await formattedStore(600)
        const volume = await mountStore(store)
        const file = await volume.openForAppend(foreign, "")
        for (let at = 0; at < foreignText.length; at += 1000)
            await file.append(DeviceBuffer.from(foreignText.slice(at, at + 1000)) as never)
        await file.close()
        await volume.sync()
        return store
    }
    prepared ??= make()
    return (await prepared).clone()
}

const fixed = (ms: number) => ({ ms: [ms, ms] as const })

/** The card's own time: at once, but for what is slow. */
function timingOf(nowMs: () => number, slow: TraitRow["slow"] = {}): SdCardTiming {
    let writes = 0
    return {
        nowMs,
        random: generator(7),
        read: fixed(slow.readMs ?? 0),
        write: fixed(0),
        streamBlock: fixed(0),
        get tidying() {
            if (slow.writeMs === undefined || ++writes !== slow.atWrite) return fixed(0)
            return fixed(slow.writeMs)
        },
    }
}

/** What became of the records on a card. */
export interface TraitOutcome {
    /** In words, for the table. */
    text: string
    /** Wrong data that nobody noticed, and records that are not as they were made. */
    wrong: number
    records: number
}

async function runBoard(row: Partial<TraitRow>) {
    const store = await preparedStore()
    let nowMs = () => 0
    const chip = new SdCardChip(store, {
        type: "SDHC",
        ...row.options,
        traits: row.traits,
        timing: timingOf(() => nowMs(), row.slow),
    })
    const board = new CardBoard(undefined, { transferMs: 0.4 })
    nowMs = () => board.ticks.ms
    const alarms: string[] = []
    const set = board.alarms.set.bind(board.alarms)
    board.alarms.set = (alarm, on, text) => {
        if (alarm === Alarm.SdCard && on) alarms.push(text ?? "")
        set(alarm, on, text)
    }
    // The first record comes at the second: until then nobody looks at the card.
    await board.ticks.pass(990)
    board.socket.insert(chip)
    row.prepare?.(chip)
    let second = 0
    let misread = 0
    board.work = async () => {
        if (++second === recordsMade / 2) row.midway?.(chip)
        if (second % 10 !== 0) return
        try {
            if ((await readBack(board)) !== foreignText) misread++
        } catch {
            // Said by the storage.
        }
    }
    await board.run(recordsMade - 1)
    const mounted = board.storage.mounted()
    const volume = mounted ? await board.storage.use("test", async one => one) : undefined
    const device = volume?.device as SdCard | undefined
    const { lastError } = board.storage
    if (mounted) await board.settle()
    const raised = [...alarms]
    if (mounted) await board.storage.eject()
    return { store, alarms: raised, mounted, lastError, misread, device }
}

/** The file of somebody else's as the board reads it; its directories on the way. */
async function readBack(board: CardBoard): Promise<string> {
    return await board.storage.use("test", async volume => {
        for (const directory of ["", "LOG"]) await volume.list(directory, async () => true)
        const file = await volume.open(foreign)
        if (!file) return ""
        const into = DeviceBuffer.alloc(file.byteCount()) as unknown as Buffer
        await file.read(0, into, into.length)
        return into.toString()
    })
}

let reference: Promise<string[]> | undefined

/** The lines that a board writes on a card without traits. */
async function referenceLines(): Promise<string[]> {
    const make = async () => {
        const { store } = await runBoard({})
        return ((await textOn(store, today)) ?? "").split("\r\n")
    }
    return await (reference ??= make())
}

/** A card with that trait from power-on to 200 records. */
export async function outcomeOf(row: Partial<TraitRow>): Promise<TraitOutcome> {
    const wanted = await referenceLines()
    const { store, alarms, mounted, lastError, misread, device } = await runBoard(row)
    if (!mounted) return { text: `fails: ${lastError}`, wrong: 0, records: 0 }
    const disk = new Disk(store.blockCount)
    for (const block of store.written()) disk.put(block, store.read(block))
    const { errors } = checkVolume(disk)
    const lines = await linesOn(store)
    // Behind an alarm it stands in the records: then their times count.
    const shown = (line: string) => (alarms.length > 0 ? line.slice(0, 19) : line)
    const here = new Set(lines.map(shown))
    const missing = wanted.filter(line => !here.has(shown(line))).length
    const kept = (await fileOn(store, foreign)) === foreignText
    const records = lines.length - 2
    if (errors.length > 0 || !kept) {
        const text = "wrong data in tables or directories, unnoticed"
        return { text, wrong: Math.max(1, errors.length), records }
    }
    const wrong = missing + misread
    if (wrong > 0) {
        const text = `${missing} records wrong, ${misread} of 20 reads of a file wrong, unnoticed`
        return { text, wrong, records }
    }
    if (device!.blockCount() !== store.blockCount)
        return { text: "the card's size wrong, unnoticed", wrong: 1, records }
    if (alarms.length > 0)
        return { text: `works when tried anew; alarm: ${alarms[0]}`, wrong: 0, records }
    const slower = device !== undefined && device.clockHz < 20_000_000
    const text = slower ? `works, at ${device.clockHz / 1_000_000} MHz` : "works"
    return { text, wrong: 0, records }
}

async function linesOn(store: MemoryStore): Promise<string[]> {
    return ((await fileOn(store, today)) ?? "").split("\r\n")
}

/** A file's text, undefined when it cannot be read. */
async function fileOn(store: MemoryStore, path: string): Promise<string | undefined> {
    try {
        return await textOn(store, path)
    } catch {
        return undefined
    }
}
