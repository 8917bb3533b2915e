import type { Life } from "./life"

/** Something that was seen from outside. */
export type Happening =
    | { kind: "log"; text: string }
    /** The clock was set to that time, Unix seconds. */
    | { kind: "set the clock"; toSeconds: number }
    /** A step as it was carried out. */
    | { kind: "event"; line: string }
    | { kind: "asked"; line: string; allowed: boolean }
    /** `status` is undefined when the board went down before it had answered. */
    | { kind: "answered"; line: string; allowed: boolean; status?: number; text: string }

/** And when, in board ms. */
export type Seen = { atMs: number } & Happening

/** All that a life has left behind. */
export interface Evidence {
    life: Life
    seen: Seen[]
    /** Image files by the cards' names. */
    cards: { A: string; B: string }
    serverFolder: string
    /** What the foreign files on each card were when the life began. */
    foreign: { A: Map<string, Buffer>; B: Map<string, Buffer> }
    boardSeconds: number
    heapFreeMin?: number
    /** What the board says in the end, and whether an honest server got all. */
    lastExport: string
    lastJournal: string
    lastSent: boolean
}
