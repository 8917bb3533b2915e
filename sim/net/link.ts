/** State of a connection: "" open, ended by the other side, or broken. */
export type Over = "" | "ended" | "reset"

/** One end of a TCP connection, as a program sees it through its socket calls. */
export interface Link {
    /** Set once the connection is over; received data can still be read. */
    readonly over: Over
    /** Called when something can be read, or it is over. */
    onChange: () => void
    /**
     * `taken(true)` once the send buffer holds all of it, `taken(false)` if the connection ends
     * first.
     */
    write(data: Uint8Array, taken?: (whole: boolean) => void): void
    /** The oldest bytes received; undefined if there are none. */
    read(bytesMax: number): Uint8Array | undefined
    /** Sends the rest of the send buffer, then the end. */
    close(): void
    /** This side disappears silently, as when its power fails. */
    vanish(): void
}

/** Gets a connection, or the reason why there is none. */
export type Dialled = (link: Link | undefined, problem: string) => void
