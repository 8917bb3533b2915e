import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { requireTool } from "../../test/support/tools"
import { localText, offsetMinutesAt } from "./localtime"
import type { ExpectedRecord, Plan } from "./plan"
import type { MadeEntry, Outcome } from "./run"

/**
 * Allowed heap growth since the first day: the uploader's window and the journal's notes fill up.
 */
const heapBytesMore = 3072
/** Tolerance between a journal entry's time and the time of its log line, seconds. */
const entryTimeSlack = 5
const logFolders = ["LOG", "CELL", "EVT"]
const historyFiles = logFolders.map(folder => folder + "SENT.TXT")

/** The judge's violations, and the counts for the report. */
export interface Verdict {
    violations: string[]
    recordsExpected: number
    recordsFound: number
    recordsMissing: number
    journalExpected: number
    filesCompared: number
    bytesCompared: number
}

/** Compares a run's results with its plan. Needs mtools and dosfstools. */
export function judge(plan: Plan, outcome: Outcome, cardPath: string, serverPath: string): Verdict {
    const folder = mkdtempSync(join(tmpdir(), "bms-soak-card-"))
    try {
        return new Judge(plan, outcome, cardPath, serverPath, folder).judge()
    } finally {
        rmSync(folder, { recursive: true, force: true })
    }
}

class Judge {
    private readonly verdict: Verdict = {
        violations: [],
        recordsExpected: 0,
        recordsFound: 0,
        recordsMissing: 0,
        journalExpected: 0,
        filesCompared: 0,
        bytesCompared: 0,
    }

    constructor(
        private readonly plan: Plan,
        private readonly outcome: Outcome,
        private readonly cardPath: string,
        private readonly serverPath: string,
        private readonly folder: string,
    ) {}

    judge(): Verdict {
        const { outcome, plan, verdict } = this
        this.checkCard()
        for (const log of ["LOG", "CELL"]) this.checkRecords(log)
        this.checkEvents()
        const { recordsMissing } = verdict
        this.check(
            recordsMissing === outcome.recordsLost,
            `${recordsMissing} records are missing, the board counted ${outcome.recordsLost}`,
        )
        this.checkServer()
        this.checkJournal()
        const resets = plan.resetCount()
        this.check(outcome.resets === resets, `${outcome.resets} restarts instead of ${resets}`)
        this.check(
            outcome.startCauses.length === resets &&
                outcome.startCauses.every(cause => cause === "scheduled"),
            `causes of the starts: ${outcome.startCauses.join(", ")}`,
        )
        this.check(
            new RegExp(`reset\\.count +${resets}\\b`).test(outcome.resetCount),
            `"${outcome.resetCount}" instead of ${resets}`,
        )
        for (const line of outcome.alarming) this.check(false, `log: ${line}`)
        for (const line of outcome.refusedLines) this.check(false, `refused: ${line}`)
        const { heapFirst, heapLast } = outcome
        if (heapFirst !== undefined && heapLast !== undefined)
            this.check(
                Math.abs(heapLast - heapFirst) <= heapBytesMore,
                `heap: ${heapLast} bytes at the end, ${heapFirst} after the first day`,
            )
        return verdict
    }

    private check(holds: boolean, text: string): void {
        if (!holds) this.verdict.violations.push(text)
    }

    /** Checks the image and copies its files out. */
    private checkCard(): void {
        const checked = spawnSync(requireTool("fsck.fat"), ["-n", this.cardPath], {
            encoding: "utf8",
        })
        this.check(checked.status === 0, `fsck.fat: ${checked.stdout}${checked.stderr}`)
        for (const name of [...logFolders, ...historyFiles]) {
            const args = ["-s", "-n", "-i", this.cardPath, `::${name}`, this.folder]
            const copied = spawnSync(requireTool("mcopy"), args, { encoding: "utf8" })
            this.check(copied.status === 0, `mcopy ${name}: ${copied.stderr}`)
        }
    }

    private names(log: string): string[] {
        const path = join(this.folder, log)
        return existsSync(path) ? readdirSync(path).sort() : []
    }

    /**
     * Every planned record is in its day's file and in order, or was made while there was no card.
     */
    private checkRecords(log: string): void {
        const byDay = new Map<string, ExpectedRecord[]>()
        for (const record of this.plan.records()) {
            const name = localText(record.seconds).slice(0, 10).replaceAll("-", "") + ".CSV"
            byDay.set(name, [...(byDay.get(name) ?? []), record])
        }
        const names = this.names(log)
        const foreign = names.filter(name => !byDay.has(name) && name > "2027")
        this.check(foreign.length === 0, `${log}: unexpected files ${foreign.join(", ")}`)
        for (const [name, expected] of byDay) {
            const path = join(this.folder, log, name)
            const text = existsSync(path) ? readFileSync(path, "latin1") : ""
            this.matchRecords(`${log}/${name}`, expected, text)
        }
    }

