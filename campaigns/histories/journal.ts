import type { Evidence, Seen } from "./evidence"
import { networkTroubles, upsets } from "./life"
import { type Complain, localText } from "./records"
import type { Timeline } from "./timeline"

interface Entry {
    atMs: number
    number: number
    time: string
    flag: string
    appears: boolean
}

/** A flag's change is entered after 3 s; tasks check every second or two. */
const entryMs = 25_000
/** A silent monitor is polled at growing intervals, finally every half minute. */
const monitorBackMs = 60_000
/**
 * How long after its cause's end a flag may still come: timeouts and pauses of a session, a start.
 */
const explainedMs = 240_000
const timeSlackSeconds = 8
const entryLine = /#(\d+) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)~? (\w+) (appeared|disappeared)/

/** Possible causes of each flag. */
const causes: Record<string, RegExp> = {
    SD_CARD: /^!card|^card eject|^!power|^!deploy/,
    WIFI: /^!wifi|^!power|^!deploy/,
    FTP: /^!ftp|^!server|^!wifi|^!card|^set ftp|^ftp|^!power|^!deploy/,
    RECORDS_LOST: /^!card|^card eject/,
    CELL_OVERVOLTAGE: /^!cell|^!current/,
    CELL_UNDERVOLTAGE: /^!cell|^!current/,
    OVERTEMPERATURE: /^!temp/,
    UNDERTEMPERATURE: /^!temp/,
    OVERCURRENT_CHARGE: /^!current/,
    OVERCURRENT_DISCHARGE: /^!current/,
    MONITOR_OFFLINE: /^!monitor/,
    CLOCK: /^!clock/,
}

/** Further causes that raise a flag if they last. */
const otherUpsets = [
    { on: "!card out", off: "!card in", flag: "SD_CARD" },
    { on: "!wifi down", off: "!wifi up", flag: "WIFI" },
]
/** WIFI waits for a connection to return on its own. */
const wifiMs = 30_000

/** Judges the journal, both as logged line by line and as finally shown. */
export class Journal {
    readonly entries: Entry[] = []
    private readonly doings: { atMs: number; line: string }[] = []

    constructor(
        private readonly evidence: Evidence,
        private readonly timeline: Timeline,
        private readonly complain: Complain,
    ) {
        for (const seen of evidence.seen) this.take(seen)
    }

    private take(seen: Seen): void {
        if (seen.kind === "event" || seen.kind === "asked") this.doings.push(seen)
        if (seen.kind !== "log" || !seen.text.startsWith("journal: record #")) return
        const found = entryLine.exec(seen.text)
        if (!found) return this.complain(`journal: cannot be read: ${seen.text}`)
        const [, number, time, flag, change] = found
        const appears = change === "appeared"
        this.entries.push({ atMs: seen.atMs, number: Number(number), time, flag, appears })
    }

    judge(): void {
        this.judgeNumbers()
        for (const entry of this.entries) this.judgeEntry(entry)
        this.judgeShown()
        this.judgeUpsets()
    }

    /** Numbers continue over all resets, and each flag alternately appears and disappears. */
    private judgeNumbers(): void {
        const up = new Set<string>()
        let last = 0
        let untold = false
        for (const { number, flag, appears, atMs } of this.entries) {
            const cut = this.doings.some(
                one => /^(!power|!deploy|reset now)/.test(one.line) && one.atMs <= atMs,
            )
            // An entry is stored before it is logged; a cut may come in between.
            if (number !== last + 1 && !(cut && number > last && number <= last + 4))
                this.complain(`journal: #${number} after #${last}`)
            untold ||= number !== last + 1
            if (up.has(flag) === appears && !untold)
                this.complain(`journal: #${number} ${flag}: appeared or disappeared twice`)
            if (appears) up.add(flag)
            else up.delete(flag)
            last = number
        }
    }

