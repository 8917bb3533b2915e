import { cellHeader, logFileName, mainHeader } from "../../src/logs/record"
import type { BoardSettings, Memory } from "./board"
import type { CardEditor } from "./editor"
import type { Random } from "../../test/support/random"
import type { Model, TextFile } from "./model"

/** A scenario's initial state; its `prepare` may change all of it. */
export interface Setup {
    random: Random
    editor: CardEditor
    settings: BoardSettings
    memory: Memory
    model: Model
    /** FSInfo: whether the free count is known, and where the search starts. */
    freeKnown: boolean
    nextFree: number
}

/** Files of a person, with and without long names, with deleted ones in between. */
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

/** Fills a directory's clusters, leaving this many slots unused. */
export function crowd(editor: CardEditor, directory: string, left: number): void {
    const prefix = directory === "" ? "" : directory + "/"
    for (let i = 0; editor.slotsLeft(directory) > left; ++i)
        editor.addFile(`${prefix}CROWD${i}.TXT`, "")
}

/**
 * Takes all clusters except `wanted` ones, spread over the table's sectors, so that almost every
 * new cluster has its entry in another sector than the previous one.
 */
export function scatterFree(setup: Setup, wanted: number): void {
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
        text += `${date} ${time},+00:00,BMS-1A2B,${values.join(",")},0x00000000\r\n`
    }
    return text
}

/** Old logs of both kinds, in alternating clusters, and the history of what was sent. */
export function addOldLogs(setup: Setup, sizes: [number, number][], unsent: number): void {
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
            const file: TextFile = {
                path,
                presence: "there",
                header: content,
                formerHeaders: [],
                headerExcused: false,
                records: [],
                lostSectors: [],
            }
            model.texts.set(path, file)
            const line = `${name},${content.length},2026-11-${20 + day} 00:10:00,BMS-1A2B-${path.replace("/", "-")}\r\n`
            if (path.startsWith("LOG/")) mainSent += line
            else cellSent += line
        }
    })
    editor.addFile("LOGSENT.TXT", mainSent)
    editor.addFile("CELLSENT.TXT", cellSent)
}
