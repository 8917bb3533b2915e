import { HeapMap } from "./heapmap"

/**
 * Follows how much of the heap the program needs, and what is left. Each look finds out what is
 * reachable, as a collection at that moment would: garbage that has not been collected yet counts
 * as free. What is counted is then exact, but only for the moments that were looked at, in which
 * the board executes nothing.
 */
export class HeapGauge {
    private readonly map = new HeapMap()
    /** Reachable at the last look. */
    liveBytes: number | undefined
    /** The most that was reachable at any look. */
    peakBytes: number | undefined
    /** The least that a collection would have left free at any look. */
    freeBytesMin: number | undefined
    /** The smallest largest piece that could be had at any look. */
    largestFreeMin: number | undefined

    /** The program was loaded anew: the collector is somewhere else. */
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
