import { SdCard } from "../../src/card/sdcard"
import type { CardDevice } from "../../src/core/seams"
import { SdCardChip } from "../../sim/chips/sdcard"
import type { BlockStore } from "../../sim/chips/sdcardstore"
import { ChipSpiBus } from "../../test/support/memorycard"
import { SleepTicks } from "../../test/support/sleepticks"
import { Board, type BoardSettings } from "./board"
import { emptyCard, type CardName } from "./cards"
import { DiskDevice, type Disk } from "./disk"
import { CardEditor } from "./editor"
import type { VolumeShape } from "./fatreader"
import type { Random } from "../../test/support/random"
import { chanceOf, inOrder, modes, type Mode } from "./faults"
import { foreignFiles, type Foreign } from "./judge"
import { Model } from "./model"
import { morning, type Scenario } from "./scenarios"
import type { Setup } from "./setups"

/** One run of a scenario. */
export interface Case {
    scenario: Scenario
    card: CardName
    seed: number
}

/** A power cut: after this many writes, in a mode; or before a following flash write. */
export interface Cut {
    mode: Mode
    after: number
    /** This many of the flash writes after the last sector write are missing, too. */
    flashWritesMissing: number
}

/** The initial state of a run. */
export interface Start {
    disk: Disk
    shape: VolumeShape
    settings: BoardSettings
    model: Model
    foreign: Foreign
}

/** A disk's device, without a card around it. */
export const plainDevice = (disk: Disk) => async (): Promise<CardDevice> => new DiskDevice(disk)

/**
 * An emulated card's device: the firmware's driver, the bus, and the chip with its blocks in the
 * store.
 */
export function cardDevice(store: BlockStore): (ticks: SleepTicks) => Promise<CardDevice> {
    const bus = new ChipSpiBus(new SdCardChip(store, {}))
    return async ticks => await new SdCard(bus, ticks).openAgain()
}

export function sameCut(one: Cut, two: Cut): boolean {
    return (
        one.mode === two.mode &&
        one.after === two.after &&
        one.flashWritesMissing === two.flashWritesMissing
    )
}

/** A generator for one purpose of a case. */
export function random(one: Case, purpose = 0): Random {
    let seed = one.seed * 1000003 + purpose
    for (const letter of one.scenario.name + one.card)
        seed = (Math.imul(seed, 31) + letter.charCodeAt(0)) | 0
    return chanceOf(seed)
}

/** The card and settings prepared for the scenario. */
export async function prepare(one: Case): Promise<Start> {
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
        await one.scenario.before(board, random(one, 2))
        await board.storage.sync()
    }
    const start = { disk: disk.flat(), shape, settings, model }
    return { ...start, foreign: { ...foreign, disk: start.disk } }
}

/**
 * The mode under which a sequence of cuts is counted: the last that tears or loses a write, if any.
 */
export function worstMode(cuts: Cut[]): Mode {
    return (cuts.findLast(cut => !inOrder(cut.mode)) ?? cuts[cuts.length - 1]).mode
}

/** Flags that repeat one cut. */
export function caseText(one: Case, path: Cut[]): string {
    const cuts = path.map(cut => {
        const missing = cut.flashWritesMissing === 0 ? "" : `-${cut.flashWritesMissing}`
        return `${cut.after}${missing}@${cut.mode}`
    })
    return `--scenario "${one.scenario.name}" --card "${one.card}" --seed ${one.seed} --cut "${cuts.join("/")}"`
}

/** Parses the cuts of `caseText`. */
export function parseCuts(text: string): Cut[] {
    return text.split("/").map(part => {
        const [, after, missing, mode] = /^(\d+)(?:-(\d+))?@(.+)$/.exec(part) ?? []
        const known = modes.find(one => one === mode)
        if (known === undefined) throw new Error(`"${part}" is not a cut like "17@dropped"`)
        return { mode: known, after: Number(after), flashWritesMissing: Number(missing ?? 0) }
    })
}
