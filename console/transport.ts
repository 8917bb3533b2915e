/** A line's result: 0 done, 1 refused. */
export interface LineResult {
    status: number
}

/**
 * A connection to a board's console: over a serial port, a pseudo-terminal, or the simulator's bus.
 */
export interface ConsoleTransport {
    /** Returns when the board's console is available; throws ConsoleError if it does not come. */
    open(): Promise<void>
    close(): Promise<void>
    /**
     * Runs one line of text or of raw bytes; its output comes in pieces, in order. Lines given
     * while one runs wait their turn. Throws ConsoleError if the board stops answering.
     */
    execute(line: string | Uint8Array, onText: (text: string) => void): Promise<LineResult>
    /** Ends the running line's output. */
    cancel(): Promise<void>
}

/** The board's console cannot be reached; the message says so to the person at the prompt. */
export class ConsoleError extends Error {
    override name = "ConsoleError"
}
