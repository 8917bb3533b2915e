// Reads the garbage-collected heap out of the runtime's memory. Its layout, in 32-bit words: the collector
// {first free, first chunk, allocations, threshold, words since the last collection, context}, then the only
// chunk {next, end, blocks…}. A block's first word is its size in words and, in the top byte, its tag.

const CHUNK_BYTES = 64 * 1024
const THRESHOLD_WORDS = CHUNK_BYTES / 4 / 4
const COLLECTOR_WORDS = 6
const TAG_FREE = 0x01
const SIZE_MASK = 0xffffff

/** Where the collector is in memory, as a word index; undefined while no program runs. */
function findCollector(words: Uint32Array): number | undefined {
    for (let at = 0; at + COLLECTOR_WORDS + 2 < words.length; ++at) {
        if (words[at + 3] !== THRESHOLD_WORDS || words[at + 1] !== (at + COLLECTOR_WORDS) * 4)
            continue
        const end = words[at + COLLECTOR_WORDS + 1]
        const start = (at + COLLECTOR_WORDS) * 4
        if (end > start && end <= start + CHUNK_BYTES) return at
    }
    return undefined
}

/** Follows how much of the heap the program really needs: what the last collection could not free. */
export class HeapGauge {
    private collector: number | undefined
    private words: Uint32Array = new Uint32Array(0)
    private sinceCollection = 0
    peakBytes: number | undefined
    /** As of the last collection. */
    liveBytes: number | undefined

    /** The program was loaded anew: the collector is somewhere else. */
    restarted(): void {
        this.collector = undefined
    }

    sample(memory: Uint8Array): void {
        if (this.words.buffer !== memory.buffer) this.words = new Uint32Array(memory.buffer)
        const words = this.words
        this.collector ??= findCollector(words)
        const at = this.collector
        if (at === undefined) return
        if (words[at + 1] !== (at + COLLECTOR_WORDS) * 4) return this.restarted()
        // Without a collection in between, what cannot be freed is as before.
        const before = this.sinceCollection
        this.sinceCollection = words[at + 4]
        if (this.sinceCollection >= before && this.peakBytes !== undefined) return
        const end = words[at + COLLECTOR_WORDS + 1] / 4
        let used = 0
        for (let block = at + COLLECTOR_WORDS + 2; block < end;) {
            const size = words[block] & SIZE_MASK
            if (size === 0) return
            if (words[block] >>> 24 !== TAG_FREE) used += size
            block += size
        }
        this.liveBytes = (used - words[at + 4]) * 4
        this.peakBytes = Math.max(this.peakBytes ?? 0, this.liveBytes)
    }
}
