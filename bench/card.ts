import { formatVolume } from "../src/fat/format"
import { Volume } from "../src/fat/volume"
import { MemoryStore } from "../sim/chips/sdcardstore"
import { DeviceBuffer } from "../test/support/devicebuffer"
import { openMemoryCard } from "../test/support/memorycard"

const records = 10_000

/** A CSV line of exactly so many bytes. */
function record(number: number, bytes: number): Buffer {
    const start = `${String(number).padStart(8, "0")},`
    const text = start + "0".repeat(bytes - start.length - 2) + "\r\n"
    return DeviceBuffer.from(text) as unknown as Buffer
}

/** Appends durable records to freshly formatted cards, and counts what reaches the emulated card. */
async function measure(mebibytes: number, expected: string, sizes: number[]) {
    const { card, chip, ticks } = await openMemoryCard(new MemoryStore(mebibytes * 2048))
    await formatVolume(card, "BMSMINI    ")
    const volume = await Volume.mount(card, ticks)
    const made = `${volume.kind} ${volume.clusterBytes}`
    if (made !== expected) throw new Error(`the card was formatted as ${made}, not ${expected}`)
    const files = []
    for (const size of sizes) files.push(await volume.openForAppend(`LOG/${size}.CSV`, ""))
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

/** Sector writes and reads for each durable record, by what they are called in the results. */
export async function cardBench(): Promise<Record<string, number>> {
    const results: Record<string, number> = {}
    const cards: [string, number, string][] = [
        ["card.fat32-4k", 1024, "FAT32 4096"],
        ["card.fat32-32k", 9216, "FAT32 32768"],
        ["card.fat16-4k", 64, "FAT16 4096"],
    ]
    for (const [name, mebibytes, made] of cards) {
        const { writes, reads } = await measure(mebibytes, made, [96])
        results[`${name}.writesPerRecord`] = writes
        results[`${name}.readsPerRecord`] = reads
    }
    const { writes } = await measure(1024, "FAT32 4096", [96, 160])
    results["card.twoLogs.writesPerRecord"] = writes
    return results
}
