/** A small generator of pseudo-random numbers (mulberry32), so that a seed names a case. */
export class Random {
    constructor(private state: number) {}

    /** 0 up to, not including, 1. */
    next(): number {
        this.state = (this.state + 0x6d2b79f5) | 0
        let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    }

    /** A whole number below `end`. */
    below(end: number): number {
        return Math.floor(this.next() * end)
    }

    pick<T>(from: readonly T[]): T {
        return from[this.below(from.length)]
    }

    chance(share: number): boolean {
        return this.next() < share
    }
}
