import { logFileName, mainHeader, cellHeader } from "../../src/logs/record"
import type { Board, BoardSettings, Memory } from "./board"
import type { CardName } from "./cards"
import type { CardEditor } from "./editor"
import type { Random } from "./faults"
import type { Model } from "./model"

/** What a scenario starts from; all of it may be changed by its `prepare`. */
export interface Setup {
    random: Random
    editor: CardEditor
    settings: BoardSettings
    memory: Memory
    model: Model
    /** FSInfo: whether the free count is known, and where the search begins. */
    freeKnown: boolean
    nextFree: number
}

/** Something the firmware does, after each of whose writes the power is cut. */
export interface Scenario {
    name: string
    cards: readonly CardName[]
    /** How many seeds the full campaign takes for each card. */
    seeds: number
    /** Puts on the card what is there beforehand. */
    prepare?(setup: Setup): void
    /** What was done before, without a cut. */
    before?(board: Board, random: Random): Promise<void>
    run(board: Board, random: Random): Promise<void>
    /** What the board does after the cut and its restart. */
    goOn?(board: Board, random: Random): Promise<void>
    /** What differs after the restart. */
    restart?(settings: BoardSettings, memory: Memory, random: Random): void
    /** False for cuts that are left out, of a run with very many writes that are alike. */
    takes?(cut: number, writes: number): boolean
}

/** All kinds that the short scenarios run on. */
const allCards: readonly CardName[] = [
    "FAT32 512 B",
    "FAT32 4 KiB",
    "FAT32 512 B, 80,000 clusters",
    "FAT32 512 B, partition",
    "FAT16 512 B, card format",
    "FAT16 1 KiB, card format",
    "FAT16 2 KiB, 32 reserved",
]

/** Cards for which only writes in order are promised. */
const plainCards: readonly CardName[] = ["FAT16 2 KiB", "FAT16 512 B", "FAT32 512 B, one table"]

const smallClusters: readonly CardName[] = [
    "FAT32 512 B",
    "FAT32 512 B, partition",
    "FAT16 512 B, card format",
]

/** 2026-11-22 09:00 UTC, a moment of a day's logging. */
export const morning = Date.UTC(2026, 10, 22, 9) / 1000

/** Files of a person's, with and without long names, deleted ones between them. */
export function addNeighbours(
    editor: CardEditor,
    random: Random,
    directory: string,
    count: number,
): void {
    const prefix = directory === "" ? "" : directory + "/"
    for (let i = 0; i < count; ++i) {
        const text = `file ${i} of ${directory || "the root"}\n`.repeat(random.between(0, 60))
        const extension = random.pick(["TXT", "PDF", "JPG", ""])
        const name = extension === "" ? `NOTE${i}` : `NOTE${i}.${extension}`
        const longName = random.next() < 0.4 ? `My notes, number ${i}.${extension}` : undefined
        const attributes = random.pick([0x20, 0x20, 0x00, 0x01, 0x22, 0x26])
        editor.addFile(prefix + name, text, { longName, attributes })
        if (random.next() < 0.2) editor.addDeleted(directory)
    }
}

/** Leaves so many slots unused in what a directory has. */
function crowd(editor: CardEditor, directory: string, left: number): void {
    const prefix = directory === "" ? "" : directory + "/"
    for (let i = 0; editor.slotsLeft(directory) > left; ++i)
        editor.addFile(`${prefix}CROWD${i}.TXT`, "")
}

/**
 * Takes all clusters but some in each sector of the table: `wanted` in all, so that almost each new cluster
 * has its entry in another sector than the one before.
 */
function scatterFree(setup: Setup, wanted: number): void {
    const { editor, random } = setup
    const perBlock = editor.shape.fat32 ? 128 : 256
    const sectors = Math.floor(editor.shape.clusterEnd / perBlock)
    const each = Math.ceil(wanted / sectors)
    const chosen = new Set<number>()
    for (let sector = 0; sector < sectors; ++sector)
        for (let i = 0; i < each; ++i) {
            // Also the first and the last entry of a sector.
            const at = random.pick([0, perBlock - 1, random.between(0, perBlock - 1)])
            chosen.add(sector * perBlock + at)
        }
    editor.fill("FILL.BIN", cluster => chosen.has(cluster))
}

function logLines(day: number, cells: number, bytes: number): string {
    let text = (cells === 0 ? mainHeader : cellHeader(cells, 2)) + "\r\n"
    const date = `2026-11-${String(day).padStart(2, "0")}`
    for (let i = 0; text.length < bytes; ++i) {
        const time = new Date(i * 60000).toISOString().slice(11, 19)
        const columns = cells === 0 ? 9 : cells + 2
        const values = Array.from({ length: columns }, (_, k) => `3.${100 + ((i * 7 + k) % 900)}`)
        text += `${date} ${time},+00:00,BMS-1A2B,${values.join(",")},00000000\r\n`
    }
    return text
}

