import { HeapMap } from "./heapmap"

/**
 * Measures how much of the heap the program needs and how much is left. Each sample finds what is
 * reachable, as a collection at that moment would: uncollected garbage counts as free. The count is
 * exact, but only for the sampled moments, in which the board executes nothing.
 */
export class HeapGauge {
    private readonly map = new HeapMap()
    /** Reachable at the last sample. */
    liveBytes: number | undefined
    /** The most that was reachable at any sample. */
    peakBytes: number | undefined
    /** The least a collection would have left free at any sample. */
    freeBytesMin: number | undefined
    /** The smallest value of the largest free piece at any sample. */
    largestFreeMin: number | undefined

    /** The program was reloaded: the collector is at another address. */
    restarted(): void {
        this.map.restarted()
    }

    sample(memory: Uint8Array): void {
        if (!this.map.look(memory)) return
        const { liveBytes, freeBytes, largestFreeBytes } = this.map.state()
        this.liveBytes = liveBytes
        this.peakBytes = Math.max(this.peakBytes ?? 0, liveBytes)
        this.freeBytesMin = Math.min(this.freeBytesMin ?? Infinity, freeBytes)
        this.largestFreeMin = Math.min(this.largestFreeMin ?? Infinity, largestFreeBytes)
    }
}
