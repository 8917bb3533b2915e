import { spawnSync } from "node:child_process"
import { basename } from "node:path"
import { requireTool } from "../../test/support/tools"
import { readCard, readFolder } from "./cards"
import { judgeEvents } from "./events"
import type { Evidence } from "./evidence"
import { Journal } from "./journal"
import { type Complain, type Files, Records } from "./records"
import { judgeStarts, startCauses } from "./starts"
import { Timeline } from "./timeline"

/** The faults of a life, and its events. */
export interface Verdict {
    violations: string[]
    records: number
    recordsExpected: number
    entries: number
    /** Event lines on both cards. */
    events: number
    starts: number
    filesSent: number
    /** Board time with the supply on. */
    poweredSeconds: number
}

/** The minimum of free heap. */
const heapFreeBytesMin = 4096

/**
 * Compares a life's evidence only with the promises of the README and docs/reference; uses no code
 * of the firmware. Needs mtools and dosfstools.
 */
export function judge(evidence: Evidence): Verdict {
    const violations: string[] = []
    const complain = (text: string): void => void violations.push(text)
    const timeline = new Timeline(evidence)
    const cards = { A: openCard(evidence, "A", complain), B: openCard(evidence, "B", complain) }
    const records = new Records(evidence, timeline, complain)
    records.judge(cards)
    const journal = new Journal(evidence, timeline, complain)
    journal.judge()
    const events = { A: 0, B: 0 }
    for (const card of ["A", "B"] as const)
        events[card] = judgeEvents(card, cards[card], journal, complain)
    judgeLog(evidence, complain)
    judgeStarts(evidence, timeline, complain)
    judgeAnswers(evidence, complain)
    judgeSettings(evidence, complain)
    const received = readFolder(evidence.serverFolder)
    judgeServer(evidence, cards, received, complain)
    judgeSecrets(evidence, received, complain)
    return {
        violations,
        records: records.count,
        recordsExpected: records.expected,
        entries: journal.entries.length,
        events: events.A + events.B,
        starts: evidence.seen.filter(one => one.kind === "log" && startCauses.test(one.text))
            .length,
        filesSent: received.size,
        poweredSeconds: Math.round(evidence.boardSeconds - offSeconds(evidence)),
    }
}

function offSeconds(evidence: Evidence): number {
    let seconds = 0
    let offMs = 0
    for (const seen of evidence.seen) {
        if (seen.kind !== "event") continue
        if (seen.line === "!power off") offMs = seen.atMs
        if (seen.line === "!power on") seconds += (seen.atMs - offMs) / 1000
    }
    return seconds
}

/** The volume is sound, and foreign files are unchanged. */
function openCard(evidence: Evidence, card: "A" | "B", complain: Complain): Files {
    const path = evidence.cards[card]
    const checked = spawnSync(requireTool("fsck.fat"), ["-n", path], { encoding: "utf8" })
    if (checked.status !== 0 && !mayBeLeft(evidence, card, checked.stdout))
        complain(`card ${card}: fsck.fat: ${checked.stdout}`)
    const files = readCard(path)
    for (const [name, content] of evidence.foreign[card])
        if (!files.get(name)?.equals(content)) complain(`card ${card}: ${name} has changed`)
    return files
}

/**
 * On a PC's card without room for the redo log, a power cut during the removal of a file may leak
 * its clusters, as docs/reference/card.md says: those of one file per cut, and few cuts meet a
 * removal.
 */
function mayBeLeft({ life, seen }: Evidence, card: "A" | "B", said: string): boolean {
    const cuts = seen.filter(one => one.kind === "event" && /^!(power|card|deploy)/.test(one.line))
    const left =
        /^fsck\.fat [^\n]*\nReclaimed (\d+) unused clusters? \(\d+ bytes\)\.\n\nLeaving/.exec(said)
    return life.cards[card].fatBits === 16 && left !== null && Number(left[1]) <= cuts.length
}

/** Rejects log lines that no life may have. */
function judgeLog(evidence: Evidence, complain: Complain): void {
    for (const seen of evidence.seen) {
        // Its cause is judged with the starts.
        if (seen.kind !== "log" || startCauses.test(seen.text)) continue
        if (/PANIC|out of memory|is stuck|^fault: |safe mode|assert/i.test(seen.text))
            complain(`log: ${(seen.atMs / 1000).toFixed(1)} s: ${seen.text}`)
    }
    const { heapFreeMin } = evidence
    if (heapFreeMin !== undefined && heapFreeMin < heapFreeBytesMin)
        complain(`heap: at least ${heapFreeMin} bytes free`)
}

/**
 * An absent part, the lines that may then be refused, and how long after its return it is found at
 * the latest.
 */
const absences = [
    {
        goes: /^!card out|^card eject/,
        comes: /^!card in/,
        line: /^card/,
        refusal: /no SD card|ejected|another SD card/,
        foundMs: 10_000,
    },
    {
        goes: /^!monitor down/,
        comes: /^!monitor up/,
        line: /^(cells|battery)/,
        refusal: /no answer from the battery monitor/,
        foundMs: 75_000,
    },
]

