import { Flash, WallClock } from "../core/seams"
import { CardStorage, CardVolume, ListedFile } from "./cardreader"
import { dayKey, History, logKey, Sent } from "./history"
import { LogFolder, Shipment } from "./shipment"

/** Files checked in one pass over the history; some 150 bytes of memory each. */
const windowFiles = 16

/**
 * The log files of one folder that may have unsent bytes, oldest first, a window of files at a
 * time.
 */
export class Backlog implements LogFolder {
    /** The window. */
    files: Shipment[]
    /** True if there are newer files than those in the window. */
    more: boolean
    /** The newest file up to today: it may still grow. */
    newestKey: number
    /**
     * When part of it was last sent; set by the sender. A member added later would be a large heap
     * block.
     */
    newestSentMs: number = undefined
    readonly history: History
    // All files up to doneKey are sent; they had doneBytes together.
    private doneKey: number
    private doneBytes: number
    /** Files up to this key were sent in this round, or failed through a fault of their own. */
    triedKey = 0
    private passedBytes: number
    /** The highest key of today. */
    private lastKey: number
    /** No history line before this offset is about a file after doneKey. */
    private scanFrom = 0
    private generation = -1

    constructor(
        readonly storage: CardStorage,
        clock: WallClock,
        readonly folder: string,
        readonly outgoing: Buffer,
        piece: Buffer,
        readonly flash: Flash,
    ) {
        this.history = new History(storage, clock, folder + "SENT.TXT", piece)
    }

    /** The newest file was tried: a new round begins with the oldest. */
    end(): void {
        if (this.triedKey > 0) this.generation = -1
        this.triedKey = 0
    }

    /** Does not try this file again in this round. */
    leave(file: Shipment): void {
        this.triedKey = file.key
    }

    /**
     * Fills the window with the oldest files that may have unsent bytes.
     * @returns the number of those bytes
     */
    async load(): Promise<number> {
        await this.listFiles()
        // Another card, or a file counted as sent has changed: start over.
        if (this.generation !== this.storage.generation() || this.passedBytes !== this.doneBytes) {
            this.generation = this.storage.generation()
            this.doneKey = 0
            this.doneBytes = 0
            this.scanFrom = 0
            await this.listFiles()
        }
        const from = await this.history.fillIn(this.files, this.scanFrom)
        // Files beyond the window may have earlier lines.
        if (!this.more) this.scanFrom = from
        let pendingBytes = 0
        let sentSoFar = true
        for (const file of this.files) {
            if (file.sentBytes < file.sizeBytes && file.key > this.triedKey) {
                sentSoFar = false
                pendingBytes += file.sizeBytes - Math.max(0, file.sentBytes)
            } else if (file.key === this.newestKey) sentSoFar = false
            else if (sentSoFar) {
                this.doneKey = file.key
                this.doneBytes += file.sizeBytes
            }
        }
        return pendingBytes
    }

    /** Marks every sent file from `fromKey` on to be sent again; returns their number. */
    async resend(fromKey: number): Promise<number> {
        let count = 0
        this.doneKey = fromKey - 1
        for (;;) {
            await this.listFiles()
            await this.history.fillIn(this.files, 0)
            for (const file of this.files) {
                this.doneKey = file.key
                if (file.sentBytes > 0) await file.noteArrived(0)
                else if (file.sentBytes !== Sent.Again) continue
                ++count
            }
            if (!this.more) break
        }
        this.generation = -1
        return count
    }

    private async listFiles(): Promise<void> {
        const self = this
        this.files = []
        this.more = false
        this.newestKey = 0
        this.lastKey = dayKey(this.history.localTime().slice(0, 10)) + 99
        this.passedBytes = 0
        await this.storage.use("upload", async (volume: CardVolume) => {
            await volume.sync()
            await volume.list(self.folder, async entry => {
                return self.take(entry)
            })
        })
    }

    /**
     * Keeps the oldest files after doneKey, in order.
     * @returns true: visit the next entry
     */
    private take(entry: ListedFile): boolean {
        const key = entry.name.length === 12 ? logKey(Buffer.from(entry.name), 0) : -1
        if (key > this.newestKey && key <= this.lastKey) this.newestKey = key
        if (key <= this.doneKey || entry.isDirectory) {
            if (key >= 0) this.passedBytes += entry.sizeBytes
            return true
        }
        const files = this.files
        let at = files.length
        for (; at > 0 && files[at - 1].key > key; --at) files[at] = files[at - 1]
        files[at] = new Shipment(this, key, entry.sizeBytes)
        if (files.length > windowFiles) {
            files.pop()
            this.more = true
        }
        return true
    }
}
