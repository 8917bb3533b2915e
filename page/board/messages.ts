// What the page and the worker with the connection say to each other.

import type { WifiScan } from "../../console/wifiscan"

/** One line of the board runs in each at a time; the board knows them as different consoles. */
export type Channel = "work" | "live" | "terminal"

export type Opening =
    /** The simulated board in this tab. */
    | { kind: "tab" }
    /** The simulator on this PC, or a port that the page's server has open. */
    | { kind: "socket"; url: string }
    /** A port of this browser: its bytes come and go over `port`. */
    | { kind: "usb"; address: string; port: MessagePort }

/** How a console line ended: 0 done, 1 refused. */
export interface Ran {
    status: number
    text: string
}

export interface CardEntry {
    name: string
    /** Absent for a directory. */
    bytes?: number
}

/** How fast the board in the tab runs. */
export type Speed = number | "max"

/** What the worker can be asked for. */
export interface BoardCalls {
    open(opening: Opening): void
    close(): void
    /** With `stream` the output also comes as events while the line runs. */
    run(channel: Channel, line: string, stream?: number): Ran
    cancel(channel: Channel): void
    /** The files of a directory; "" for the root. */
    list(directory: string): CardEntry[]
    /** @param known what is there of the file already */
    read(path: string, bytes: number, known: Uint8Array, progress: number): Uint8Array
    /** The networks in range. */
    scan(): WifiScan
    /** The program that the board has, and the one that the page brings. */
    programs(): { board: string; ours: string; runtime: string }
    deploy(again: boolean, progress: number): string
    /** Of the simulated board: an event line such as `!card out`. @returns what it says */
    event(line: string): string
    speed(speed: Speed): void
    /** Lets so much board time pass as fast as the PC can. */
    forward(boardMs: number, progress: number): void
    scenario(name: string): void
    /** What its FTP server has received, its card. */
    ftpFiles(): { name: string; bytes: number }[]
    ftpFile(name: string): Uint8Array
    cardImage(): Blob
    /** Forgets the board: the next one is new. */
    forget(): void
}

export type Call = {
    [Name in keyof BoardCalls]: { id: number; name: Name; args: Parameters<BoardCalls[Name]> }
}[keyof BoardCalls]

export type Answer =
    { id: number; value: unknown } | { id: number; error: string; refusal: boolean }

export type BoardEvent =
    | { event: "log"; line: string }
    /** What the simulated world says: not the board's own words. */
    | { event: "world"; line: string }
    | { event: "text"; stream: number; text: string }
    | { event: "progress"; stream: number; done: number }
    | { event: "restarted" }
    | { event: "lost"; reason: string }
    /** Whether the board in the tab is there at the next visit. */
    | { event: "kept"; keeps: boolean }

/** What goes over a port to a line that the page has open, and back. */
export type PortMessage =
    { bytes: Uint8Array } | { taken: number } | { ended: string } | { close: true }
