import { SdCard } from "../../src/card/sdcard"
import type { CardDevice } from "../../src/fat/storage"
import { SdCardChip } from "../../sim/chips/sdcard"
import type { BlockStore } from "../../sim/chips/sdcardstore"
import { ChipSpiBus, type FakeTicks } from "../support/memorycard"
import { Board, type BoardSettings } from "./board"
import { cardKind, emptyCard, type CardName } from "./cards"
import type { Disk } from "./disk"
import { DiskDevice } from "./disk"
import { CardEditor } from "./editor"
import { checkVolume } from "./fatchecker"
import type { VolumeShape } from "./fatreader"
import { inOrder, modes, Random, tornSector, type Mode } from "./faults"
import type { FsckPool } from "./fsck"
import { foreignFiles, judge, type Foreign } from "./judge"
import { Model } from "./model"
import { morning, type Scenario, type Setup } from "./scenarios"
import { Tally } from "./tally"
import { Trace } from "./trace"

/** One run of a scenario. */
export interface Case {
    scenario: Scenario
    card: CardName
    seed: number
}

/** Where a power cut comes: after so many writes, in a mode; or before the flash write that follows. */
export interface Cut {
    mode: Mode
    after: number
    /** So many of the flash writes behind the last sector write are not done either. */
    flashWritesMissing: number
}

/** What a run starts from. */
interface Start {
    disk: Disk
    shape: VolumeShape
    settings: BoardSettings
    model: Model
    foreign: Foreign
}

/** How much is done. */
export interface CampaignOptions {
    /** One recovery in so many goes through the emulated card and its driver, not straight to its blocks. */
    cardEvery: number
    /** The share of recovered cards that fsck.fat judges, too; of half of these also what the cut has left. */
    fsckShare: number
    fsck: FsckPool | undefined
    /** Cuts whose recovery is cut in turn, for each case. */
    nestedCuts: number
    /** Of all writes, one in so many is cut after. */
    cutEvery?: number
    /** Only this one: a cut, and those inside its recovery. */
    only?: Cut[]
}

const plainDevice = (disk: Disk) => async (): Promise<CardDevice> => new DiskDevice(disk)

/** The device of an emulated card: the firmware's driver, the bus, and the chip that keeps blocks in the store. */
function cardDevice(store: BlockStore): (ticks: FakeTicks) => Promise<CardDevice> {
    const bus = new ChipSpiBus(new SdCardChip(store, {}))
    return async ticks => await SdCard.open(bus, ticks)
}

/** Runs cases and counts. */
export class Campaign {
    readonly tally = new Tally()
    private tried = 0

    constructor(private readonly options: CampaignOptions) {}

    /** Records the case's run, then cuts it after each write in each mode, and some of its recoveries as well. */
    async run(one: Case): Promise<void> {
        const start = await prepare(one)
        const trace = await this.record(start, board => one.scenario.run(board, random(one)))
        await this.cutAll(one, start, trace, [])
    }

    private async record(start: Start, run: (board: Board) => Promise<void>): Promise<Trace> {
        const trace = new Trace(start.disk.over(), start.shape.dataStart)
        const memory = { flash: start.model.flash, seconds: start.model.seconds }
        const board = new Board(cardDevice(trace), start.settings, memory, event =>
            trace.add(event),
        )
        await board.start()
        await run(board)
        if (board.trouble() !== "") throw new Error(`the uncut run fails: ${board.trouble()}`)
        const written = board.logger.recordsWritten(0) + board.logger.recordsWritten(1)
        const promised = trace.events.filter(({ event }) => event.kind === "appended").length
        if (promised < written) throw new Error(`${written} records, ${promised} acknowledged`)
        return trace
    }

    /** @param path the cuts that have led to this start */
    private async cutAll(one: Case, start: Start, trace: Trace, path: Cut[]): Promise<void> {
        const { writes } = trace
        const inner = this.innerCuts(one, path, writes.length)
        const state = new Progress(start, trace)
        const { cutEvery = 1 } = this.options
        const phase = random(one, 9 + path.length).between(0, cutEvery - 1)
        for (let after = 0; after <= writes.length; ++after) {
            if (after > 0) state.advance()
            if (after % cutEvery !== phase && after !== writes.length) continue
            if (one.scenario.takes?.(after, writes.length) === false) continue
            for (const cut of state.cuts()) {
                if (cardKind(one.card).inOrderOnly && !inOrder(cut.mode)) continue
                const wanted = this.options.only?.[path.length]
                if (wanted !== undefined && !sameCut(cut, wanted)) continue
                const last = this.options.only?.length === path.length + 1
                if (this.options.only === undefined || last)
                    await this.tryCut(one, start, state, cut, path, trace)
                if (inner(cut) && !last) await this.cutInside(one, start, state, cut, path)
            }
        }
    }

