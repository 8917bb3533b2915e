import type { CaseResult } from "./case"

function table(header: string[], rows: (string | number)[][]): string {
    const all = [header, ...rows.map(row => row.map(String))]
    const widths = header.map((_, i) => Math.max(...all.map(row => row[i].length)))
    const cell = (text: string, i: number): string =>
        i < 2 ? text.padEnd(widths[i]) : text.padStart(widths[i])
    const rule = widths.map((width, i) => (i < 2 ? "-".repeat(width) : "-".repeat(width - 1) + ":"))
    return [header, rule, ...all.slice(1)]
        .map(row => `| ${row.map((text, i) => cell(text, i)).join(" | ")} |`)
        .join("\n")
}

function grouped(results: CaseResult[], key: (result: CaseResult) => string): CaseResult[][] {
    const groups = new Map<string, CaseResult[]>()
    for (const result of results)
        groups.set(key(result), [...(groups.get(key(result)) ?? []), result])
    return [...groups.values()]
}

function row(group: CaseResult[]): (string | number)[] {
    const calm = group.map(one => one.calmSessions)
    return [
        group.length,
        group.reduce((sum, one) => sum + one.sessions, 0),
        group.reduce((sum, one) => sum + one.messages.length, 0),
        Math.max(...calm),
        group.filter(one => one.violations.length > 0).length,
    ]
}

const columns = ["cases", "sessions", "of them failed", "calm ones, at most", "violated"]

/** Tables by kind of fault, and by server and socket. */
export function formatTables(results: CaseResult[]): string {
    const byKind = grouped(results, one => one.mode + one.kind)
    const byServer = grouped(results, one => one.mode + one.server)
    const bySocket = grouped(results, one => one.mode + one.socket)
    return [
        table(
            ["mode", "fault", ...columns],
            byKind.map(group => [group[0].mode, group[0].kind, ...row(group)]),
        ),
        table(
            ["mode", "server", ...columns],
            byServer.map(group => [group[0].mode, group[0].server, ...row(group)]),
        ),
        table(
            ["mode", "socket as of", ...columns],
            bySocket.map(group => [group[0].mode, group[0].socket, ...row(group)]),
        ),
    ].join("\n\n")
}

/** The uploader's messages without numbers and names, with their counts. */
export function formatMessages(results: CaseResult[]): string {
    const counts = new Map<string, number>()
    for (const message of results.flatMap(one => one.messages)) {
        const kind = message
            .replace(/B\d+-(LOG|CELL)-\d{8}(-\d+)?\.CSV/g, "NAME")
            .replace(/\b\d{5}\b/g, "PORT")
        counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
    const sorted = [...counts].sort((one, two) => two[1] - one[1])
    return sorted.map(([kind, count]) => `- ${count} × ${kind}`).join("\n")
}

/** The violations, with the commands that repeat them. */
export function formatViolations(results: CaseResult[], most: number): string {
    return results
        .filter(one => one.violations.length > 0)
        .slice(0, most)
        .map(one => {
            const flags = `--mode ${one.mode} --kind "${one.kind}" --seed ${one.seed}`
            return [
                ...one.violations.slice(0, 6),
                `    npm run uploadfaults -- ${flags}`,
                ...one.story.map(line => "    " + line),
            ].join("\n")
        })
        .join("\n\n")
}
