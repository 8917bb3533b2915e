/** What happens to a data port the server has named. */
export type DataPortTemper =
    /** Nothing listens there, as behind a firewall that refuses. */
    | "dead"
    /** A SYN to it is never answered, as behind a firewall that drops. */
    | "silent"
    /** It accepts the connection and ends it at once. */
    | "closing"
    /** It accepts the connection and never reads. */
    | "unread"
    /** It sends two megabytes of its own data. */
    | "talking"

/**
 * Behaviour of real FTP servers that differs from the simulation's default. Each is a separate
 * switch; all can be combined.
 */
export interface FtpTemper {
    /** Delay of the greeting, as for a look-up of the client's name. */
    greetingMs?: number
    /** The greeting's lines, one byte per character (Latin-1), separated by CR LF. */
    greeting?: string
    /**
     * The reply to a command instead of obeying it; undefined obeys the command, "" says nothing. A
     * 421 closes the connection.
     */
    answer?: (verb: string, argument: string) => string | undefined
    /** Replies come in pieces of this many bytes. */
    pieceBytes?: number
    dataPort?: (verb: "EPSV" | "PASV") => DataPortTemper | undefined
    /** The refusal of STOR and APPE for that path. */
    refusal?: (path: string) => string | undefined
    /** SIZE's reply if there is no such file. */
    missing?: string
    /** A received file is not visible for this long, as during a virus scan. */
    hiddenMs?: number
    /** Whether a job on the server removes that complete file at once. */
    takesAway?: (name: string) => boolean
    /** The capacity of its disk. */
    diskBytes?: number
    /** Control connections at once; any further one is turned away. */
    connectionsMax?: number
    /** A transfer ends with its control connection, as ProFTPD's does. */
    dropsTransfers?: boolean
    /** The partial file of a failed transfer is deleted. */
    deletesBroken?: boolean
}

/** State of the files, shared by all log-ins of a server. */
export class FtpShelf {
    /** Files removed, by name; each as often as it came. */
    readonly taken = new Map<string, Buffer[]>()
    private readonly hiddenUntilMs = new Map<string, number>()

    hide(path: string, untilMs: number): void {
        this.hiddenUntilMs.set(path, untilMs)
    }

    hides(path: string, nowMs: number): boolean {
        return nowMs < (this.hiddenUntilMs.get(path) ?? 0)
    }

    take(name: string, content: Buffer): void {
        this.taken.set(name, [...(this.taken.get(name) ?? []), content])
    }
}
