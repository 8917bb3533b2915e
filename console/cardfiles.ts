import type { ConsoleClient } from "./client"
import { FileStream } from "./filestream"
import { quoteWord } from "./secrets"
import { ConsoleError } from "./transport"

/** Bytes read again when a copy resumes, to check that the file is still the same. */
const overlapBytes = 512
/** Consecutive attempts that may lose output without any progress. */
const triesMax = 5

/** Something on the card; a directory has no size. */
export interface CardEntry {
    name: string
    bytes?: number
}

/** A growing copy, wherever it is stored. */
export interface PartFile {
    readonly bytes: number
    read(offset: number, bytes: number): Uint8Array
    write(offset: number, data: Uint8Array): void
    truncate(bytes: number): void
}

/** The board refuses to print the file; the message is the board's. */
export class CardRefusal extends Error {
    override name = "CardRefusal"
}

/** The files of the board's card, over its console. */
export class CardFiles {
    constructor(
        private readonly client: Pick<ConsoleClient, "execute" | "executeRaw" | "cancel">,
    ) {}

    /** @param directory "" for the root. Throws CardRefusal. */
    async list(directory: string): Promise<CardEntry[]> {
        let text = ""
        const line = `card ls ${directory && quoteWord(directory)}`.trim()
        const { status } = await this.client.execute(line, piece => (text += piece))
        if (status !== 0) throw new CardRefusal(text.trim().replace(/^error: /, ""))
        const rows = text.split("\n").map(row => row.trim().split(/\s+/))
        return rows
            .filter(words => words.length === 2)
            .map(([name, size]) => (size === "<DIR>" ? { name } : { name, bytes: Number(size) }))
    }

    /** The entry of a path; undefined if there is none. */
    async find(path: string): Promise<CardEntry | undefined> {
        const [name, directory = ""] = path
            .toUpperCase()
            .replace(/^\/|\/$/g, "")
            .split("/")
            .reverse()
        if (name === "") return { name: "" }
        return (await this.list(directory)).find(entry => entry.name === name)
    }

    /**
     * Copies a file, byte for byte. An earlier run's partial copy is continued if the file is still
     * the same. Throws CardRefusal, and ConsoleError if the board is gone.
     * @returns how many bytes were already there
     * @param bytes the file's size; the copy of a growing file may be longer
     * @param onProgress gets the fraction copied, 0 to 1
     */
    async copy(
        path: string,
        bytes: number,
        part: PartFile,
        onProgress: (done: number) => void,
    ): Promise<number> {
        let there = part.bytes
        if (there > bytes) there = 0
        let first = there
        for (let tries = 0; tries < triesMax; tries++) {
            const { end, whole } = await this.read(path, part, there, done =>
                onProgress(done / (bytes || 1)),
            )
            if (whole && end >= bytes) return first
            if (end < there) first = 0
            if (end > there) tries = 0
            there = end
        }
        throw new ConsoleError(`${path} arrived with gaps: try again`)
    }

    /**
     * Reads from an offset to the end. @returns up to where the copy is right, and whether that is
     * its end
     */
    private async read(
        path: string,
        part: PartFile,
        there: number,
        onProgress: (done: number) => void,
    ): Promise<{ end: number; whole: boolean }> {
        const from = Math.max(0, there - overlapBytes)
        const overlap = part.read(from, there - from)
        part.truncate(there)
        let same = true
        let lost = false
        const stop = () => {
            this.client.cancel().catch(() => undefined)
        }
        const stream = new FileStream(from, bytes => {
            if (!same) return
            const at = stream.offset - bytes.length
            const known = overlap.subarray(at - from, at - from + bytes.length)
            same = known.every((byte, i) => byte === bytes[i])
            if (!same) return stop()
            part.write(at, bytes)
            onProgress(stream.offset)
        })
        const { status } = await this.client.executeRaw(`card cat ${quoteWord(path)} ${from}`, {
            onBytes: bytes => {
                if (!lost) stream.push(bytes)
            },
            onLoss: () => {
                lost = true
                stop()
            },
        })
        if (!lost) stream.end(status === 0)
        if (!same) return { end: 0, whole: false }
        // The last line may be the board's refusal.
        const right = lost || status === 0 ? stream.offset : stream.lineStart
        const ended = { end: Math.max(right, there), whole: !lost && status === 0 }
        part.truncate(ended.end)
        if (status !== 0 && !lost)
            throw new CardRefusal(stream.refused ?? "the board stopped the output")
        return ended
    }
}