/** Each line has its answer, and only lines that may be refused are. */
function judgeAnswers(evidence: Evidence, complain: Complain): void {
    let cutMs = -Infinity
    let askedMs = 0
    const foundMs = absences.map(() => -Infinity)
    for (const seen of evidence.seen) {
        const line = seen.kind === "event" || seen.kind === "asked" ? seen.line : ""
        for (const [i, one] of absences.entries())
            if (one.goes.test(line)) foundMs[i] = Infinity
            else if (one.comes.test(line)) foundMs[i] = seen.atMs + one.foundMs
        if (/^!(power|deploy)/.test(line)) cutMs = seen.atMs
        if (seen.kind === "asked") askedMs = seen.atMs
        if (seen.kind !== "answered" || seen.allowed || seen.status === 0) continue
        const cut = cutMs >= askedMs - 5000 || seen.line === "reset now"
        const away = absences.some(
            (one, i) =>
                askedMs < foundMs[i] && one.line.test(seen.line) && one.refusal.test(seen.text),
        )
        if (!cut && !away)
            complain(`console: "${seen.line}" has status ${seen.status}: ${seen.text.trim()}`)
    }
}

/**
 * A setting answered with ok must be in force at the end; a line without an answer may have been
 * carried out or not.
 */
function judgeSettings(evidence: Evidence, complain: Complain): void {
    const wanted = new Map<string, string[]>()
    for (const seen of evidence.seen) {
        if (seen.kind !== "answered") continue
        const [, key, value] = /^set (\S+) (.+)$/.exec(seen.line) ?? []
        if (key === undefined) continue
        const plain = value.replace(/^"(.*)"$/, "$1")
        if (seen.status === 0) wanted.set(key, [plain])
        else if (seen.status === undefined) wanted.get(key)?.push(plain)
    }
    const exported = new Map<string, string>()
    for (const [, key, value] of evidence.lastExport.matchAll(/^(?:# )?set (\S+) "(.*)"$/gm))
        exported.set(key, value)
    for (const [key, values] of wanted) {
        if (key.endsWith("password")) continue
        const found = exported.get(key)
        if (found === undefined || !values.includes(found))
            complain(`settings: ${key} is "${found}" instead of "${values.join('" or "')}"`)
    }
}

/** The server's files match a card; at the end it has everything on the card in the board. */
function judgeServer(
    evidence: Evidence,
    cards: { A: Files; B: Files },
    received: Files,
    complain: Complain,
): void {
    const whole = new Set<string>()
    const contents = [...cards.A, ...cards.B].filter(([path]) => /^(LOG|CELL|EVT)\b/.test(path))
    for (const [path, content] of received) {
        const part = contents.some(([, one]) => one.subarray(0, content.length).equals(content))
        if (!part) complain(`server: ${path} (${content.length} bytes) is not a card's file`)
        for (const [name, one] of cards.A)
            if (one.equals(content)) whole.add(`${name} ${basename(path)}`)
    }
    judgeHistory(cards.A, received, complain)
    if (!evidence.lastSent) {
        const on = /^set ftp\.enable "on"$/m.test(evidence.lastExport)
        if (on) complain("server: an honest one did not get everything")
        return
    }
    for (const [path, content] of cards.A) {
        const [, log, day] = /^(LOG|CELL|EVT)\/(\d{8}\.CSV)$/.exec(path) ?? []
        if (!log || content.length === 0) continue
        const found = [...whole].some(
            one => one.startsWith(path + " ") && one.includes(day.slice(0, 8)),
        )
        if (!found) complain(`server: ${path} is not there as on the card`)
    }
}

/** A byte may count as sent only if the server has it. */
function judgeHistory(card: Files, received: Files, complain: Complain): void {
    for (const history of ["LOGSENT.TXT", "CELLSENT.TXT", "EVTSENT.TXT"]) {
        const text = card.get(history)?.toString("latin1") ?? ""
        for (const line of text.split("\r\n").slice(0, -1)) {
            const [, bytes, remote] = /^\d{8}\.CSV,(\d+),[^,]*,([^,]+)(,|$)/.exec(line) ?? []
            if (bytes === undefined) {
                complain(`${history}: cannot be read: ${line}`)
                continue
            }
            const size = Math.max(
                -1,
                ...[...received]
                    .filter(([path]) => basename(path) === basename(remote))
                    .map(([, one]) => one.length),
            )
            if (Number(bytes) > 0 && size < Number(bytes))
                complain(`${history}: "${line}", the server has ${size} bytes`)
        }
    }
}

/** Not secret, although the network's password is a word in it. */
const namesWithPassword = /bms-simulator|(DeviceScript|BMS Mini) simulator/gi

/** Passwords appear nowhere. */
function judgeSecrets(evidence: Evidence, received: Files, complain: Complain): void {
    for (const secret of [evidence.life.secrets[0], "simulator"]) {
        for (const seen of evidence.seen) {
            const text = seen.kind === "log" || seen.kind === "answered" ? seen.text : ""
            if (text.replaceAll(namesWithPassword, "").includes(secret))
                complain(`a password was printed: ${text.slice(0, 100)}`)
        }
        for (const card of ["A", "B"] as const)
            if (secret !== "simulator" && fileHas(evidence.cards[card], secret))
                complain(`a password is on card ${card}`)
        for (const [path, content] of received)
            if (content.includes(secret)) complain(`a password is on the server, in ${path}`)
    }
}

/** grep skips the holes of a card's image, which are most of it. */
function fileHas(path: string, text: string): boolean {
    const { status, stderr } = spawnSync("grep", ["-qF", "-e", text, path])
    if (status !== 0 && status !== 1) throw new Error(`grep says: ${stderr}`)
    return status === 0
}
