import type { CardKind } from "../../sim/cardslot"

/** Bits of R1: the command is not known. */
const illegal = 0x04

/**
 * What real cards do that the board has to put up with (docs/reference/card-traits.md), by a name
 * for the report. None of them keeps a record waiting for longer than an ordinary card may. Noise
 * on the wires is not among them: files are read without a look at the checksum.
 */
export const cardTempers: Record<string, CardKind> = {
    "tidies up in one write of a hundred": {
        tidying: { ms: [0, 0], tail: { share: 0.01, ms: [20, 250] } },
    },
    "checks every CRC": { traits: { checksCommands: true, checksData: true } },
    "answers behind 16 bytes": { responseDelayBytes: 16 },
    "has zeros before its CSD": { traits: { zerosBeforeCsd: 4 } },
    "does not answer CMD0 at first": { traits: { lost: { 0: 4 } } },
    "is busy at its start": { traits: { busyAtStartMs: 400 } },
    "is from before CMD8": { type: "SDSC1", traits: { lost: { 8: 100 } } },
    "takes 0.9 s to get ready": { traits: { initMs: 900 } },
    "does not know CMD59": { traits: { refused: { 59: { times: Infinity, bits: illegal } } } },
    "answers a byte late": { traits: { responseLateBits: 8 } },
    "loses a CMD13": { traits: { lostAt: { 13: 60 } } },
    "loses a CMD24": { traits: { lostAt: { 24: 60 } } },
    "loses a CMD17": { traits: { lostAt: { 17: 60 } } },
}
