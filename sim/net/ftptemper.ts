/** What becomes of a data port that the server has named. */
export type DataPortTemper =
    /** Nobody listens there, as behind a firewall that refuses. */
    | "dead"
    /** A SYN to it is never answered, as behind a firewall that drops. */
    | "silent"
    /** It takes the connection and ends it at once. */
    | "closing"
    /** It takes the connection and never reads. */
    | "unread"
    /** It sends two megabytes of its own. */
    | "talking"

/**
 * What an FTP server does otherwise than the simulation's does by itself; each was met somewhere.
 * All of it is a switch of its own, and any of them can be on together.
 */
export interface FtpTemper {
    /** Until it greets, as while it looks up the client's name. */
    greetingMs?: number
    /** The greeting's lines, one byte a character (Latin-1), with CR LF between them. */
    greeting?: string
    /**
     * What it says to a command instead of obeying it; undefined leaves the command as it is, ""
     * says nothing at all. The connection is closed behind a 421.
     */
    answer?: (verb: string, argument: string) => string | undefined
    /** Replies come in pieces of so many bytes. */
    pieceBytes?: number
    dataPort?: (verb: "EPSV" | "PASV") => DataPortTemper | undefined
    /** Why STOR and APPE are refused for that path. */
    refusal?: (path: string) => string | undefined
    /** What SIZE says when there is no such file. */
    missing?: string
    /** A file that has come is not seen for so long, as while it is looked through for viruses. */
    hiddenMs?: number
    /** Whether a job of the server takes that whole file away at once. */
    takesAway?: (name: string) => boolean
    /** All that its disk holds. */
    diskBytes?: number
    /** Control connections at a time; one more is turned away. */
    connectionsMax?: number
    /** A transfer ends with its control connection, as ProFTPD's does. */
    dropsTransfers?: boolean
    /** What came of a transfer that did not end well is deleted. */
    deletesBroken?: boolean
}

/** What all log-ins of a server know of its files. */
export class FtpShelf {
    /** Files that were taken away, by name, each as often as it came. */
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