    /** Chooses the cuts whose recovery is cut in turn, up to three deep. */
    private innerCuts(one: Case, path: Cut[], writes: number): (cut: Cut) => boolean {
        const { nestedCuts, only, cutEvery = 1 } = this.options
        if (only !== undefined) return () => true
        if (path.length > 1 || one.scenario.name === "format") return () => false
        const chance = random(one, 77 + path.length)
        const possible = Math.max(1, Math.floor(writes / cutEvery) * modes.length)
        const chosen = new Set<number>()
        const wanted = Math.min(possible, path.length === 0 ? nestedCuts : 1)
        while (chosen.size < wanted) chosen.add(chance.between(0, possible - 1))
        let number = 0
        return () => chosen.has(number++)
    }

    private async cutInside(
        one: Case,
        start: Start,
        state: Progress,
        cut: Cut,
        path: Cut[],
    ): Promise<void> {
        const { disk, model } = state.after(cut)
        const settings = afterRestart(one, start.settings, model)
        const inner: Start = {
            ...start,
            disk: disk.mergedOver(start.foreign.disk),
            model,
            settings,
        }
        try {
            const trace = await this.record(inner, board => goOn(one, board))
            await this.cutAll(one, inner, trace, [...path, cut])
        } catch (thrown) {
            const cuts = [...path, cut]
            this.tally.violation(caseText(one, cuts), worstMode(cuts), `recovery: ${thrown}`, "")
        }
    }

    /** Cuts, goes on with what is left on the card, and judges. */
    private async tryCut(
        one: Case,
        start: Start,
        state: Progress,
        cut: Cut,
        path: Cut[],
        trace: Trace,
    ): Promise<void> {
        const number = this.tried++
        const { disk, model } = state.after(cut)
        const acknowledged = model.acknowledgedRecords()
        const { cardEvery, only } = this.options
        const onCard = cardEvery !== 0 && number % cardEvery === 0
        const mode = worstMode([...path, cut])
        const row = { scenario: one.scenario.name, card: one.card, mode }
        const text = caseText(one, [...path, cut])
        const sampled = this.sampled(mode)
        if (sampled && (only !== undefined || number % 2 === 0))
            await this.compare(disk, start, row.mode, text, "as the cut has left it")
        const memory = { flash: model.flash, seconds: model.seconds }
        const settings = { ...start.settings }
        if (path.length === 0) one.scenario.restart?.(settings, memory, random(one, 5))
        const device = onCard ? cardDevice(disk) : plainDevice(disk)
        const board = new Board(device, settings, memory, event => model.apply(event))
        const result = await this.recover(one, board, disk, start, model)
        this.tally.count(row, { acknowledged, lost: result.lost, nested: path.length > 0, onCard })
        if (result.violations.length > 0)
            this.tally.violation(
                text,
                mode,
                result.violations[0],
                state.story(cut, trace, only ? 40 : 6),
            )
        if (sampled) await this.compare(disk, start, row.mode, text, "recovered")
    }

    /** The first record makes the card good again; from then on it has to stay so. */
    private async recover(
        one: Case,
        board: Board,
        disk: Disk,
        start: Start,
        model: Model,
    ): Promise<{ lost: number; violations: string[] }> {
        const { first } = start.shape
        const violations: string[] = []
        let lost = 0
        const look = (when: string, synced: boolean): void => {
            const judgement = judge(disk, first, model, start.foreign, synced)
            violations.push(...judgement.violations.map(text => `${when}: ${text}`))
            lost = Math.max(lost, judgement.lost)
        }
        try {
            await board.start()
            await goOn(one, board)
            if (board.trouble() !== "") violations.push(`trouble: ${board.trouble()}`)
            look("after the first records", false)
            await board.logRecords(2)
            await board.storage.sync()
            if (board.trouble() !== "") violations.push(`later trouble: ${board.trouble()}`)
            look("after some records", true)
        } catch (thrown) {
            violations.push(`it could not go on: ${thrown}`)
            look("in the end", false)
        }
        return { lost, violations }
    }

    private sampled(mode: Mode): boolean {
        const { fsck, fsckShare } = this.options
        const number = this.tally.cutsOf(mode)
        return (
            fsck !== undefined &&
            Math.floor((number + 1) * fsckShare) > Math.floor(number * fsckShare)
        )
    }

