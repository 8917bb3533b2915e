/** An open serial line to a board, over any transport: the same bytes in both directions. */
export interface Line {
    /** The line's name in messages. */
    readonly address: string
    /** Bytes not sent yet. */
    readonly waitingBytes: number
    /** Gets the bytes from the board. */
    onBytes: (bytes: Uint8Array) => void
    /** Called once with the reason when the line is lost. */
    onEnd: (reason: string) => void
    /** Does nothing if the line is lost. */
    write(bytes: Uint8Array): void
    close(): Promise<void>
}

/** The reason when the other end of the line is gone. */
export const unplugged = "the cable was unplugged"
