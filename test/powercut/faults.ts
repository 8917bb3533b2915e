/** What the card holds after a cut. */
export const modes = [
    "dropped",
    "torn: 0xFF",
    "torn: old",
    "torn: new, old",
    "torn: old, new",
    "torn: new, 0xFF",
    "torn: 0xFF, new",
    "swapped",
] as const

/**
 * dropped: the writes up to the cut are whole, later ones are not on the card. torn: the last write left what
 * is named, for both halves of the sector or one after the other. swapped: the last write is on the card, the one before it
 * is not.
 */
export type Mode = (typeof modes)[number]

/** The card holds what was written, in order: the whole of each write or nothing. */
export function inOrder(mode: Mode): boolean {
    return mode === "dropped" || mode === "torn: old"
}

const half = 256

/** What a sector holds whose write was torn. */
export function tornSector(mode: Mode, old: Uint8Array, data: Uint8Array): Uint8Array {
    if (mode === "torn: old") return old
    const torn = new Uint8Array(512).fill(0xff)
    if (mode === "torn: new, old" || mode === "torn: new, 0xFF") torn.set(data.subarray(0, half))
    if (mode === "torn: old, new" || mode === "torn: 0xFF, new") torn.set(data.subarray(half), half)
    if (mode === "torn: new, old") torn.set(old.subarray(half), half)
    if (mode === "torn: old, new") torn.set(old.subarray(0, half))
    return torn
}

/** A generator of numbers in [0, 1) that a seed repeats (mulberry32). */
export class Random {
    private state: number

    constructor(seed: number) {
        this.state = Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635
    }

    next(): number {
        this.state = (this.state + 0x6d2b79f5) | 0
        let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296
    }

    /** A whole number from `min` to `max`. */
    between(min: number, max: number): number {
        return min + Math.floor(this.next() * (max - min + 1))
    }

    pick<T>(choices: readonly T[]): T {
        return choices[this.between(0, choices.length - 1)]
    }
}
