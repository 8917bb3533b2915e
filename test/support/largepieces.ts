import { HeapMap } from "../../sim/heapmap"
import type { Simulation } from "../../sim/simulation"

/** Often enough: the garbage collector runs a few times per second and leaves blocks until then. */
const sampleMs = 5

/**
 * The blocks of memory above a size that a program allocates, seen from outside, whether it keeps
 * them or not.
 */
export class LargePieces {
    /** Count per size, in bytes with the header. */
    readonly seen = new Map<number, number>()
    private readonly map = new HeapMap()
    private before = new Map<number, number>()
    private running = true

    /** Counts from the next sample on; existing blocks do not count. */
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
