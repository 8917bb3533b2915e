/** An entry of the errors journal, as `journal` prints it. */
export interface Entry {
    /** 1 to 32, its position in flash. */
    position: number
    number: number
    /** `2026-11-22 13:03:49`, the board's local time. */
    time: string
    /** The time is a lower bound. */
    uncertain: boolean
    flag: string
    appeared: boolean
    /** The cause, for the last entries since the start. */
    note: string
    /** All flags after it. */
    now: string
    /** The flag changes too often: no more entries for up to an hour. */
    limited: boolean
    /** For a flag that disappeared: how long it was up, in seconds. */
    lastedSeconds?: number
}

const line =
    /^Record (\d+)\s+#(\d+) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(~?) (\S+) (appeared|disappeared)(.*?); now: (.*)$/

/** The entries, newest first; those that disappeared with their duration. */
export function parseJournal(printed: string): Entry[] {
    const entries: Entry[] = []
    for (const text of printed.split("\n")) {
        const found = line.exec(text.trimEnd())
        if (!found) continue
        const [, position, number, time, mark, flag, way, rest, now] = found
        entries.push({
            position: Number(position),
            number: Number(number),
            time,
            uncertain: mark === "~",
            flag,
            appeared: way === "appeared",
            note: /\((.*)\)/.exec(rest)?.[1] ?? "",
            limited: /limited/.test(rest),
            now,
        })
    }
    entries.sort((one, other) => other.number - one.number)
    for (const [index, entry] of entries.entries()) {
        if (entry.appeared) continue
        const began = entries.slice(index + 1).find(one => one.flag === entry.flag)
        if (began?.appeared && !began.uncertain && !entry.uncertain)
            entry.lastedSeconds = (moment(entry.time) - moment(began.time)) / 1000
    }
    return entries
}

function moment(time: string): number {
    return Date.parse(time.replace(" ", "T") + "Z")
}

/** For a spreadsheet. */
export function journalCsv(entries: readonly Entry[]): string {
    const head = "number,position,time,uncertain,flag,change,note,lasted_s,now"
    const rows = entries.map(one =>
        [
            one.number,
            one.position,
            one.time,
            one.uncertain ? "yes" : "",
            one.flag,
            one.appeared ? "appeared" : "disappeared",
            csvWord(one.note),
            one.lastedSeconds ?? "",
            csvWord(one.now),
        ].join(),
    )
    return [head, ...rows].map(row => row + "\r\n").join("")
}

/** A quoted word, in which a spreadsheet finds no formula. */
function csvWord(text: string): string {
    const safe = /^[=+\-@\t\r]/.test(text) ? "'" + text : text
    return `"${safe.replaceAll('"', '""')}"`
}
