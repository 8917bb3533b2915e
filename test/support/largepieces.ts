import { HeapMap } from "../../sim/heapmap"
import type { Simulation } from "../../sim/simulation"

/**
 * So often: the collector comes a few times a second, and what it has not been at is still there.
 */
const sampleMs = 5

/**
 * What pieces of memory a program asks for, beyond a size: seen from outside, whatever becomes of
 * them.
 */
export class LargePieces {
    /** How many of each size, in bytes with their header. */
    readonly seen = new Map<number, number>()
    private readonly map = new HeapMap()
    private before = new Map<number, number>()
    private running = true

    /** Counts from the next look on; pieces that are there already do not count. */
    constructor(
        private readonly simulation: Simulation,
        private readonly moreThanBytes: number,
    ) {
        this.before = this.look()
        this.repeat()
    }

    stop(): void {
        this.running = false
    }

    private repeat(): void {
        this.simulation.clock.setTimeout(() => {
            if (!this.running) return
            const now = this.look()
            for (const [at, bytes] of now)
                if (this.before.get(at) !== bytes)
                    this.seen.set(bytes, (this.seen.get(bytes) ?? 0) + 1)
            this.before = now
            this.repeat()
        }, sampleMs)
    }

    private look(): Map<number, number> {
        const found = new Map<number, number>()
        const memory = this.simulation.board.memory()
        if (!memory || !this.map.look(memory)) return found
        for (const { at, bytes } of this.map.blocks())
            if (bytes > this.moreThanBytes) found.set(at, bytes)
        return found
    }
}