/** Old logs of both kinds, cluster by cluster in turns, and what of them was sent. */
function addOldLogs(setup: Setup, sizes: [number, number][], unsent: number): void {
    const { editor, model } = setup
    const clusterBytes = editor.shape.clusterBlocks * 512
    let mainSent = ""
    let cellSent = ""
    sizes.forEach(([mainClusters, cellClusters], index) => {
        const day = index + 1
        const name = logFileName(`202611${String(day).padStart(2, "0")}`, 0)
        const free = editor.freeClusters(mainClusters + cellClusters)
        const both = Math.min(mainClusters, cellClusters) * 2
        const main = free.filter((_, i) => (i < both ? i % 2 === 0 : mainClusters > cellClusters))
        const cell = free.filter(cluster => !main.includes(cluster))
        const files: [string, string, number[]][] = [
            [`LOG/${name}`, logLines(day, 0, mainClusters * clusterBytes - 200), main],
            [`CELL/${name}`, logLines(day, 8, cellClusters * clusterBytes - 200), cell],
        ]
        for (const [path, content, clusters] of files) {
            editor.addFile(path, content, { clusters })
            if (day === unsent) continue
            const file = { path, header: content, formerHeaders: [], headerExcused: false }
            model.texts.set(path, { ...file, presence: "there", records: [], lostSectors: [] })
            const line = `${name},${content.length},2026-11-2${day} 00:10:00,BMS-1A2B-${name}\r\n`
            if (path.startsWith("LOG/")) mainSent += line
            else cellSent += line
        }
    })
    editor.addFile("LOGSENT.TXT", mainSent)
    editor.addFile("CELLSENT.TXT", cellSent)
}

const firstStart: Scenario = {
    name: "first start",
    cards: [...allCards, "FAT32 32 KiB", "FAT32 4 KiB, card format", ...plainCards],
    seeds: 2,
    prepare({ editor, random }) {
        if (random.next() < 0.7) addNeighbours(editor, random, "", random.between(1, 15))
    },
    async run(board, random) {
        await board.logRecords(random.between(8, 16))
        await board.storage.sync()
    },
}

const steady: Scenario = {
    name: "steady logging",
    cards: [...allCards, ...plainCards],
    seeds: 2,
    prepare({ editor, random }) {
        addNeighbours(editor, random, "", random.between(0, 12))
        editor.addDirectory("LOG")
        addNeighbours(editor, random, "LOG", random.between(0, 13))
    },
    async before(board, random) {
        await board.logRecords(random.between(1, 9))
    },
    async run(board, random) {
        await board.logRecords(random.between(40, 70))
    },
}

const dayChange: Scenario = {
    name: "day change",
    cards: [...allCards, ...plainCards],
    seeds: 2,
    prepare({ editor, random, settings, memory }) {
        editor.addDirectory("CELL")
        editor.addDirectory("LOG")
        addNeighbours(editor, random, "LOG", random.between(0, 15))
        addNeighbours(editor, random, "CELL", random.between(0, 15))
        const midnight = Date.UTC(2026, 10, 23) / 1000 - settings.offsetMinutes * 60
        memory.seconds = midnight - settings.periodSeconds * random.between(6, 9)
    },
    async before(board) {
        await board.logRecords(3)
    },
    async run(board) {
        await board.logRecords(10)
        // A day without a record, then other columns.
        board.pass(2 * 86400)
        await board.logRecords(3)
        board.settings = { ...board.settings, cells: board.settings.cells + 1 }
        await board.logRecords(3)
    },
}

const clusterChange: Scenario = {
    name: "cluster change",
    cards: [
        "FAT32 512 B",
        "FAT32 4 KiB",
        "FAT16 512 B, card format",
        "FAT16 2 KiB, 32 reserved",
        ...plainCards,
    ],
    seeds: 2,
    prepare(setup) {
        addNeighbours(setup.editor, setup.random, "", 5)
        scatterFree(setup, 44)
        setup.freeKnown = setup.random.next() < 0.5
    },
    async before(board, random) {
        await board.logRecords(random.between(1, 6))
    },
    async run(board) {
        const clusterBytes = await board.storage.use("test", async volume => volume.clusterBytes)
        await board.logRecords(clusterBytes > 1024 ? 80 : 30)
    },
}

const fullCard: Scenario = {
    name: "full card",
    cards: [...smallClusters, ...plainCards],
    seeds: 2,
    prepare(setup) {
        const { editor, random } = setup
        addNeighbours(editor, random, "", 4)
        editor.addDirectory("LOG")
        editor.addDirectory("CELL")
        const long = random.between(260, 330)
        addOldLogs(
            setup,
            [
                [3, 4],
                [2, 5],
                [long, long + 90],
                [4, 6],
            ],
            2,
        )
        addNeighbours(editor, random, "LOG", 3)
        const kept = new Set(editor.freeClusters(random.between(4, 8)))
        editor.fill("FILL.BIN", cluster => kept.has(cluster))
    },
    async run(board) {
        await board.logRecords(30)
    },
}

