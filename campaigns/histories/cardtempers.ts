import type { CardKind } from "../../sim/cardslot"
import { traitRows } from "../../test/support/cardtraitrows"

/**
 * Traits of docs/reference/card-traits.md that delay a record no longer than an ordinary card may.
 * Noise on the wires is left out: files are read without checking the checksum.
 */
const traits = [
    "the CRC-16 of written blocks counts too",
    "R1 after 16 bytes",
    "0x00 four times before the CSD's token",
    "CMD0 not answered 4 times",
    "busy for 400 ms from the start",
    "version 1, CMD8 not answered",
    "ACMD41 takes 0.9 s",
    "CMD59 illegal",
    "data response a byte late",
    "a CMD13 lost midway",
    "a CMD24 lost midway",
    "a CMD17 lost midway",
]

function kindOf(name: string): CardKind {
    const row = traitRows.find(({ trait }) => trait === name)
    if (!row) throw new Error(`no card is described as "${name}"`)
    return { ...row.options, traits: row.traits }
}

/** Behaviour of real cards the board must tolerate, by name for the report. */
export const cardTempers: Record<string, CardKind> = {
    "tidies up in one write in a hundred": {
        tidying: { ms: [0, 0], tail: { share: 0.01, ms: [20, 250] } },
    },
    ...Object.fromEntries(traits.map(name => [name, kindOf(name)])),
}
