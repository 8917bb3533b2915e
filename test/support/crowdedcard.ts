import { formatVolume } from "../../src/fat/format"
import { Volume } from "../../src/fat/volume"
import { MemoryStore } from "../../sim/chips/sdcardstore"
import { ForeignFiles } from "./foreignfiles"
import { MemoryBlockDevice } from "./memorycard"
import { SleepTicks } from "./sleepticks"

/** The contents of a crowded card. */
export interface Crowd {
    mebibytes: number
    /** Foreign files with long names in the root directory, three slots each. */
    rootFiles?: number
    /**
     * Log files, one per day, from 2018 on. The first has records past its recorded end, up to
     * the end of its cluster.
     */
    logFiles?: number
    /** Lines of the history, for the first of these days. */
    historyLines?: number
    /** Number of clusters of LONG.TXT. */
    longClusters?: number
    /** All but this many clusters at the end are taken, and FSInfo does not say so. */
    free?: number
}

const dayMs = 86_400_000
const firstDay = Date.UTC(2018, 0, 1)
const header = "time,utc_offset,serial,V,A,soc,min,max,no,no,t,t,errors\r\n"

/** "20180101" onwards. */
function crowdDay(index: number): string {
    return new Date(firstDay + index * dayMs).toISOString().slice(0, 10).replaceAll("-", "")
}

/** A formatted card; with `logs` it has a LOG directory of ours. */
async function formattedCard(mebibytes: number, logs: boolean): Promise<MemoryStore> {
    const store = new MemoryStore(mebibytes * 2048)
    const device = new MemoryBlockDevice(store)
    await formatVolume(device, "BMSMINI    ")
    if (!logs) return store
    const volume = await Volume.mount(device, new SleepTicks())
    await (await volume.openForAppend("LOG/FIRST.TXT", "")).close()
    await volume.sync()
    return store
}

/** The first cluster of LOG, the first entry after the label. */
function logCluster(store: MemoryStore, { layout }: ForeignFiles): number {
    const block = layout.fat32 ? layout.dataBlock : layout.rootBlock
    const root = Buffer.from(store.read(block))
    const at = root.indexOf("LOG        ")
    return (root.readUInt16LE(at + 20) << 16) | root.readUInt16LE(at + 26)
}

/** Records ten seconds apart, from the start of the day. */
function recordsOf(day: number, bytes: number): string {
    let text = ""
    for (let second = 0; text.length < bytes; second += 10) {
        const at = new Date(firstDay + day * dayMs + second * 1000).toISOString()
        const time = at.slice(0, 19).replace("T", " ")
        text += `${time},+00:00,ACME-7,52.900,5.700,59.1,3.306,3.307,1,2,21.9,22.0,00000000\r\n`
    }
    return text.slice(0, bytes)
}

/** A card with everything that a careless owner can leave on it in eight years. */
export async function crowdedCard(crowd: Crowd): Promise<MemoryStore> {
    const { rootFiles = 0, logFiles = 0, historyLines = 0, longClusters = 0 } = crowd
    const store = await formattedCard(crowd.mebibytes, logFiles > 0)
    const files = new ForeignFiles(store, 4)
    const root = files.directory()
    for (let i = 0; i < rootFiles; ++i) {
        const number = String(i).padStart(4, "0")
        files.addFile(root, `PI${number}~1TXT`, "text\n", `picture ${number}.text`)
    }
    if (logFiles > 0) {
        const logs = files.directory(logCluster(store, files))
        const room = files.layout.clusterBlocks * 512 - header.length
        files.addText(logs, crowdDay(0) + "CSV", header + recordsOf(0, room), header.length)
        for (let i = 1; i < logFiles; ++i) files.addFile(logs, crowdDay(i) + "CSV", header)
    }
    let history = ""
    for (let i = 0; i < historyLines; ++i) {
        const name = crowdDay(i) + ".CSV"
        history += `${name},${header.length},2026-01-01 00:00:00,ACME-7-LOG-${name}\r\n`
    }
    if (history !== "") files.addText(root, "LOGSENT TXT", history)
    if (longClusters > 0) files.fill(root, "LONG    TXT", longClusters)
    if (crowd.free !== undefined) files.takeAllBut(crowd.free)
    // The writer of all this recorded neither the count nor the place of the free clusters.
    const info = Uint8Array.from(store.read(1))
    if (files.layout.fat32) info.fill(0xff, 488, 496)
    if (files.layout.fat32) store.write(1, info)
    return store
}