    private async compare(
        disk: Disk,
        start: Start,
        mode: Mode,
        text: string,
        when: string,
    ): Promise<void> {
        const { first } = start.shape
        const { errors } = checkVolume(disk, first)
        await this.options.fsck!.check(disk, first, (clean, output) => {
            const agree = clean === (errors.length === 0)
            this.tally.compared(mode, agree, clean, when === "recovered")
            if (!agree)
                this.tally.violation(text, mode, `fsck.fat disagrees, ${when}`, errors + output)
        })
    }
}

/** The state of the card and the model while a trace is gone through. */
class Progress {
    private readonly start: Start
    /** The card one write before the present one, and the model before and after it. */
    private readonly before: Disk
    private done = 0
    private modelBefore: Model
    private modelNow: Model
    private nextEvent = 0
    private flashEvents = 0

    constructor(
        start: Start,
        private readonly trace: Trace,
    ) {
        this.start = start
        this.before = start.disk.over()
        this.modelBefore = start.model.clone()
        this.modelNow = start.model.clone()
        this.applyEvents()
    }

    /** Goes on to the next write. */
    advance(): void {
        const { trace, before } = this
        if (this.done > 0) {
            const write = trace.writes[this.done - 1]
            before.put(write.block, write.data)
        }
        this.done++
        this.modelBefore = this.modelNow.clone()
        this.applyEvents()
    }

    /** The cuts that are possible here. */
    cuts(): Cut[] {
        const { done, trace } = this
        const cuts: Cut[] = []
        const add = (mode: Mode, flashWritesMissing = 0) =>
            cuts.push({ mode, after: done, flashWritesMissing })
        for (const mode of modes) {
            if (mode === "dropped")
                for (let missing = 0; missing <= this.flashEvents; ++missing) add(mode, missing)
            else if (mode === "swapped") {
                if (done > 1 && trace.writes[done - 1].block !== trace.writes[done - 2].block)
                    add(mode)
            } else if (done > 0) add(mode)
        }
        return cuts
    }

    /** The card and what it has to hold after a cut here. */
    after(cut: Cut): { disk: Disk; model: Model } {
        const { done, trace } = this
        const disk = this.before.over()
        const write = trace.writes[done - 1]
        if (cut.mode === "dropped") {
            if (write) disk.put(write.block, write.data)
            return { disk, model: this.modelWithout(cut.flashWritesMissing) }
        }
        if (cut.mode === "swapped") {
            const lost = trace.writes[done - 2]
            disk.put(lost.block, lost.old ?? new Uint8Array(512))
            disk.put(write.block, write.data)
            const model = this.modelNow.clone()
            if (lost.text) model.lose(lost.text)
            return { disk, model }
        }
        disk.put(write.block, tornSector(cut.mode, write.old ?? new Uint8Array(512), write.data))
        const model = this.modelBefore.clone()
        if (write.text) model.lose(write.text)
        return { disk, model }
    }

    /** What was written around the cut, for a person. */
    story(cut: Cut, trace: Trace, writesBefore: number): string {
        const lines: string[] = []
        const { shape } = this.start
        for (
            let i = Math.max(0, cut.after - writesBefore);
            i < Math.min(trace.writes.length, cut.after + 2);
            ++i
        ) {
            for (const { at, event } of trace.events)
                if (at === i) lines.push(`      ${describeEvent(event)}`)
            const { block, text } = trace.writes[i]
            const where = text ? `${text.path} sector ${text.sector}` : placeOf(shape, block)
            const mark = i === cut.after - 1 ? "  <- " + cut.mode : ""
            lines.push(`    write ${i + 1}: block ${block}, ${where}${mark}`)
        }
        return lines.join("\n")
    }

    private applyEvents(): void {
        const { events } = this.trace
        this.flashEvents = 0
        for (; this.nextEvent < events.length; ++this.nextEvent) {
            const { at, event } = events[this.nextEvent]
            if (at > this.done) return
            this.modelNow.apply(event)
            if (event.kind === "flash") this.flashEvents++
        }
    }

    /** The model at the moment before the last `missing` flash writes behind the present write. */
    private modelWithout(missing: number): Model {
        if (missing === 0) return this.modelNow.clone()
        const { events } = this.trace
        const model = this.modelBefore.clone()
        let flashWrites = this.flashEvents - missing
        for (const { at, event } of events) {
            if (at !== this.done) continue
            if (event.kind === "flash" && flashWrites-- === 0) break
            model.apply(event)
        }
        return model
    }
}

