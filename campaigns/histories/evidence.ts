import type { Life } from "./life"

/** Something seen from outside. */
export type Happening =
    | { kind: "log"; text: string }
    /** The clock was set to that time, Unix seconds. */
    | { kind: "set the clock"; toSeconds: number }
    /** A step as carried out. */
    | { kind: "event"; line: string }
    | { kind: "asked"; line: string; allowed: boolean }
    /** `status` is undefined if the board went down before answering. */
    | { kind: "answered"; line: string; allowed: boolean; status?: number; text: string }

/** With its time in board ms. */
export type Seen = { atMs: number } & Happening

/** Everything a life left behind. */
export interface Evidence {
    life: Life
    seen: Seen[]
    /** Image files by card name. */
    cards: { A: string; B: string }
    serverFolder: string
    /** The foreign files on each card at the start of the life. */
    foreign: { A: Map<string, Buffer>; B: Map<string, Buffer> }
    boardSeconds: number
    heapFreeMin?: number
    /** The board's final answers, and whether an honest server got everything. */
    lastExport: string
    lastJournal: string
    lastSent: boolean
}
