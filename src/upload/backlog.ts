import { CardReader, CardStorage, CardVolume, ListedFile } from "./cardreader"
import { History, logKey, logName } from "./history"
import { Shipment } from "./shipment"

/** Files looked at in one pass over the history; some 80 bytes of memory each. */
const windowFiles = 32

/** The log files of one folder that have unsent bytes, the oldest first, a window of files at a time. */
export class Backlog {
    /** Files in the window. */
    keys: number[]
    /** True when there are files younger than those in the window. */
    more: boolean
    /** Unsent bytes in the window. */
    pendingBytes: number
    sizes: number[]
    /** Confirmed bytes of each, or a `Sent`. */
    sent: number[] = []
    /** The youngest file of all: it may still grow. */
    newestKey: number
    /** When some of it was sent last, by whoever sends; undefined after a start. */
    newestSentMs: number
    private remoteNames: string[] = []
    // All files up to doneKey are sent; they had doneBytes together.
    private doneKey: number
    private doneBytes: number
    private passedBytes: number
    private generation = -1

    constructor(
        private readonly storage: CardStorage,
        /** "LOG" or "CELL": the folder on the card, and the word in remote names. */
        private readonly folder: string,
        readonly history: History,
    ) {}

    /** Fills the window with the oldest files that may have unsent bytes. */
    async load(): Promise<void> {
        await this.list()
        // Another card, or a file that was thought finished has changed: from the beginning.
        if (this.generation !== this.storage.generation() || this.passedBytes !== this.doneBytes) {
            this.generation = this.storage.generation()
            this.doneKey = 0
            this.doneBytes = 0
            await this.list()
        }
        await this.history.scan(this.keys, this.sent, this.remoteNames)
        this.pendingBytes = 0
        let sentSoFar = true
        for (let i = 0; i < this.keys.length; ++i) {
            const size = this.sizes[i]
            if (this.sent[i] < size) {
                sentSoFar = false
                this.pendingBytes += size - Math.max(0, this.sent[i])
            } else if (sentSoFar && this.keys[i] !== this.newestKey) {
                this.doneKey = this.keys[i]
                this.doneBytes += size
            }
        }
    }

    /** What is to be sent of a file of the window. */
    shipment(index: number, serial: string): Shipment {
        const name = logName(this.keys[index])
        return new Shipment(
            name,
            this.sizes[index],
            this.sent[index],
            this.remoteNames[index],
            serial + "-" + this.folder + "-" + name.slice(0, 8),
            new CardReader(this.storage, this.folder + "/" + name),
            this.history,
        )
    }

    /** Notes that every file from `fromKey` on that was sent is to be sent again; returns how many. */
    async resend(fromKey: number): Promise<number> {
        let count = 0
        this.doneKey = fromKey - 1
        for (;;) {
            await this.list()
            await this.history.scan(this.keys, this.sent, this.remoteNames)
            for (let i = 0; i < this.keys.length; ++i) {
                this.doneKey = this.keys[i]
                if (this.sent[i] <= 0) continue
                await this.shipment(i, "").record(0)
                ++count
            }
            if (!this.more) break
        }
        this.generation = -1
        return count
    }

    private async list(): Promise<void> {
        const self = this
        this.keys = []
        this.sizes = []
        this.more = false
        this.newestKey = 0
        this.passedBytes = 0
        await this.storage.use("upload", async (volume: CardVolume) => {
            await volume.sync()
            await volume.list(self.folder, async entry => {
                self.take(entry)
                return true
            })
        })
    }

    /** Keeps the oldest files after doneKey, in order. */
    private take(entry: ListedFile): void {
        const key = entry.name.length === 12 ? logKey(Buffer.from(entry.name), 0) : -1
        if (key > this.newestKey) this.newestKey = key
        if (key <= this.doneKey) {
            if (key >= 0) this.passedBytes += entry.sizeBytes
            return
        }
        let at = this.keys.length
        for (; at > 0 && this.keys[at - 1] > key; --at) {
            this.keys[at] = this.keys[at - 1]
            this.sizes[at] = this.sizes[at - 1]
        }
        this.keys[at] = key
        this.sizes[at] = entry.sizeBytes
        if (this.keys.length > windowFiles) {
            this.keys.pop()
            this.sizes.pop()
            this.more = true
        }
    }
}
