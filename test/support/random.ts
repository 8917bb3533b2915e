import { generator } from "../../sim/random"

/** Pseudo-random numbers; a seed names a case. */
export class Random {
    /** From 0 up to but not including 1. */
    readonly next: () => number

    constructor(seed: number) {
        this.next = generator(seed)
    }

    /** A whole number below `end`. */
    below(end: number): number {
        return Math.floor(this.next() * end)
    }

    /** A whole number from `min` to `max`. */
    between(min: number, max: number): number {
        return min + this.below(max - min + 1)
    }

    pick<T>(from: readonly T[]): T {
        return from[this.below(from.length)]
    }

    chance(share: number): boolean {
        return this.next() < share
    }
}
