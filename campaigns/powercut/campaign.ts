import { Board, type BoardSettings } from "./board"
import {
    cardDevice,
    caseText,
    plainDevice,
    prepare,
    random,
    sameCut,
    worstMode,
    type Case,
    type Cut,
    type Start,
} from "./cases"
import { cardKind } from "./cards"
import type { Disk } from "./disk"
import { checkVolume } from "./fatchecker"
import { inOrder, modes, type Mode } from "./faults"
import type { FsckPool } from "./fsck"
import { judge } from "./judge"
import type { Model } from "./model"
import { Progress } from "./progress"
import { Tally } from "./tally"
import { Trace } from "./trace"

/** Extent of the campaign. */
export interface CampaignOptions {
    /**
     * One recovery in this many goes through the emulated card and its driver, not straight to its
     * blocks.
     */
    cardEvery: number
    /**
     * Share of recovered cards also judged by fsck.fat; for half of these also the state before
     * recovery.
     */
    fsckShare: number
    fsck: FsckPool | undefined
    /** Cuts per case whose recovery is cut in turn. */
    nestedCuts: number
    /** Cuts after one write in this many. */
    cutEvery?: number
    /** Only this path: a cut, and those inside its recovery. */
    only?: Cut[]
}

/** Runs cases and counts. */
export class Campaign {
    readonly tally = new Tally()
    private tried = 0

    constructor(private readonly options: CampaignOptions) {}

    /**
     * Records the case's run, then cuts it after each write in each mode, and cuts some recoveries,
     * too.
     */
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
        await run(board)
        if (board.trouble() !== "") throw new Error(`the uncut run fails: ${board.trouble()}`)
        const written = board.logger.recordsWritten(0) + board.logger.recordsWritten(1)
        const promised = trace.events.filter(({ event }) => event.kind === "appended").length
        if (promised < written) throw new Error(`${written} records, ${promised} acknowledged`)
        return trace
    }

    /** @param path the cuts that led to this start */
    private async cutAll(one: Case, start: Start, trace: Trace, path: Cut[]): Promise<void> {
        const { writes } = trace
        const inner = this.innerCuts(one, path, writes.length)
        const state = new Progress(start, trace)
        const cutEvery = this.options.only ? 1 : (this.options.cutEvery ?? 1)
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

    /** Cuts, continues with the card's remaining content, and judges. */
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
        const { lost } = result
        // Losses from several torn sectors do not count as one loss.
        const lossy = [...path, cut].filter(({ mode }) => !inOrder(mode)).length
        const lostMax = lossy > 1 ? 0 : lost
        this.tally.count(row, { acknowledged, lost, lostMax, nested: path.length > 0, onCard })
        if (result.violations.length > 0)
            this.tally.violation(
                text,
                mode,
                result.violations[0],
                state.story(cut, trace, only ? 40 : 6),
            )
        if (sampled) await this.compare(disk, start, row.mode, text, "recovered")
    }

    /** The first record repairs the card; it must stay good from then on. */
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
            await goOn(one, board)
            if (board.trouble() !== "") violations.push(`trouble: ${board.trouble()}`)
            look("after the first records", false)
            await board.logRecords(2)
            await board.storage.sync()
            if (board.trouble() !== "") violations.push(`later trouble: ${board.trouble()}`)
            look("after some records", true)
        } catch (thrown) {
            violations.push(`it could not continue: ${thrown}`)
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
