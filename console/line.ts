/** An open serial line to a board, whatever carries it: the same bytes in both directions. */
export interface Line {
    /** What the line is called in messages. */
    readonly address: string
    /** Bytes that the line has not taken yet. */
    readonly waitingBytes: number
    /** Takes what comes from the board. */
    onBytes: (bytes: Uint8Array) => void
    /** Told once that the line is gone, and why. */
    onEnd: (reason: string) => void
    /** Does nothing when the line is gone. */
    write(bytes: Uint8Array): void
    close(): Promise<void>
}

/** The reason of a line whose other end is not there any more. */
export const unplugged = "the cable was unplugged"
