import { Fault, FaultCode } from "../../src/core/fault"
import { DeviceBuffer } from "./devicebuffer"

type Accepts = (line: string) => boolean

/** A file of the memory volume: its text, and its size in the directory. */
interface Stored {
    text: string
    recorded: number
    /** Opened for appending and not closed since. */
    open?: boolean
}

/** An open file of the memory volume. */
class MemoryFile {
    closed = false

    constructor(
        private readonly volume: MemoryVolume,
        private readonly stored: Stored,
        private readonly path: string,
        private readonly appends = false,
    ) {}

    byteCount(): number {
        return this.stored.text.length
    }

    async read(offset: number, into: Uint8Array, length: number): Promise<number> {
        const part = this.stored.text.slice(0, this.stored.recorded).slice(offset, offset + length)
        into.set(DeviceBuffer.from(part))
        return part.length
    }

    async append(data: Uint8Array): Promise<void> {
        if (this.closed) throw new Error("append to a closed file")
        const fault = this.volume.nextFault
        this.volume.nextFault = undefined
        if (fault === "lost answer") {
            this.stored.text += data.toString()
            throw new Fault(FaultCode.CardTimeout, "the card does not answer", 24)
        }
        if (fault) throw new Fault(FaultCode.CardTimeout, fault, 24)
        if (this.volume.usedBytes() + data.length > this.volume.capacityBytes)
            throw new Fault(FaultCode.VolumeFull, "the card is full", 0)
        this.stored.text += data.toString()
        this.volume.appends.push(this.path)
    }

    async syncEntry(): Promise<void> {
        this.stored.recorded = this.stored.text.length
        this.volume.syncs.push(this.path)
    }

    async close(): Promise<void> {
        this.closed = true
        if (!this.appends) return
        await this.syncEntry()
        this.stored.open = false
    }
}

/** A volume in memory, with the rules of the FAT volume that the logs rely on. */
export class MemoryVolume {
    capacityBytes = 1e9
    readonly table = { rest: async () => {} }
    nextFault: string | undefined
    appends: string[] = []
    syncs: string[] = []
    stamp = 0
    private readonly files: Record<string, Stored> = {}

    usedBytes(): number {
        return Object.values(this.files).reduce((sum, file) => sum + file.text.length, 0)
    }

    paths(): string[] {
        return Object.keys(this.files)
    }

    text(path: string): string {
        return this.files[path]?.text ?? ""
    }

    get left(): string[] {
        return this.paths().filter(path => this.files[path].open)
    }

    /** The records of a file, without its header. */
    records(path: string): string[] {
        return this.text(path).split("\r\n").slice(1, -1)
    }

    put(path: string, text: string, recorded = text.length): void {
        this.files[path] = { text, recorded }
    }

    async open(path: string): Promise<MemoryFile | undefined> {
        const stored = this.files[path]
        return stored && new MemoryFile(this, stored, path)
    }

    async openForAppend(path: string, header: string, accepts?: Accepts) {
        const stored = (this.files[path] ??= { text: header, recorded: header.length })
        const tail = stored.text.slice(stored.recorded)
        stored.text = stored.text.slice(0, stored.recorded)
        for (const line of tail.split("\r\n").slice(0, -1)) {
            if (accepts && !accepts(line)) break
            stored.text += line + "\r\n"
        }
        stored.recorded = stored.text.length
        stored.open = true
        return new MemoryFile(this, stored, path, true)
    }

    async list(
        directory: string,
        visit: (entry: { name: string; sizeBytes: number }) => Promise<boolean>,
    ): Promise<void> {
        for (const [path, stored] of Object.entries(this.files)) {
            if (!path.startsWith(directory + "/")) continue
            const name = path.slice(directory.length + 1)
            if (!(await visit({ name, sizeBytes: stored.recorded }))) return
        }
    }

    async remove(path: string): Promise<boolean> {
        return this.files[path] !== undefined && delete this.files[path]
    }
}

/** The storage of a memory volume: its card can be pulled and put back. */
export class MemoryStorage {
    volume: MemoryVolume | undefined = new MemoryVolume()
    /** Called before the first use of a mount. */
    recover = async (_volume: MemoryVolume): Promise<void> => {}
    private mounted = false
    private mounts = 0

    generation(): number {
        return this.mounts
    }

    /** Inserts a card, possibly the same one again. */
    insert(volume: MemoryVolume): void {
        this.volume = volume
        this.mounted = false
    }

    /** A start: the card is unused. */
    restart(): void {
        this.mounted = false
    }

    pull(): MemoryVolume {
        const volume = this.volume!
        this.volume = undefined
        return volume
    }

    async use<T>(_owner: string, work: (volume: MemoryVolume) => Promise<T>): Promise<T> {
        if (!this.volume) throw new Fault(FaultCode.CardAbsent, "no card: insert one")
        if (!this.mounted) {
            this.mounts++
            await this.recover(this.volume)
        }
        this.mounted = true
        try {
            return await work(this.volume)
        } catch (thrown) {
            if (thrown instanceof Fault && thrown.code >> 8 === 3) this.mounted = false
            throw thrown
        }
    }
}
