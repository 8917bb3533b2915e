import { generator } from "../../sim/random"
import type { CardStorage, CardVolume, OpenFile } from "../../src/upload/cardreader"
import { DeviceBuffer, type FirmwareBuffer } from "./devicebuffer"

/** A card in memory with what the upload needs: paths and their bytes. */
export class MemoryCard implements CardStorage {
    files = new Map<string, Uint8Array>()
    mounts = 1
    /** The most bytes read inside one use(). */
    bytesPerUseMax = 0
    uses = 0
    /** Called when a use() gets the card; a test may change the card here. */
    onUse: (uses: number) => void = () => {}
    /** Thrown by the next append, once. */
    appendFault: Error | undefined
    /** Thrown by each use() while set. */
    absence: Error | undefined
    /** Errors to throw on reading, by path. */
    readonly unreadable = new Map<string, Error>()
    private busy = false

    put(path: string, content: string | Uint8Array): void {
        this.files.set(path, typeof content === "string" ? Buffer.from(content) : content)
    }

    text(path: string): string {
        return Buffer.from(this.files.get(path) ?? []).toString()
    }

    bytes(path: string): Uint8Array {
        return this.files.get(path) ?? new Uint8Array()
    }

    /** The work under way ends with the power. */
    release(): void {
        this.busy = false
    }

    generation(): number {
        return this.mounts
    }

    async use<T>(_owner: string, work: (volume: CardVolume) => Promise<T>): Promise<T> {
        if (this.absence) throw this.absence
        if (this.busy) throw new Error("the card is in use: use() inside use()")
        this.busy = true
        this.uses++
        this.onUse(this.uses)
        let bytes = 0
        const { files } = this
        const open = (path: string): OpenFile => this.handle(path, count => (bytes += count))
        try {
            return await work({
                open: async path => (files.has(path) ? open(path) : undefined),
                openForAppend: async (path, header) => {
                    const text = Buffer.from(files.get(path) ?? Buffer.from(header))
                    // Cuts off an unfinished last line, as the FAT volume does.
                    files.set(path, text.subarray(0, text.lastIndexOf(10) + 1))
                    return open(path)
                },
                list: async (path, visit) => {
                    for (const [name, content] of files) {
                        if (!name.startsWith(path + "/")) continue
                        const entry = {
                            name: name.slice(path.length + 1),
                            sizeBytes: content.length,
                        }
                        if (!(await visit(entry))) return
                    }
                },
                sync: async () => {},
            })
        } finally {
            this.busy = false
            this.bytesPerUseMax = Math.max(this.bytesPerUseMax, bytes)
        }
    }

    private handle(path: string, onRead: (bytes: number) => void): OpenFile {
        const { files } = this
        return {
            read: async (offset, into, length) => {
                const fault = this.unreadable.get(path)
                if (fault) throw fault
                const content = files.get(path)!
                const count = Math.max(0, Math.min(length, content.length - offset))
                for (let i = 0; i < count; ++i) into[i] = content[offset + i]
                onRead(count)
                return count
            },
            append: async data => {
                if (this.appendFault) {
                    const fault = this.appendFault
                    this.appendFault = undefined
                    throw fault
                }
                files.set(path, Buffer.concat([files.get(path)!, data]))
            },
            close: () => {},
        }
    }
}

/** `length` bytes that do not repeat within a sector, so that a shift or a duplicate shows. */
export function pattern(length: number, seed = 1): FirmwareBuffer {
    const content = new DeviceBuffer(length) as FirmwareBuffer
    const random = generator(seed)
    for (let i = 0; i < length; ++i) content[i] = random() * 256
    return content
}
