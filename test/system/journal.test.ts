import { expect, test } from "vitest"
import { benchOfEachTest } from "../support/eachbench"
import type { SimulatorRun } from "../support/simulator"

const bench = benchOfEachTest()

/**
 * Few records and no upload: only the journal is tested, and runs are quick. A new board may have
 * an entry for its unformatted card: entries are counted from the journal shown here.
 */
const quiet = ["set ftp.enable off", "set sd.period 3600", "sleep 10s", "journal"]

/** The answers to each `journal` of the run, line by line. */
function journals(run: SimulatorRun): string[][] {
    return run
        .answers("journal")
        .map(lines => lines.filter(line => /^(Last record|Record \d+) /.test(line)))
}

interface Entry {
    number: number
    time: string
    text: string
}

/** The reason in an entry. A restart forgets it. */
const note = / \((?!too often).*?\)(?=;)/

function withoutNote(text: string): string {
    return text.replace(note, "")
}

/** The entries of a journal, oldest first. */
function entriesOf(lines: string[]): Entry[] {
    const matches = lines.slice(1).map(line => /^Record \d+ +#(\d+) (\S+ \S+) (.*)$/.exec(line))
    return matches
        .filter(match => match !== null)
        .map(match => ({ number: Number(match[1]), time: match[2], text: withoutNote(match[3]) }))
        .sort((a, b) => a.number - b.number)
}

/** Entries of the run's last journal that its first one lacks. */
function added(run: SimulatorRun): Entry[] {
    const all = journals(run).map(entriesOf)
    const before = all[0].at(-1)?.number ?? 0
    return all.at(-1)!.filter(entry => entry.number > before)
}

function texts(run: SimulatorRun): string[] {
    return added(run).map(entry => entry.text)
}

test("after all 32 positions the next entry is at position 1, even across restarts", async () => {
    const change = (begin: string, end: string) => [begin, "sleep 20s", end, "sleep 20s"]
    const round = [
        ...change("!temp 1 70", "!temp 1 25"),
        ...change("!monitor down", "!monitor up"),
        ...change("!temp 2 -30", "!temp 2 25"),
    ]
    const overcurrent = change("!current -400", "!current 10")
    const restarts = ["reset now", "!current -400", "sleep 30s", "!power cut", "!current 10"]
    const run = await bench().exec([
        ...quiet,
        ...[...round, ...round, ...round, ...round, ...round],
        ...restarts,
        "sleep 30s",
        ...overcurrent,
        "journal",
    ])
    expect(run.exit).toBe(0)
    const lines = journals(run).at(-1)!
    const number = (entriesOf(journals(run)[0]).at(-1)?.number ?? 0) + 34
    const position = number - 32
    expect(lines).toHaveLength(33)
    expect(withoutNote(lines[0])).toMatch(
        /^Last record #\d+ .* OVERCURRENT_DISCHARGE disappeared; now: none$/,
    )
    expect(lines[0]).toContain(` #${number} `)
    // The last record is where the 32nd last was. After it come the old ones.
    expect(lines[position]).toBe(lines[0].replace("Last record ", `Record ${position}`.padEnd(12)))
    expect(lines[position + 1]).toContain(`#${number - 31} `)
    expect(lines[1]).toMatch(/^Record 1 +#33 /)
    expect(lines[32]).toMatch(/^Record 32 +#32 /)
    expect(
        entriesOf(lines)
            .slice(-4)
            .map(entry => entry.text),
    ).toEqual([
        "OVERCURRENT_DISCHARGE appeared; now: OVERCURRENT_DISCHARGE",
        "OVERCURRENT_DISCHARGE disappeared; now: none",
        "OVERCURRENT_DISCHARGE appeared; now: OVERCURRENT_DISCHARGE",
        "OVERCURRENT_DISCHARGE disappeared; now: none",
    ])
    expect(run.summary.journal.last).toBe(number)
    // The reset and the start after the power cut.
    expect(run.summary.resets).toBe(2)
})

test("an error that spans two restarts is one entry, and its end is another", async () => {
    const run = await bench().exec([
        ...quiet,
        "!card out",
        "sleep 30s",
        "!power cut",
        "sleep 1m",
        "reset now",
        "sleep 1m",
        "status",
        "!card in",
        "sleep 30s",
        "journal",
    ])
    expect(run.exit).toBe(0)
    expect(run.answer("status").join("\n")).toMatch(/^alarms +SD_CARD$/m)
    expect(texts(run)).toEqual(["SD_CARD appeared; now: SD_CARD", "SD_CARD disappeared; now: none"])
})

test("an error that ended with the board off is entered later, a lasting one is not", async () => {
    const run = await bench().exec([
        ...quiet,
        "set battery.delay 20",
        "!temp 1 70",
        "!current -400",
        "sleep 1m",
        "!power cut",
        "!temp 1 25",
        "sleep 2m",
        "journal",
    ])
    expect(texts(run)).toEqual([
        "OVERCURRENT_DISCHARGE appeared; now: OVERCURRENT_DISCHARGE",
        "OVERTEMPERATURE appeared; now: OVERCURRENT_DISCHARGE, OVERTEMPERATURE",
        "OVERTEMPERATURE disappeared; now: OVERCURRENT_DISCHARGE",
    ])
})

test("two alarms in one second are two entries, the lower bit first", async () => {
    const run = await bench().exec([
        ...quiet,
        "!monitor down",
        "!card out",
        "sleep 30s",
        "!card in",
        "!monitor up",
        "sleep 30s",
        "!temp 1 70",
        "!current -400",
        "sleep 30s",
        "journal",
    ])
    const found = texts(run)
    expect(found.slice(4)).toEqual([
        "OVERCURRENT_DISCHARGE appeared; now: OVERCURRENT_DISCHARGE",
        "OVERTEMPERATURE appeared; now: OVERCURRENT_DISCHARGE, OVERTEMPERATURE",
    ])
    expect(found).toHaveLength(6)
    expect(
        found
            .slice(0, 2)
            .map(text => text.split(";")[0])
            .sort(),
    ).toEqual(["MONITOR_OFFLINE appeared", "SD_CARD appeared"])
    expect(found[3]).toMatch(/disappeared; now: none$/)
    const at = added(run).map(entry => entry.time)
    expect(at[4]).toBe(at[5])
    // Both are in the log, with their reasons.
    for (const said of [
        /journal: record #\d+ .* OVERCURRENT_DISCHARGE appeared \(\d+\.\d{3} A, limit 200\.000 A\); now/m,
        /journal: record #\d+ .* OVERTEMPERATURE appeared \(thermistor 1: \d+\.\d .C, limit 60\.0 .C\); now/m,
        /journal: record #\d+ .* MONITOR_OFFLINE appeared \(.+\); now/m,
        /journal: record #\d+ .* SD_CARD appeared \(.+\); now/m,
        /^Record \d+ +#\d+ .* OVERTEMPERATURE appeared \(thermistor 1: .*\); now/m,
    ])
        expect(run.output).toMatch(said)
})

test("changes that last less than 3 s are not entered, in either direction", async () => {
    const blink = ["!monitor down", "sleep 1500ms", "!monitor up", "sleep 5s"]
    const gap = ["!monitor up", "sleep 1500ms", "!monitor down", "sleep 5s"]
    const run = await bench().exec([
        ...quiet,
        ...blink,
        ...blink,
        "!monitor down",
        "sleep 10s",
        ...gap,
        ...gap,
        "journal",
    ])
    expect(texts(run)).toEqual(["MONITOR_OFFLINE appeared; now: MONITOR_OFFLINE"])
})

test("a flapping signal makes ten entries an hour and one that says so, over a restart", async () => {
    const flap = ["!monitor down", "sleep 8s", "!monitor up", "sleep 8s"]
    const many = (count: number) => Array.from({ length: count }, () => flap).flat()
    const run = await bench().exec([
        ...quiet,
        ...many(8),
        "!power cut",
        ...many(4),
        "!card out",
        "sleep 20s",
        "journal",
    ])
    expect(run.exit).toBe(0)
    const found = texts(run)
    expect(found.slice(0, 2)).toEqual([
        "MONITOR_OFFLINE appeared; now: MONITOR_OFFLINE",
        "MONITOR_OFFLINE disappeared; now: none",
    ])
    expect(found.slice(10)).toEqual([
        "MONITOR_OFFLINE appeared (too often: not entered for an hour); now: MONITOR_OFFLINE",
        "SD_CARD appeared; now: SD_CARD",
    ])
})

test("the time of an entry has a ~ while the time is unknown", async () => {
    const run = await bench().exec([
        ...quiet,
        "!clock lost",
        "!power cut",
        "sleep 10s",
        "time",
        "!current -400",
        "sleep 20s",
        "time set 2026-12-24 18:00:00",
        "!current 10",
        "sleep 20s",
        "journal",
    ])
    expect(run.exit).toBe(0)
    // The earliest time that this firmware accepts. The flash has none yet.
    expect(run.answer("time")[0]).toMatch(
        / 2024-01-01 00:00:\d\d~ \+00:00 from none; the clock chip has lost/,
    )
    expect(added(run).map(({ time, text }) => [time.replace(/:\d\d(?=~|$)/, ""), text])).toEqual([
        ["2024-01-01 00:00~", "CLOCK appeared; now: CLOCK"],
        ["2024-01-01 00:00~", "OVERCURRENT_DISCHARGE appeared; now: OVERCURRENT_DISCHARGE, CLOCK"],
        expect.arrayContaining(["2026-12-24 18:00"]),
        expect.arrayContaining(["2026-12-24 18:00"]),
    ])
})