    /** Every journal entry is on the card once, as logged, and there are no others. */
    private checkEvents(): void {
        const lines = this.names("EVT").flatMap(name => {
            const text = readFileSync(join(this.folder, "EVT", name), "latin1").split("\r\n")
            const day = `${name.slice(0, 4)}-${name.slice(4, 6)}-${name.slice(6, 8)}`
            this.check(text.pop() === "", `EVT/${name}: the last line is incomplete`)
            const others = text.slice(1).filter(line => !line.startsWith(day))
            this.check(others.length === 0, `EVT/${name}: from another day: ${others.join("; ")}`)
            return text.slice(1)
        })
        const events = lines
            .map(line => line.split(","))
            .sort((a, b) => Number(a[3]) - Number(b[3]))
        const numbers = events.map(fields => fields[3]).join(" ")
        const asMade = events.map((_, i) => i + 1).join(" ")
        this.check(numbers === asMade, `the card's events have the numbers ${numbers}`)
        // Those of the set-up come first.
        const said = this.outcome.journal
        const found = events.slice(-said.length).map(fields => `${fields[4]} ${fields[5]}`)
        const made = said.map(one => `${one.flag} ${one.appears ? "appeared" : "disappeared"}`)
        this.check(
            found.join(", ") === made.join(", "),
            `on the card: ${found.join(", ")}; made: ${made.join(", ")}`,
        )
    }

    private matchRecords(name: string, expected: ExpectedRecord[], text: string): void {
        const { verdict } = this
        verdict.recordsExpected += expected.length
        const lines = text.split("\r\n")
        this.check(lines.at(-1) === "", `${name}: the last line is incomplete`)
        const columns = lines[0].split(",").length
        let next = 0
        const missing: ExpectedRecord[] = []
        for (const line of lines.slice(1, -1)) {
            const from = next
            while (next < expected.length && !isRecord(line, expected[next])) next++
            if (next === expected.length) {
                this.check(false, `${name}: an extra or out-of-order record: ${line}`)
                next = from
                continue
            }
            this.check(line.split(",").length === columns, `${name}: torn record: ${line}`)
            missing.push(...expected.slice(from, next++))
            verdict.recordsFound++
        }
        missing.push(...expected.slice(next))
        verdict.recordsMissing += missing.length
        const { cardOut } = this.plan
        const unexplained = missing.filter(
            ({ elapsed }) => !cardOut.some(({ from, to }) => elapsed >= from && elapsed <= to),
        )
        if (unexplained.length === 0) return
        const times = unexplained.slice(0, 5).map(record => localText(record.seconds))
        this.check(
            false,
            `${name}: ${unexplained.length} records missing, such as ${times.join(", ")}`,
        )
    }

    /** The server has the card's files, byte for byte, and no others. */
    private checkServer(): void {
        const { verdict } = this
        const there = new Set(readdirSync(this.serverPath))
        for (const log of logFolders)
            for (const name of this.names(log)) {
                const remote = `SOAK-1-${log}-${name}`
                const card = readFileSync(join(this.folder, log, name))
                const path = join(this.serverPath, remote)
                const same = there.delete(remote) && readFileSync(path).equals(card)
                this.check(same, `${remote} differs from the card's file`)
                verdict.filesCompared++
                verdict.bytesCompared += card.length
            }
        this.check(there.size === 0, `extra files on the server: ${[...there].join(", ")}`)
    }

    /**
     * Each planned entry was made once in its window, there are no others, and the console shows
     * the last.
     */
    private checkJournal(): void {
        const { plan, outcome, verdict } = this
        verdict.journalExpected = plan.journal.length
        const made = [...outcome.journal]
        for (const wanted of plan.journal) {
            const index = made.findIndex(entry => {
                const inTime = entry.elapsed >= wanted.from && entry.elapsed <= wanted.to
                return inTime && entry.flag === wanted.flag && entry.appears === wanted.appears
            })
            if (index >= 0) made.splice(index, 1)
            else this.check(false, `journal: no ${describeEntry(wanted)} after ${wanted.from} s`)
        }
        for (const entry of made)
            this.check(
                false,
                `journal: #${entry.number} ${describeEntry(entry)} at ${entry.elapsed} s`,
            )
        outcome.journal.forEach((entry, index) => {
            const before = outcome.journal[index - 1]?.number ?? entry.number - 1
            this.check(entry.number === before + 1, `journal: #${entry.number} after #${before}`)
            this.checkEntryTime(entry)
        })
        for (const entry of outcome.journal.slice(-32)) {
            const line = outcome.shown.find(shown => shown.includes(`#${entry.number} `))
            const right = line?.includes(`${entry.time} ${describeEntry(entry)}`)
            this.check(right === true, `journal shows "${line}" for #${entry.number}`)
        }
    }

    private checkEntryTime(entry: MadeEntry): void {
        const local = Date.parse(entry.time.replace(" ", "T") + "Z") / 1000
        const wall = this.plan.wall(entry.elapsed)
        const late = Math.abs(local - (wall + offsetMinutesAt(wall) * 60))
        this.check(
            late <= entryTimeSlack,
            `journal: #${entry.number} says ${entry.time}, ${late} s off`,
        )
    }
}

function describeEntry(entry: { flag: string; appears: boolean }): string {
    return `${entry.flag} ${entry.appears ? "appeared" : "disappeared"}`
}

function isRecord(line: string, record: ExpectedRecord): boolean {
    const offset = offsetMinutesAt(record.seconds)
    return line.startsWith(`${localText(record.seconds)},+0${offset / 60}:00,SOAK-1,`)
}
