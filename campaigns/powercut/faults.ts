import { Random } from "../../test/support/random"

/** What the card holds after a cut. */
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
 * dropped: the writes up to the cut are whole, later ones are not on the card. torn: the last write
 * left what is named, for both halves of the sector or one after the other. swapped: the last write
 * is on the card, the one before it is not.
 */
export type Mode = (typeof modes)[number]

/** The card holds what was written, in order: the whole of each write or nothing. */
export function inOrder(mode: Mode): boolean {
    return mode === "dropped" || mode === "torn: old"
}

const half = 256
const erased = new Uint8Array(2 * half).fill(0xff)
const zeros = new Uint8Array(2 * half)

/** What a sector holds whose write was torn. */
export function tornSector(mode: Mode, old: Uint8Array, data: Uint8Array): Uint8Array {
    const holding: Record<string, Uint8Array> = { old, new: data, "0xFF": erased, "0x00": zeros }
    const [first, second = first] = mode.slice("torn: ".length).split(", ")
    const torn = new Uint8Array(2 * half)
    torn.set(holding[first].subarray(0, half))
    torn.set(holding[second].subarray(half), half)
    return torn
}

/** What chance decides in one case. */
export function chanceOf(seed: number): Random {
    return new Random(Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635)
}
