/** How a connection stands: "" open, or the other side has closed it, or it broke. */
export type Over = "" | "ended" | "reset"

/** One end of a TCP connection, as a program has it through the calls of its sockets. */
export interface Link {
    /** What there is to read, and no more, comes before it is over. */
    readonly over: Over
    /** Something can be read, or it is over. */
    onChange: () => void
    /**
     * `taken(true)` once the send buffer holds all of it, `taken(false)` when the connection is
     * over first.
     */
    write(data: Uint8Array, taken?: (whole: boolean) => void): void
    /** The oldest bytes that have come, undefined when there are none. */
    read(bytesMax: number): Uint8Array | undefined
    /** What the send buffer holds still goes, then the end. */
    close(): void
    /** This side is gone without a word, as when its power fails. */
    vanish(): void
}

/** A connection, or why there is none. */
export type Dialled = (link: Link | undefined, problem: string) => void