const cardFormat: Scenario = {
    name: "format",
    cards: ["FAT16 512 B, card format", "FAT32 4 KiB, card format", "FAT16 2 KiB"],
    seeds: 1,
    prepare({ editor, random }) {
        addNeighbours(editor, random, "", 8)
    },
    async before(board) {
        await board.logRecords(3)
    },
    async run(board) {
        await board.format()
        await board.logRecords(2)
    },
    async goOn(board) {
        const trouble = await board.failure(() => board.storage.use("test", async () => {}))
        if (trouble !== "") {
            if (!trouble.includes("card format")) throw new Error(trouble)
            board.ticks.ms += 5000
            await board.format()
        }
        await board.logRecords(2)
    },
    takes: (cut, writes) => writes < 400 || cut < 40 || cut > writes - 60 || cut % 97 === 0,
}

const smallFiles: Scenario = {
    name: "history and backup",
    cards: [
        "FAT32 512 B",
        "FAT32 4 KiB",
        "FAT16 512 B, card format",
        "FAT16 2 KiB, 32 reserved",
        "FAT32 512 B, partition",
        ...plainCards,
    ],
    seeds: 2,
    prepare({ editor, random, memory }) {
        addNeighbours(editor, random, "", random.between(2, 12))
        const flash: Record<string, Uint8Array> = {}
        for (const key of ["s0", "s1", "j01", "j02", "clock"])
            flash[key] = new Uint8Array(random.between(60, 200)).fill(random.between(1, 255))
        memory.flash = flash
    },
    async before(board) {
        await board.logRecords(2)
        await board.saveBackup()
    },
    async run(board, random) {
        for (let i = 0; i < 4; ++i) {
            await board.saveBackup()
            for (let k = 0; k < 3; ++k) await appendHistory(board, random)
            await board.logRecords(1)
        }
    },
    async goOn(board, random) {
        await board.logRecords(1)
        await appendHistory(board, random)
        await board.saveBackup()
        await board.logRecords(1)
    },
}

async function appendHistory(board: Board, random: Random): Promise<void> {
    const history = random.next() < 0.6 ? board.mainHistory : board.cellHistory
    const bytes = (board.seconds % 100000) + 1
    board.pass(7)
    // The uploader has the card mounted before it writes.
    await board.storage.use("upload", async () => {})
    const remote = `BMS-1A2B-LOG-20261121-${board.seconds}.CSV`
    await history.append("20261121.CSV", bytes, remote, board.storage.generation())
}

const directoryGrowth: Scenario = {
    name: "directory growth",
    cards: [
        "FAT32 512 B",
        "FAT32 4 KiB",
        "FAT16 512 B, card format",
        "FAT32 512 B, partition",
        ...plainCards,
    ],
    seeds: 2,
    prepare(setup) {
        const { editor, random, memory, settings } = setup
        editor.addDirectory("LOG")
        addNeighbours(editor, random, "LOG", random.between(3, 8))
        crowd(editor, "LOG", random.between(0, 2))
        addNeighbours(editor, random, "", 4)
        if (editor.shape.fat32) crowd(editor, "", random.between(1, 2))
        if (random.next() < 0.6) scatterFree(setup, 44)
        const midnight = Date.UTC(2026, 10, 23) / 1000 - settings.offsetMinutes * 60
        memory.seconds = midnight - settings.periodSeconds * 3
    },
    async run(board) {
        await board.logRecords(4)
        await board.saveBackup()
        board.pass(86400)
        await board.logRecords(2)
        board.pass(86400)
        await board.logRecords(2)
    },
}

/** The power comes back on another day, with other columns, or without the cell log. */
const restartElsewhere: Scenario = {
    name: "other day after the cut",
    cards: ["FAT32 512 B", "FAT16 512 B, card format"],
    seeds: 2,
    async before(board, random) {
        await board.logRecords(random.between(1, 9))
    },
    async run(board) {
        await board.logRecords(25)
    },
    restart(settings, memory, random) {
        const what = random.between(0, 2)
        if (what !== 1) memory.seconds += 86400
        if (what !== 0) settings.cells++
    },
}

/** The clock is set back, also over midnight, without anything being synced first. */
const clockBack: Scenario = {
    name: "clock set back",
    cards: ["FAT32 512 B", "FAT16 512 B, card format"],
    seeds: 2,
    async before(board, random) {
        await board.logRecords(random.between(1, 6))
    },
    async run(board) {
        await board.logRecords(6)
        board.pass(-3600)
        await board.logRecords(6)
        board.pass(-86400)
        await board.logRecords(4)
        board.pass(86400 + 2 * 3600)
        await board.logRecords(4)
    },
}

/** The cell log is switched off in the midst of a cluster, and stays off after the cut. */
const cellLogOff: Scenario = {
    name: "cell log off",
    cards: ["FAT32 512 B", "FAT16 512 B, card format"],
    seeds: 2,
    async before(board, random) {
        await board.logRecords(random.between(1, 6))
    },
    async run(board) {
        await board.logRecords(10)
        board.settings = { ...board.settings, cellLog: false }
        await board.logRecords(6)
    },
    restart(settings) {
        settings.cellLog = false
    },
}

export const scenarios: readonly Scenario[] = [
    firstStart,
    steady,
    dayChange,
    clusterChange,
    fullCard,
    cardFormat,
    smallFiles,
    directoryGrowth,
    restartElsewhere,
    clockBack,
    cellLogOff,
]
