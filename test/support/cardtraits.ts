import type { SdCard } from "../../src/card/sdcard"
import { Alarm } from "../../src/core/alarm"
import { faultMessage } from "../../src/core/fault"
import type { Storage } from "../../src/fat/storage"
import { mainHeader } from "../../src/logs/record"
import { SdCardChip, type SdCardOptions, type SdCardTiming } from "../../sim/chips/sdcard"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import type { SdCardTraits } from "../../sim/chips/sdcardtraits"
import { generator } from "../../sim/random"
import { Disk } from "../../campaigns/powercut/disk"
import { checkVolume } from "../../campaigns/powercut/fatchecker"
import { CardLife, morning } from "./cardlife"
import { formattedStore, mountStore, textOn } from "./cardstore"
import { DeviceBuffer } from "./devicebuffer"

/** Records that a board makes on each card, one per second. */
const recordsMade = 200
const today = "LOG/20261122.CSV"
const foreign = "PHOTO.JPG"
const foreignText = Array.from({ length: 500 }, (_, i) => `picture ${i}`).join("\r\n")

/** A card and the name of its trait. */
export interface TraitRow {
    trait: string
    /** The outcome with the driver that knew nothing of traits. */
    before: string
    /** The message for an unusable card. */
    says?: string
    /** Files are read without checking the checksum: some data may be wrong, as the page says. */
    residual?: boolean
    traits?: SdCardTraits
    options?: Omit<SdCardOptions, "traits" | "timing">
    /** Slow blocks: each read, or the nth write. */
    slow?: { readMs?: number; writeMs?: number; atWrite?: number }
    /** Done to the card before the board starts. */
    prepare?: (chip: SdCardChip) => void
    /** Done to the card when half of the records have been made. */
    midway?: (chip: SdCardChip) => void
}

let prepared: Promise<MemoryStore> | undefined

/** A card with a 600 MiB FAT32 volume and a foreign file. */
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

/** The card's timing: immediate, except for slow blocks. */
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

/** The outcome for the records on a card. */
export interface TraitOutcome {
    /** In words, for the table. */
    text: string
    /** Unnoticed wrong data, and records that differ from those made. */
    wrong: number
    records: number
    /** From the program's start to the first record. */
    firstSeconds: number
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
    const life = await CardLife.withoutPower(chip, { transferMs: 0.4 })
    nowMs = () => life.nowMs()
    row.prepare?.(chip)
    await life.powerUp()
    const alarms: string[] = []
    const failure = life.storage["failure"]
    if (failure !== undefined) alarms.push(faultMessage(failure))
    const alarmSink = life.board.parts.alarms
    const set = alarmSink.set.bind(alarmSink)
    alarmSink.set = (alarm, on, text) => {
        if (alarm === Alarm.SdCard && on) alarms.push(text ?? "")
        set(alarm, on, text)
    }
    let second = 0
    let misread = 0
    life.work = async () => {
        if (++second === recordsMade / 2) row.midway?.(chip)
        if (second % 10 !== 0) return
        try {
            if ((await readBack(life.storage)) !== foreignText) misread++
        } catch {
            // The storage reports it.
        }
    }
    await life.run(recordsMade)
    const mounted = life.storage.mounted()
    const volume = mounted ? await life.use(async one => one) : undefined
    const device = volume?.device as SdCard | undefined
    const { lastError } = life.storage
    if (mounted) await life.settle()
    const raised = [...alarms]
    if (mounted) await life.eject()
    // Ejecting a slow card takes time: records made meanwhile wait for the next card.
    const made = life.madeLines.slice(0, life.madeLines.length - life.logger.queued())
    const firstSeconds = life.made[0] - morning
    return { store, made, firstSeconds, alarms: raised, mounted, lastError, misread, device }
}

/** Reads the foreign file as the board does, after its directories. */
async function readBack(storage: Storage): Promise<string> {
    return await storage.use("test", async volume => {
        for (const directory of ["", "LOG"]) await volume.list(directory, async () => true)
        const file = await volume.open(foreign)
        if (!file) return ""
        const into = DeviceBuffer.alloc(file.byteCount()) as unknown as Buffer
        await file.read(0, into, into.length)
        return into.toString()
    })
}

/** Runs a card with this trait from power-on to 200 records. */
export async function outcomeOf(row: Partial<TraitRow>): Promise<TraitOutcome> {
    const run = await runBoard(row)
    const { store, made, firstSeconds, misread } = run
    if (!run.mounted) return { text: `fails: ${run.lastError}`, wrong: 0, records: 0, firstSeconds }
    const disk = new Disk(store.blockCount)
    for (const block of store.written()) disk.put(block, store.read(block))
    const { errors } = checkVolume(disk)
    const { records, wrongRecords } = await recordsOn(store, made)
    const kept = (await fileOn(store, foreign)) === foreignText
    const outcome = (text: string, wrong = 0) => ({ text, wrong, records, firstSeconds })
    if (errors.length > 0 || !kept) {
        const text = "wrong data in tables or directories, unnoticed"
        return outcome(text, Math.max(1, errors.length))
    }
    const wrong = wrongRecords + misread
    if (wrong > 0) {
        const what = `${wrongRecords} records wrong, ${misread} of 20 reads of a file wrong`
        return outcome(`${what}, unnoticed`, wrong)
    }
    const { device, alarms } = run
    if (device!.blockCount() !== store.blockCount)
        return outcome("the card's size wrong, unnoticed", 1)
    if (alarms.length > 0) return outcome(`works on a retry; alarm: ${alarms[0]}`)
    const slower = device !== undefined && device.clockHz < 20_000_000
    return outcome(slower ? `works, at ${device.clockHz / 1_000_000} MHz` : "works")
}

/** Counts the records on a card, and those that differ from the ones made. */
async function recordsOn(store: MemoryStore, made: string[]) {
    const text = (await fileOn(store, today)) ?? ""
    const lines = text.split("\r\n")
    const here = new Set(lines)
    const missing = made.filter(line => !here.has(line.trimEnd())).length
    // The file must hold nothing else, in the right order.
    const same = text === `${mainHeader}\r\n${made.join("")}`
    return { records: lines.length - 2, wrongRecords: missing || (same ? 0 : 1) }
}

/** A file's text, undefined when unreadable. */
async function fileOn(store: MemoryStore, path: string): Promise<string | undefined> {
    try {
        return await textOn(store, path)
    } catch {
        return undefined
    }
}