    private judgeEntry({ number, flag, appears, atMs, time }: Entry): void {
        const wall = this.timeline.wall(atMs)
        const zone = this.evidence.life.zone.name
        const times = Array.from({ length: 2 * timeSlackSeconds }, (_, i) =>
            localText(zone, wall - timeSlackSeconds + i),
        )
        const clockSet = this.doings.some(
            one => one.line.startsWith("time set") && Math.abs(one.atMs - atMs) < 10_000,
        )
        const setUp = this.doings.find(one => one.line.startsWith("set time.zone"))
        if (!clockSet && atMs > (setUp?.atMs ?? 0) + 10_000 && !times.includes(time))
            this.complain(`journal: #${number} has the time ${time}, not ${localText(zone, wall)}`)
        if (!appears) return
        const cause = causes[flag]
        const explained =
            cause &&
            this.doings.some(
                one => cause.test(one.line) && one.atMs <= atMs && !this.longOver(one, atMs),
            )
        if (!explained)
            this.complain(`journal: #${number} ${flag} appeared although nothing was wrong`)
    }

    /** Whether a cause ended too long ago to be the reason. */
    private longOver(cause: { atMs: number; line: string }, atMs: number): boolean {
        const after = this.doings.find(
            one => one.atMs > cause.atMs && one.line.slice(0, 4) === cause.line.slice(0, 4),
        )
        const lasts =
            /down|hang|off|out|!server (?!kind)/.test(cause.line) ||
            networkTroubles.some(({ on }) => on === cause.line)
        return atMs - (lasts ? (after?.atMs ?? Infinity) : cause.atMs) > explainedMs
    }

    /** `journal` shows the last 32 of the logged entries. */
    private judgeShown(): void {
        const shown = new Map<number, string>()
        for (const row of this.evidence.lastJournal.split("\n")) {
            const found = /^Record +(\d+) +.*?#(\d+) /.exec(row)
            if (!found) continue
            const [position, number] = [Number(found[1]), Number(found[2])]
            shown.set(number, row)
            if (((number - 1) % 32) + 1 !== position)
                this.complain(`journal: #${number} is at position ${position}`)
        }
        const last = Math.max(0, ...shown.keys())
        for (const { number, time, flag, appears } of this.entries) {
            if (number <= last - 32) continue
            const text = `#${number} ${time}`
            const change = `${flag} ${appears ? "appeared" : "disappeared"}`
            const row = shown.get(number) ?? ""
            if (!row.includes(text) || !row.includes(change))
                this.complain(`journal shows "${row}" for ${text} ${change}`)
        }
    }

    /** Battery faults that lasted long enough are entered, and so are their ends. */
    private judgeUpsets(): void {
        for (const { on, off, flag } of [...upsets, ...otherUpsets])
            this.doings.forEach((begun, index) => {
                if (begun.line !== on) return
                const ended = this.doings.slice(index).find(one => one.line.startsWith(off))
                const after = ended && this.doings.find(one => one.atMs > ended.atMs + entryMs)
                if (!ended || !after) return
                this.expect(flag, true, begun.atMs, ended.atMs)
                const again = this.doings.find(one => one.line === on && one.atMs > ended.atMs)
                const wellMs = Math.min(after.atMs, again?.atMs ?? Infinity)
                this.expect(flag, false, ended.atMs, wellMs)
            })
    }

    private expect(flag: string, appears: boolean, fromMs: number, toMs: number): void {
        const slowMs = { MONITOR_OFFLINE: appears ? 0 : monitorBackMs, WIFI: wifiMs }[flag] ?? 0
        const endMs = fromMs + entryMs + slowMs
        if (endMs > toMs) return
        const disturbed = this.doings.some(
            one =>
                /^!power|^!deploy|^reset now|^set battery|^card eject/.test(one.line) &&
                one.atMs > fromMs - 60_000 &&
                one.atMs < endMs,
        )
        // A fault too short to be entered does not disappear either, and an active flag does not
        // appear.
        const before = this.entries.findLast(one => one.flag === flag && one.atMs <= fromMs)
        const isUp = before?.appears ?? false
        if (isUp === appears || disturbed || this.tooOften(flag, fromMs)) return
        const made = this.entries.some(
            one =>
                one.flag === flag &&
                one.appears === appears &&
                one.atMs >= fromMs &&
                one.atMs <= endMs,
        )
        const what = `${flag} ${appears ? "appeared" : "disappeared"}`
        if (!made) this.complain(`journal: no "${what}" after ${(fromMs / 1000).toFixed(0)} s`)
    }

    /** A flag makes at most ten entries per hour. */
    private tooOften(flag: string, atMs: number): boolean {
        return this.entries.filter(one => one.flag === flag && one.atMs < atMs).length >= 9
    }
}
