import type { TraitRow } from "./cardtraits"

const illegal = 0x04
const idle = 0x01
const above = (mhz: number) => mhz * 1_000_000

/** Reported behaviour of real cards: the table of docs/reference/card-traits.md. */
export const traitRows: TraitRow[] = [
    {
        trait: "each 5th block read has a wrong bit above 10 MHz",
        before: "wrong data in tables or directories, unnoticed",
        traits: { noise: { reads: 5, aboveHz: above(10) } },
    },
    {
        trait: "each 2nd block read has a wrong bit above 5 MHz",
        before: "0 records wrong, 20 of 20 reads of a file wrong, unnoticed",
        traits: { noise: { reads: 2, aboveHz: above(5) } },
    },
    {
        trait: "each 50th block read has a wrong bit at every clock",
        residual: true,
        before: "0 records wrong, 5 of 20 reads of a file wrong, unnoticed",
        traits: { noise: { reads: 50, aboveHz: 0 } },
    },
    {
        trait: "each 5th block written has a wrong bit above 10 MHz",
        before: "wrong data in tables or directories, unnoticed",
        traits: { noise: { writes: 5, aboveHz: above(10) } },
    },
    {
        trait: "each 2nd block written has a wrong bit above 5 MHz",
        before: "wrong data in tables or directories, unnoticed",
        traits: { noise: { writes: 2, aboveHz: above(5) } },
    },
    {
        trait: "each 20th block read and written has a wrong bit above 5 MHz",
        before: "1 records wrong, 11 of 20 reads of a file wrong, unnoticed",
        traits: { noise: { reads: 20, writes: 20, aboveHz: above(5) } },
    },
    {
        trait: "the CRC-7 of every command counts",
        before: "fails: the SD card does not get ready: pull it and put it back",
        traits: { checksCommands: true },
    },
    {
        trait: "the CRC-16 of written blocks counts too",
        before: "fails: the SD card does not get ready: pull it and put it back",
        traits: { checksCommands: true, checksData: true },
    },
    { trait: "R1 after 8 bytes", before: "works", options: { responseDelayBytes: 8 } },
    {
        trait: "R1 after 9 bytes",
        before: "fails: no SD card, or it does not answer: put one in",
        options: { responseDelayBytes: 9 },
    },
    {
        trait: "R1 after 11 bytes",
        before: "fails: no SD card, or it does not answer: put one in",
        options: { responseDelayBytes: 11 },
    },
    {
        trait: "R1 after 16 bytes",
        before: "fails: no SD card, or it does not answer: put one in",
        options: { responseDelayBytes: 16 },
    },
    {
        trait: "0x00 before the CSD's token",
        before: "fails: block 0 cannot be read",
        traits: { zerosBeforeCsd: 1 },
    },
    {
        trait: "0x00 four times before the CSD's token",
        before: "fails: block 0 cannot be read",
        traits: { zerosBeforeCsd: 4 },
    },
    {
        trait: "the first CSD has a wrong bit",
        before: "the card's size wrong, unnoticed",
        traits: { wrongCsds: 1 },
    },
    { trait: "CMD0 not answered once", before: "works", traits: { lost: { 0: 1 } } },
    {
        trait: "CMD0 not answered 4 times",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { lost: { 0: 4 } },
    },
    {
        trait: "CMD0 not answered 9 times",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { lost: { 0: 9 } },
    },
    {
        trait: "busy for 50 ms from the start",
        before: "works on a retry; alarm: the card does not reset: pull it and put it back",
        traits: { busyAtStartMs: 50 },
    },
    {
        trait: "busy for 400 ms from the start",
        before: "works on a retry; alarm: the card does not reset: pull it and put it back",
        traits: { busyAtStartMs: 400 },
    },
    {
        trait: "busy for 1.5 s from the start",
        before: "works on a retry; alarm: the card does not reset: pull it and put it back",
        traits: { busyAtStartMs: 1500 },
    },
    {
        trait: "version 1, CMD8 illegal",
        before: "works",
        options: { type: "SDSC1" },
    },
    {
        trait: "version 1, CMD8 not answered",
        before: "fails: no SD card, or it does not answer: put one in",
        options: { type: "SDSC1" },
        traits: { lost: { 8: 100 } },
    },
    {
        trait: "CMD8 not answered once",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { lost: { 8: 1 } },
    },
    {
        trait: "CMD8's echo wrong once",
        before: "works on a retry; alarm: the card does not run at 3.3 V",
        traits: { wrongEchos: 1 },
    },
    {
        trait: "CMD8's echo always wrong",
        says: "does not run at 3.3 V: use another",
        before: "fails: the card does not run at 3.3 V",
        traits: { wrongEchos: 1000 },
    },
    {
        trait: "the first ACMD41 illegal",
        before: "works on a retry; alarm: this is not an SD card: use one",
        traits: { refused: { 41: { times: 1, bits: illegal } } },
    },
    {
        trait: "CMD55 not answered once",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { lost: { 55: 1 } },
    },
    {
        trait: "ACMD41 not answered twice",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { lost: { 41: 2 } },
    },
    {
        trait: "no SD card: ACMD41 always illegal",
        says: "this is not an SD card: use another",
        before: "fails: this is not an SD card: use one",
        traits: { refused: { 41: { times: 1000, bits: illegal } } },
    },
    { trait: "ACMD41 takes 0.9 s", before: "works", traits: { initMs: 900 } },
    {
        trait: "ACMD41 takes 1.9 s",
        before: "fails: the SD card does not get ready: pull it and put it back",
        traits: { initMs: 1900 },
    },
    {
        trait: "CMD58 says idle when ACMD41 has said ready",
        before: "fails: the SD card was changed",
        traits: { refused: { 58: { times: 1000, bits: idle } } },
    },
    {
        trait: "CMD58 not answered once",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { lost: { 58: 1 } },
    },
    {
        trait: "CMD59 illegal",
        before: "works",
        traits: { refused: { 59: { times: Infinity, bits: 0x04 } } },
    },
    {
        trait: "CMD59 not answered once",
        before: "works",
        traits: { lost: { 59: 1 } },
    },
    {
        trait: "CMD9 not answered once",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { lost: { 9: 1 } },
    },
    {
        trait: "busy for 250 ms after a block",
        before: "works",
        slow: { writeMs: 250, atWrite: 90 },
    },
    {
        trait: "busy for 0.9 s after a block",
        before: "works",
        slow: { writeMs: 900, atWrite: 90 },
    },
    {
        trait: "busy for 1.9 s after a block",
        before: "works on a retry; alarm: the card stays busy: pull it and put it back",
        slow: { writeMs: 1900, atWrite: 90 },
    },
    {
        trait: "busy for 2.8 s after a block",
        before: "works on a retry; alarm: the card stays busy: pull it and put it back",
        slow: { writeMs: 2800, atWrite: 90 },
    },
    { trait: "each read takes 250 ms", before: "works", slow: { readMs: 250 } },
    {
        trait: "each read takes 500 ms",
        before: "fails: the card does not deliver a block: pull it and put it back",
        slow: { readMs: 500 },
    },
    {
        trait: "each read takes 0.95 s",
        before: "fails: the card does not deliver a block: pull it and put it back",
        slow: { readMs: 950 },
    },
    {
        trait: "data response a bit late",
        before: "fails: the card refused block 36: save the card's files and use another",
        traits: { responseLateBits: 1 },
    },
    {
        trait: "data response 5 bits late",
        before: "fails: the card refused block 36: save the card's files and use another",
        traits: { responseLateBits: 5 },
    },
    {
        trait: "data response a byte late",
        before: "fails: the card refused block 36: save the card's files and use another",
        traits: { responseLateBits: 8 },
    },
    {
        trait: "data response 23 bits late",
        before: "fails: the card refused block 36: save the card's files and use another",
        traits: { responseLateBits: 23 },
    },
    {
        trait: "a CMD24 lost midway",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { lostAt: { 24: 60 } },
    },
    {
        trait: "a CMD17 lost midway",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { lostAt: { 17: 60 } },
    },
    {
        trait: "a CMD13 lost midway",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { lostAt: { 13: 60 } },
    },
    {
        trait: "two commands in a row lost",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        midway: chip => void (chip.faults.ignoreCommands = 2),
    },
    {
        trait: "a block that is written refused twice",
        before: "works",
        midway: chip => void (chip.faults.refuseWrites = 2),
    },
    {
        trait: "answers out of step by a bit, once",
        before: "works on a retry; alarm: no SD card, or it does not answer: put one in",
        traits: { outOfStep: { times: 1, bits: 1 } },
    },
    {
        trait: "answers always out of step by a bit",
        says: "out of step: pull it and put it back",
        before: "fails: no SD card, or it does not answer: put one in",
        traits: { outOfStep: { times: Infinity, bits: 1 } },
    },
    {
        trait: "answers always out of step by 3 bits",
        says: "out of step: pull it and put it back",
        before: "fails: no SD card, or it does not answer: put one in",
        traits: { outOfStep: { times: Infinity, bits: 3 } },
    },
]
