import { CardStorage, CardVolume, ListedFile } from "./cardreader"
import { History, logKey, logName } from "./history"

/** Files looked at in one pass over the history; 32 bytes of memory each. */
const windowFiles = 48

/** The oldest log files of one folder that have unsent bytes, a window of them at a time. */
export class Backlog {
    keys: number[] = []
    sizes: number[] = []
    sent: number[] = []
    /** True when there are files younger than those in the window. */
    more = false
    /** The youngest file of all: it may still grow. */
    newestKey = 0
    private lineOffsets: number[] = []
    // All files up to doneKey are sent; they had doneBytes together.
    private doneKey = 0
    private doneBytes = 0
    private passedBytes = 0
    private generation = -1

    constructor(
        private readonly storage: CardStorage,
        /** "LOG" or "CELL": the folder on the card, and the word in remote names. */
        readonly folder: string,
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
        await this.history.scan(this.keys, this.sent, this.lineOffsets)
        for (let i = 0; i < this.keys.length && this.sent[i] >= this.sizes[i]; ++i) {
            if (this.keys[i] === this.newestKey) break
            this.doneKey = this.keys[i]
            this.doneBytes += this.sizes[i]
        }
    }

    /** The remote name that the history has for a file of the window, "" for none. */
    async remoteName(index: number): Promise<string> {
        if (this.sent[index] === -1) return ""
        return await this.history.remoteName(this.lineOffsets[index])
    }

    /** Notes that every file from `fromKey` on that was sent is to be sent again; returns how many. */
    async resend(fromKey: number): Promise<number> {
        let count = 0
        this.doneKey = fromKey - 1
        for (;;) {
            await this.list()
            await this.history.scan(this.keys, this.sent, this.lineOffsets)
            for (let i = 0; i < this.keys.length; ++i) {
                this.doneKey = this.keys[i]
                if (this.sent[i] <= 0) continue
                await this.history.append(logName(this.doneKey), 0, await this.remoteName(i))
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
