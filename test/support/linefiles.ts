import { formatVolume } from "../../src/fat/format"
import { Volume } from "../../src/fat/volume"
import { MemoryStore } from "../../sim/chips/sdcardstore"
import { DeviceBuffer } from "./devicebuffer"
import { blankStore, MemoryBlockDevice } from "./memorycard"
import { SleepTicks } from "./sleepticks"
import { hasTool } from "./tools"

export const header = "time,value\r\n"
export const ticks = new SleepTicks()

export function bytes(text: string): Buffer {
    return DeviceBuffer.from(text) as unknown as Buffer
}

/** A line of exactly `length` bytes with its CR LF; the numbers rise within a file. */
export function line(number: number, length = 96): string {
    const start = `${String(number).padStart(6, "0")},`
    return start + "x".repeat(length - start.length - 2) + "\r\n"
}

export function isLater(last: { number: number }) {
    return (text: string) => {
        const number = parseInt(text.slice(0, 6), 10)
        if (!(number > last.number)) return false
        last.number = number
        return true
    }
}

export async function readAll(volume: Volume, path: string): Promise<string> {
    const file = await volume.open(path)
    if (file === undefined) throw new Error(`${path} is missing`)
    let text = ""
    const into = DeviceBuffer.alloc(512) as unknown as Buffer
    for (;;) {
        const count = await file.read(text.length, into, 512)
        if (count === 0) return text
        text += into.slice(0, count).toString()
    }
}

export async function mounted(store: MemoryStore) {
    const device = new MemoryBlockDevice(store)
    return { device, volume: await Volume.mount(device, ticks) }
}

export async function formatted(mebibytes: number): Promise<MemoryStore> {
    const store = blankStore(mebibytes)
    await formatVolume(new MemoryBlockDevice(store), "BMSMINI    ")
    return store
}

export const tools =
    hasTool("fsck.fat") && hasTool("mkfs.fat") && hasTool("mdir") && hasTool("mcopy")