function describeEvent(event: Trace["events"][0]["event"]): string {
    if (event.kind === "append")
        return `append to ${event.path} at ${event.offset}: ${event.text.length} bytes`
    if ("path" in event) return `${event.kind} ${event.path}`
    return event.kind
}

function placeOf(shape: VolumeShape, block: number): string {
    const inVolume = block - shape.first
    if (inVolume < shape.reserved) return `reserved sector ${inVolume}`
    const inTable = block - shape.fatStart
    if (inTable < shape.fatBlocks * shape.fatCount)
        return `table ${1 + Math.floor(inTable / shape.fatBlocks)}, sector ${inTable % shape.fatBlocks}`
    if (block < shape.dataStart) return "root directory"
    const cluster = Math.floor((block - shape.dataStart) / shape.clusterBlocks) + 2
    return `cluster ${cluster}`
}

function sameCut(one: Cut, two: Cut): boolean {
    return (
        one.mode === two.mode &&
        one.after === two.after &&
        one.flashWritesMissing === two.flashWritesMissing
    )
}

/** A generator for one purpose of a case. */
function random(one: Case, purpose = 0): Random {
    let seed = one.seed * 1000003 + purpose
    for (const letter of one.scenario.name + one.card)
        seed = (Math.imul(seed, 31) + letter.charCodeAt(0)) | 0
    return new Random(seed)
}

function afterRestart(one: Case, settings: BoardSettings, model: Model): BoardSettings {
    const changed = { ...settings }
    const memory = { flash: model.flash, seconds: model.seconds }
    one.scenario.restart?.(changed, memory, random(one, 5))
    model.seconds = memory.seconds
    return changed
}

async function goOn(one: Case, board: Board): Promise<void> {
    if (one.scenario.goOn) await one.scenario.goOn(board, random(one, 6))
    else await board.logRecords(1)
}

/** The card and the settings as the scenario wants them, after what it has done beforehand. */
async function prepare(one: Case): Promise<Start> {
    const card = await emptyCard(one.card)
    const { shape } = card
    const chance = random(one, 1)
    const disk = card.disk.over()
    const editor = new CardEditor(disk, shape)
    const model = new Model()
    const setup: Setup = {
        random: chance,
        editor,
        settings: {
            seed: one.seed,
            serial: "BMS-1A2B-LONGNAME".slice(0, chance.between(1, 16)),
            periodSeconds: chance.pick([1, 2, 10, 60]),
            offsetMinutes: chance.pick([0, 60, -300, 330]),
            cellLog: true,
            cells: chance.between(3, 15),
            thermistors: chance.between(1, 4),
        },
        memory: { flash: {}, seconds: morning + chance.between(0, 3600) },
        model,
        freeKnown: true,
        nextFree: 2,
    }
    one.scenario.prepare?.(setup)
    editor.finish(setup.freeKnown, setup.nextFree)
    const { settings, memory } = setup
    model.flash = memory.flash
    model.seconds = memory.seconds
    const foreign = foreignFiles(disk, shape, model)
    if (one.scenario.before) {
        const board = new Board(plainDevice(disk), settings, memory, event => model.apply(event))
        await board.start()
        await one.scenario.before(board, random(one, 2))
        await board.storage.sync()
    }
    const start = { disk: disk.flat(), shape, settings, model }
    return { ...start, foreign: { ...foreign, disk: start.disk } }
}

/** The mode of the last cut after which the card did not hold just what was written, in order. */
function worstMode(cuts: Cut[]): Mode {
    return cuts.findLast(cut => cut.mode !== "dropped")?.mode ?? "dropped"
}

/** How to run one cut again. */
export function caseText(one: Case, path: Cut[]): string {
    const cuts = path.map(cut => {
        const missing = cut.flashWritesMissing === 0 ? "" : `-${cut.flashWritesMissing}`
        return `${cut.after}${missing}@${cut.mode}`
    })
    return `--scenario "${one.scenario.name}" --card "${one.card}" --seed ${one.seed} --cut "${cuts.join("/")}"`
}

/** The cuts that `caseText` has written. */
export function parseCuts(text: string): Cut[] {
    return text.split("/").map(part => {
        const [, after, missing, mode] = /^(\d+)(?:-(\d+))?@(.+)$/.exec(part) ?? []
        const known = modes.find(one => one === mode)
        if (known === undefined) throw new Error(`"${part}" is no cut like "17@dropped"`)
        return { mode: known, after: Number(after), flashWritesMissing: Number(missing ?? 0) }
    })
}
