import { Directory, encodeName } from "../src/fat/directory"
import { formatVolume } from "../src/fat/format"
import { Volume } from "../src/fat/volume"
import { MemoryStore } from "../sim/chips/sdcardstore"
import { DeviceBuffer } from "../test/support/devicebuffer"
import { openMemoryCard } from "../test/support/memorycard"

const records = 10_000
/** A header that fills a sector, so that records begin at a sector boundary. */
const packedHeader = "h".repeat(510) + "\r\n"
/** Records of 96 bytes packed from a sector boundary: 2 of 16 straddle two sectors. */
const packedFloor = 1.125

interface Case {
    name: string
    mebibytes: number
    expected: string
    /** Record size of each log in bytes. */
    sizes: number[]
    /** Measured writes per record of ChaN's FatFs with f_sync after each record. */
    fatFs: number
}

const cases: Case[] = [
    { name: "fat32-4k", mebibytes: 1024, expected: "FAT32 4096", sizes: [96], fatFs: 2.1958 },
    { name: "fat32-32k", mebibytes: 9216, expected: "FAT32 32768", sizes: [96], fatFs: 2.1341 },
    { name: "fat16-4k", mebibytes: 64, expected: "FAT16 4096", sizes: [96], fatFs: 2.1721 },
    { name: "twoLogs", mebibytes: 1024, expected: "FAT32 4096", sizes: [96, 160], fatFs: 2.28 },
]

/** A CSV line of exactly `bytes` bytes; numbers rise within a file. */
function record(number: number, bytes: number): Buffer {
    const start = `${String(number).padStart(8, "0")},`
    const text = start + "0".repeat(bytes - start.length - 2) + "\r\n"
    return DeviceBuffer.from(text) as unknown as Buffer
}

async function freshCard(mebibytes: number, expected: string) {
    const opened = await openMemoryCard(new MemoryStore(mebibytes * 2048))
    await formatVolume(opened.card, "BMSMINI    ")
    const volume = await Volume.mount(opened.card, opened.ticks)
    const made = `${volume.kind} ${volume.clusterBytes}`
    if (made !== expected) throw new Error(`the card was formatted as ${made}, not ${expected}`)
    return { ...opened, volume }
}

/**
 * Appends durable records to a freshly formatted card, and counts the accesses to the emulated
 * card.
 */
async function measure({ mebibytes, expected, sizes }: Case, header: string) {
    const { chip, volume } = await freshCard(mebibytes, expected)
    const files = []
    for (const size of sizes)
        files.push(await volume.openForAppend(`LOG/${size}.CSV`, header, () => true))
    const before = { ...chip.counters }
    for (let i = 0; i < records; ++i) {
        const index = i % sizes.length
        await files[index].append(record(i, sizes[index]))
    }
    return {
        writes: (chip.counters.sectorWrites - before.sectorWrites) / records,
        reads: (chip.counters.sectorReads - before.sectorReads) / records,
    }
}

/**
 * Sector reads from mounting a card to its open log, with this many other files in both
 * directories.
 */
async function mountReads(foreignFiles: number): Promise<number> {
    const { card, chip, ticks, volume } = await freshCard(1024, "FAT32 4096")
    const fill = async (cluster: number) => {
        const directory = new Directory(volume, cluster)
        for (let i = 0; i < foreignFiles; ++i) {
            await directory.seekUnused()
            await directory.write(encodeName(`F${i}.TXT`), 0x20, 0, 0x00210000)
        }
    }
    await fill(volume.table.rootCluster)
    await (await volume.openForAppend("LOG/FIRST.CSV", "")).close()
    let logs = 0
    await volume.list("", async entry => {
        if (entry.isDirectory) logs = entry.firstCluster
        return true
    })
    await fill(logs)
    await (await volume.openForAppend("LOG/TODAY.CSV", "header\r\n", () => true)).close()
    const before = chip.counters.sectorReads
    const again = await Volume.mount(card, ticks)
    await again.openForAppend("LOG/TODAY.CSV", "header\r\n", () => true)
    return chip.counters.sectorReads - before
}

/** Sector writes and reads per durable record, by their names in the results. */
export async function cardBench(): Promise<Record<string, number>> {
    const results: Record<string, number> = {}
    const columns = [
        "writes a record",
        "FatFs",
        "packed floor",
        "behind a header",
        "reads a record",
    ]
    console.log(
        "10,000 durable records".padEnd(24) + columns.map(name => name.padStart(16)).join(""),
    )
    for (const one of cases) {
        const { writes, reads } = await measure(one, packedHeader)
        const behind = await measure(one, "time,value\r\n")
        results[`card.${one.name}.writesPerRecord`] = writes
        results[`card.${one.name}.readsPerRecord`] = reads
        const single = one.sizes.length === 1
        const shown = [writes, one.fatFs, single ? packedFloor : undefined, behind.writes, reads]
        const cells = shown.map(value => (value === undefined ? "" : value.toFixed(4)).padStart(16))
        console.log(one.name.padEnd(24) + cells.join(""))
    }
    results["card.mountReads.3files"] = await mountReads(3)
    results["card.mountReads.3000files"] = await mountReads(3000)
    return results
}
