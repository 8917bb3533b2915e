import { modes } from "./faults"
import type { Counts, Tally, Violation } from "./tally"

function table(header: string[], rows: (string | number)[][]): string {
    const all = [header, ...rows.map(row => row.map(String))]
    const widths = header.map((_, i) => Math.max(...all.map(row => row[i].length)))
    const line = (row: string[]) =>
        `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(" | ")} |`
    const rule = `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : "-".repeat(width + 1) + ":")).join("|")}|`
    return [line(all[0]), rule, ...all.slice(1).map(line)].join("\n")
}

function countsTable(title: string, sums: Map<string, Counts>): string {
    const header = [
        title,
        "cuts",
        "inside a recovery",
        "records acknowledged",
        "records lost",
        "most in one sector",
    ]
    const rows = [...sums].map(([name, counts]) => [
        name,
        counts.cuts,
        counts.nested,
        counts.acknowledged,
        counts.lost,
        counts.lostMax,
    ])
    return table(header, rows)
}

/**
 * A campaign's figures as Markdown: by scenario, card and mode, and the agreement with fsck.fat.
 */
export function formatTables(tally: Tally): string {
    const fsck = modes.map(mode => {
        const counts = tally.fsckOf(mode)
        const total = counts.recovered + counts.raw
        const disagreed = total - counts.agreed
        return [mode, counts.recovered, counts.raw, counts.rawDamaged, counts.agreed, disagreed]
    })
    const fsckHeader = [
        "mode",
        "recovered cards",
        "as the cut left them",
        "of these damaged",
        "agreed",
        "disagreed",
    ]
    return [
        countsTable("scenario", tally.sums(0)),
        countsTable("card", tally.sums(1)),
        countsTable("mode", tally.sums(2)),
        "Judged by `fsck.fat -n` as well as by our own checker:",
        table(fsckHeader, fsck),
    ].join("\n\n")
}

/** The violations, with the commands that repeat them. */
export function formatViolations(violations: Violation[], most: number): string {
    const lines: string[] = []
    for (const { text, what, story } of violations.slice(0, most))
        lines.push(what, `    npm run powercut -- ${text}`, story, "")
    return lines.join("\n")
}

/** The number of violations by kind. */
export function formatKinds(tally: Tally): string {
    return [...tally.violationsOf].map(([kind, count]) => `${count} times: ${kind}`).join("\n")
}
