/** A number from 0 up to, but not including, 1. */
export type Random = () => number

/** A generator whose sequence depends only on its seed. Source: mulberry32, by Tommy Ettinger. */
export function generator(seed: number): Random {
    let state = seed >>> 0
    return () => {
        state = (state + 0x6d2b79f5) >>> 0
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    }
}

/**
 * All randomness of one simulation. Each use has its own named stream, so that an extra draw in one
 * does not change the others.
 */
export class Chance {
    constructor(readonly seed: number) {}

    stream(name: string): Random {
        // FNV-1a over the name, mixed with the seed.
        let hash = 0x811c9dc5
        for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x1000193)
        return generator((hash ^ Math.imul(this.seed + 1, 0x9e3779b1)) >>> 0)
    }
}

/** A duration: usually `ms`, evenly distributed; a `share` of the times `tail.ms`. */
export interface Delay {
    ms: readonly [low: number, high: number]
    tail?: { share: number; ms: readonly [low: number, high: number] }
}

export function drawMs(delay: Delay, random: Random): number {
    const inTail = delay.tail !== undefined && random() < delay.tail.share
    const [low, high] = inTail ? delay.tail!.ms : delay.ms
    return low + (high - low) * random()
}
