// The contents of a card as another reader finds them.

import { MemoryStore } from "../../sim/chips/sdcardstore"
import { formatVolume } from "../../src/fat/format"
import { Volume } from "../../src/fat/volume"
import { DeviceBuffer } from "./devicebuffer"
import { MemoryBlockDevice } from "./memorycard"
import { SleepTicks } from "./sleepticks"

/** An empty card as `card format` leaves it. */
export async function formattedStore(mebibytes: number): Promise<MemoryStore> {
    const store = new MemoryStore(mebibytes * 2048)
    await formatVolume(new MemoryBlockDevice(store), "BMSMINI    ")
    return store
}

export async function mountStore(store: MemoryStore): Promise<Volume> {
    return await Volume.mount(new MemoryBlockDevice(store), new SleepTicks())
}

/** A file's text up to its recorded size, undefined when there is no file. */
export async function textOn(store: MemoryStore, path: string): Promise<string | undefined> {
    const file = await (await mountStore(store)).open(path)
    if (!file) return undefined
    const bytes = DeviceBuffer.alloc(file.byteCount()) as unknown as Buffer
    await file.read(0, bytes, bytes.length)
    return bytes.toString()
}

/**
 * The times of a log's records in UTC seconds, in file order. Throws on a line that is no
 * record.
 */
export function recordTimes(text: string | undefined): number[] {
    return (text ?? "\r\n")
        .split("\r\n")
        .slice(1, -1)
        .map(line => {
            const seconds = Date.parse(line.slice(0, 19).replace(" ", "T") + "Z") / 1000
            if (!(seconds > 0)) throw new Error(`"${line}" is no record`)
            return seconds
        })
}

export async function timesOn(store: MemoryStore, path: string): Promise<number[]> {
    return recordTimes(await textOn(store, path))
}
