import { Random } from "../../test/support/random"

/** States of the card after a cut. */
export const modes = [
    "dropped",
    "torn: 0xFF",
    "torn: old",
    "torn: new, old",
    "torn: old, new",
    "torn: new, 0xFF",
    "torn: 0xFF, new",
    "torn: 0x00",
    "torn: new, 0x00",
    "torn: 0x00, new",
    "swapped",
] as const

/**
 * dropped: the writes up to the cut are complete, later ones are missing. torn: the last write left
 * the named content, for both halves of the sector or one after the other. swapped: the last write
 * is on the card, the one before it is not.
 */
export type Mode = (typeof modes)[number]

/** True if the card has all writes in order, each complete or not at all. */
export function inOrder(mode: Mode): boolean {
    return mode === "dropped" || mode === "torn: old"
}

const half = 256
const erased = new Uint8Array(2 * half).fill(0xff)
const zeros = new Uint8Array(2 * half)

/** The content of a sector after a torn write. */
export function tornSector(mode: Mode, old: Uint8Array, data: Uint8Array): Uint8Array {
    const holding: Record<string, Uint8Array> = { old, new: data, "0xFF": erased, "0x00": zeros }
    const [first, second = first] = mode.slice("torn: ".length).split(", ")
    const torn = new Uint8Array(2 * half)
    torn.set(holding[first].subarray(0, half))
    torn.set(holding[second].subarray(half), half)
    return torn
}

/** The random decisions of one case. */
export function chanceOf(seed: number): Random {
    return new Random(Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635)
}
