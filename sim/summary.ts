/** The output of --summary json; unmeasured figures are absent. */
export interface Summary {
    boardSeconds: number
    records: { main: number; cell: number; lost: number }
    card: { sectorWrites: number; sectorReads: number }
    ftp: { logins: number; filesConfirmed: number; bytesConfirmed: number; failures: number }
    resets: number
    journal: { last?: number }
    /**
     * The runtime's heap: most reachable bytes, fewest free bytes, and the smallest value of the
     * largest free piece.
     */
    heap: { peakBytes?: number; freeBytesMin?: number; largestFreeMin?: number }
    exit: number
}

/**
 * Counts from the firmware's own log lines, printed after the event, so the figures span resets and
 * power cuts.
 */
export class LogCounts {
    readonly records = { main: 0, cell: 0, lost: 0 }
    readonly ftp = { logins: 0, filesConfirmed: 0, bytesConfirmed: 0, failures: 0 }
    lastJournalEntry: number | undefined
    /** Main records since the firmware's last log-in, which follows its list of what to send. */
    recordsSinceLogin = 0

    take(line: string): void {
        const record = /^records: (\d+) main, (\d+) cell\b/.exec(line)
        if (record) {
            this.records.main += Number(record[1])
            this.records.cell += Number(record[2])
            this.recordsSinceLogin += Number(record[1])
        }
        const lost = /^logger: (\d+) records lost\b/.exec(line)
        if (lost) this.records.lost += Number(lost[1])
        const entry = /^journal: (?:last )?record #?(\d+)\b/.exec(line)
        if (entry) this.lastJournalEntry = Number(entry[1])
        const confirmed = /^ftp: confirmed (\d+) bytes\b/.exec(line)
        if (confirmed) {
            this.ftp.filesConfirmed++
            this.ftp.bytesConfirmed += Number(confirmed[1])
        }
        if (/^ftp: logged in\b/.test(line)) {
            this.ftp.logins++
            this.recordsSinceLogin = 0
        }
        if (/^ftp: failed\b/.test(line)) this.ftp.failures++
    }
}
