import { longPlan } from "./plans"
import type { SoakResult } from "./soak"

const violationsShown = 40

/** The report as Markdown: events, findings, and the source of each figure. */
export function formatSoak(results: SoakResult[], wallSeconds: number): string {
    const most = Math.max(...results.map(result => result.days))
    const head = [
        `figure | ${results.map(column).join(" | ")}`,
        `---|${"---|".repeat(results.length)}`,
    ]
    const rows = figures.map(
        ([name, figure]) => `${name} | ${results.map(result => figure(result)).join(" | ")}`,
    )
    const table = [...head, ...rows].map(row => `| ${row} |`.replace(/\| \|$/, "|")).join("\n")
    const wrong = results.flatMap(({ world, verdict }) =>
        verdict.violations.slice(0, violationsShown).map(text => `- ${world}: ${text}`),
    )
    return (
        [
            "# Soak",
            `Made by \`npm run soak\` in ${wallSeconds} s of wall time, both columns at once on two cores.`,
            "The first column is the product: the optimized image in the DeviceScript runtime, in the simulator. Every second " +
                "would take an hour of wall time, so between two records, while nothing else happens, it runs one second in " +
                "twenty and its clocks skip the others (`-- --every-second` runs them all, for as many whole days " +
                "as fit into `--minutes`). The second is the same firmware, assembled by `src/firmware.ts`, in Node on the " +
                "same emulated chips, card image, clock and FTP server, with every second; there is no runtime heap to " +
                "measure there.",
            table,
            `What happened in ${most} days: ${describePlan(most)}`,
            wrong.length === 0 ? "Violations: none." : `Violations:\n\n${wrong.join("\n")}`,
        ].join("\n\n") + "\n"
    )
}

function column({ world, days }: SoakResult): string {
    return `${world}, ${days} days`
}

const figures: [string, (result: SoakResult) => string | number][] = [
    ["board time, s", ({ outcome }) => Math.round(outcome.boardSeconds)],
    ["wall time, s", ({ outcome }) => Math.round(outcome.wallSeconds)],
    ["records expected, main and cell", ({ verdict }) => verdict.recordsExpected],
    ["found on the card, in order", ({ verdict }) => verdict.recordsFound],
    ["missing, all in minutes without a card", ({ verdict }) => verdict.recordsMissing],
    ["counted as lost by the board", ({ outcome }) => outcome.recordsLost],
    [
        "files equal on card and server",
        ({ verdict }) => `${verdict.filesCompared}, ${verdict.bytesCompared} bytes`,
    ],
    [
        "sessions, files confirmed",
        ({ outcome }) => `${outcome.sessions}, ${outcome.filesConfirmed}`,
    ],
    ["sessions failed (server down)", ({ outcome }) => outcome.sessionsFailed],
    [
        "scheduled resets, expected",
        ({ outcome, days }) => `${outcome.resets}, ${longPlan(days).resetCount()}`,
    ],
    [
        "journal entries, expected",
        ({ outcome, verdict }) => `${outcome.journal.length}, ${verdict.journalExpected}`,
    ],
    ["heap after the first day, bytes", ({ outcome }) => outcome.heapFirst ?? "not measured"],
    ["heap at the end, bytes", ({ outcome }) => outcome.heapLast ?? "not measured"],
    ["violations", ({ verdict }) => verdict.violations.length],
]

function describePlan(days: number): string {
    const plan = longPlan(days)
    const flags = new Set(plan.journal.map(entry => entry.flag))
    return (
        `a main and a cell record each minute, a session each hour, the server down on ${plan.serverDown.length} days, ` +
        `the card pulled ${plan.cardOut.length} times (once for longer than the queue lasts), ${plan.jumps.length} clock ` +
        `jumps, the start of summer time, resets on Thursdays and Fridays at 03:30, the last five days before the end; flags that appeared and cleared: ` +
        `${[...flags].sort().join(", ")}.`
    )
}
