import { Alarm } from "../../src/core/alarm"
import { noteSent } from "../../test/support/historylines"
import type { Board, BoardSettings, Memory } from "./board"
import type { CardName } from "./cards"
import type { Random } from "../../test/support/random"
import { addNeighbours, addOldLogs, crowd, scatterFree, type Setup } from "./setups"

/** An activity of the firmware; the power is cut after each of its writes. */
export interface Scenario {
    name: string
    cards: readonly CardName[]
    /** Seeds per card in the full campaign. */
    seeds: number
    /** Prepares the card's initial content. */
    prepare?(setup: Setup): void
    /** Earlier work, without a cut. */
    before?(board: Board, random: Random): Promise<void>
    run(board: Board, random: Random): Promise<void>
    /** The board's work after the cut and its restart. */
    goOn?(board: Board, random: Random): Promise<void>
    /** Changes at the restart. */
    restart?(settings: BoardSettings, memory: Memory, random: Random): void
    /** False for cuts to skip in a run with very many similar writes. */
    takes?(cut: number, writes: number): boolean
}

/** All kinds used by the short scenarios. */
const allCards: readonly CardName[] = [
    "FAT32 512 B",
    "FAT32 4 KiB",
    "FAT32 512 B, 80,000 clusters",
    "FAT32 512 B, partition",
    "FAT16 512 B, card format",
    "FAT16 1 KiB, card format",
    "FAT16 2 KiB, 32 reserved",
]

/** Cards whose promises need writes in order. */
const plainCards: readonly CardName[] = ["FAT16 2 KiB", "FAT16 512 B", "FAT32 512 B, one table"]

const smallClusters: readonly CardName[] = [
    "FAT32 512 B",
    "FAT32 512 B, partition",
    "FAT16 512 B, card format",
]

/** 2026-11-22 09:00 UTC, during a day's logging. */
export const morning = Date.UTC(2026, 10, 22, 9) / 1000

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
        await board.storage.sync()
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
        "FAT32 32 KiB",
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
        // Up to a few records before the end of a large cluster.
        if ((await clusterBytes(board)) > 8192) await board.logRecords(280)
    },
    async run(board) {
        await board.logRecords((await clusterBytes(board)) > 1024 ? 80 : 30)
    },
}

async function clusterBytes(board: Board): Promise<number> {
    return await board.storage.use("test", async volume => volume.clusterBytes)
}

const fullCard: Scenario = {
    name: "full card",
    // Without a redo log a removed file may leak clusters: docs/reference/card.md.
    cards: smallClusters,
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
        "FAT32 512 B, one table",
    ],
    seeds: 2,
    prepare({ editor, random, memory }) {
        addNeighbours(editor, random, "", random.between(2, 12))
        const flash: Record<string, Uint8Array> = {}
        for (const key of ["sa", "sh", "j01", "j02", "clock"])
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
        // The file being replaced is the older of the two; the other may have lost a sector.
        const newest = await board.newestBackup()
        if (newest < board.ownBackup() - 1)
            throw new Error(`backup ${newest} is the newest, ${board.ownBackup()} was made`)
        await appendHistory(board, random)
        await board.saveBackup()
        await board.logRecords(1)
    },
}

async function appendHistory(board: Board, random: Random): Promise<void> {
    const history = random.next() < 0.6 ? board.mainHistory : board.cellHistory
    const bytes = (board.seconds % 100000) + 1
    board.pass(7)
    // The uploader mounts the card before it writes.
    await board.storage.use("upload", async () => {})
    const remote = `BMS-1A2B-LOG-20261121-${board.seconds}.CSV`
    await noteSent(history, "20261121.CSV", bytes, remote, board.storage.generation())
}

const directoryGrowth: Scenario = {
    name: "directory growth",
    cards: [
        "FAT32 512 B",
        "FAT32 4 KiB",
        "FAT16 512 B, card format",
        "FAT32 512 B, partition",
        "FAT32 512 B, one table",
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

/** Alarms come and go, also over midnight: each journal entry comes to the card once. */
const events: Scenario = {
    name: "events",
    cards: ["FAT32 512 B", "FAT32 4 KiB", "FAT16 512 B, card format", ...plainCards],
    seeds: 2,
    prepare({ editor, random, settings, memory }) {
        addNeighbours(editor, random, "", random.between(0, 10))
        const midnight = Date.UTC(2026, 10, 23) / 1000 - settings.offsetMinutes * 60
        memory.seconds = midnight - settings.periodSeconds * random.between(5, 8)
    },
    async before(board) {
        await board.journal.load()
        await board.enterAlarm(Alarm.Wifi)
        await board.logRecords(2)
    },
    async run(board, random) {
        await board.journal.load()
        for (let i = 0; i < 8; ++i) {
            for (let k = random.between(0, 2); k > 0; --k)
                await board.enterAlarm(random.pick([Alarm.Wifi, Alarm.Ftp, Alarm.MonitorOffline]))
            await board.logRecords(1)
        }
    },
    async goOn(board) {
        await board.journal.load()
        await board.logRecords(2)
        await board.enterAlarm(Alarm.Clock)
        await board.logRecords(2)
    },
}

/** The power returns on another day, with other columns, or without the cell log. */
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

/** The clock is set back, also over midnight, without a sync before. */
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

/** The cell log is switched off in mid-cluster, and stays off after the cut. */
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
    events,
]
