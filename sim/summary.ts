/** What --summary json prints; a figure that was not measured is absent. */
export interface Summary {
    boardSeconds: number
    records: { main: number; cell: number; lost: number }
    card: { sectorWrites: number; sectorReads: number }
    ftp: { logins: number; filesConfirmed: number; bytesConfirmed: number; failures: number }
    resets: number
    journal: { last?: number }
    /**
     * Of the runtime's heap: reachable at most, free at least, and the smallest largest piece that
     * was free.
     */
    heap: { peakBytes?: number; freeBytesMin?: number; largestFreeMin?: number }
    exit: number
}

/**
 * Counts from the firmware's own log lines, which are printed once the thing has happened: so the
 * figures span resets and power cuts.
 */
export class LogCounts {
    readonly records = { main: 0, cell: 0, lost: 0 }
    readonly ftp = { logins: 0, filesConfirmed: 0, bytesConfirmed: 0, failures: 0 }
    lastJournalEntry: number | undefined
    /**
     * Main records since the firmware last logged in, which it does when it has listed what to
     * send.
     */
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
