// Messages between the page and the worker with the connection.

import type { WifiScan } from "../../console/wifiscan"

/** Each runs one line at a time; to the board they are separate consoles. */
export type Channel = "work" | "live" | "terminal"

export type Opening =
    /** The simulated board in this tab. */
    | { kind: "tab" }
    /** The simulator on this PC, or a port opened by the page's server. */
    | { kind: "socket"; url: string }
    /** A port of this browser; its bytes go over `port`. */
    | { kind: "usb"; address: string; port: MessagePort }

/** Result of a console line: 0 done, 1 refused. */
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

/** Calls of the worker. */
export interface BoardCalls {
    open(opening: Opening): void
    close(): void
    /** With `stream` the output is also sent as events while the line runs. */
    run(channel: Channel, line: string, stream?: number): Ran
    cancel(channel: Channel): void
    /** The files of a directory; "" for the root. */
    list(directory: string): CardEntry[]
    /** @param known the part of the file that is already there */
    read(path: string, bytes: number, known: Uint8Array, progress: number): Uint8Array
    /** The networks in range. */
    scan(): WifiScan
    /** The board's program and the page's. */
    programs(): { board: string; ours: string; runtime: string }
    deploy(again: boolean, progress: number): string
    /** For the simulated board: an event line such as `!card out`. @returns its output */
    event(line: string): string
    speed(speed: Speed): void
    /** Advances board time by this much, as fast as the PC can. */
    forward(boardMs: number, progress: number): void
    scenario(name: string): void
    /** Files received by its FTP server, and its card. */
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
    /** A line of the simulated world, not of the board. */
    | { event: "world"; line: string }
    | { event: "text"; stream: number; text: string }
    | { event: "progress"; stream: number; done: number }
    | { event: "restarted" }
    | { event: "lost"; reason: string }
    /** Whether the board in the tab is kept for the next visit. */
    | { event: "kept"; keeps: boolean }

/** Messages over a port to and from a line opened by the page. */
export type PortMessage =
    { bytes: Uint8Array } | { taken: number } | { ended: string } | { close: true }
