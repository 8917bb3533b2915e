/** The directory of each log. */
export const logDirectories = ["LOG", "CELL", "EVT"]

/** The log that a path belongs to, as an index of logDirectories; only for our own paths. */
export function logOf(path: string): number {
    return "LCE".indexOf(path[0])
}

/** Ending of the history names: "LOGSENT.TXT", "CELLSENT.TXT", "EVTSENT.TXT". */
export const historyName = "SENT.TXT"

/**
 * A number that sorts log files by day: YYMMDDnn for "YYYYMMDD.CSV" (nn = 0) and "YYMMDDnn.CSV".
 * @returns -1 if the 12 bytes from `at` are not a log file's name
 */
export function logKey(text: Buffer, at: number): number {
    let key = 0
    for (let i = at; i < at + 8; ++i) {
        const digit = text[i] - 48
        if (!(digit >= 0 && digit <= 9)) return -1
        key = key * 10 + digit
    }
    // ".CSV" as a little-endian word.
    if (text.getAt(at + 8, "u32") !== 0x5653432e) return -1
    // Years from 2100 cannot be told from YYMMDDnn; the clock ends before.
    return key >= 20000000 && key < 21000000 ? (key - 20000000) * 100 : key
}
