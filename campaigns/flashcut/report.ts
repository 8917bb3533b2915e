import type { FlashCutCounts } from "./campaign"

function table(title: string, counts: Record<string, number>): string {
    const rows = Object.entries(counts).sort((a, b) => b[1] - a[1])
    const width = Math.max(title.length, ...rows.map(([name]) => name.length))
    const line = (name: string, count: string): string =>
        `| ${name.padEnd(width)} | ${count.padStart(6)} |`
    return [
        line(title, "cuts"),
        `|${"-".repeat(width + 2)}|${"-".repeat(7)}:|`,
        ...rows.map(([name, count]) => line(name, String(count))),
    ].join("\n")
}

/** A campaign's figures as Markdown. */
export function formatFlashCuts(counts: FlashCutCounts, chains: number): string {
    const { violations } = counts
    const lines = [
        "# Power cuts while the flash is written",
        "",
        `Made by \`npm run flashcut\`: ${counts.cuts} cuts of the whole simulated board on ${chains} flash images carried`,
        `over from cut to cut; ${violations.length} violations.`,
        "",
        `Acknowledged and found again after every start: ${counts.settingsAcknowledged} changed settings, ` +
            `${counts.entriesAcknowledged} journal entries,`,
        `${counts.countersAcknowledged} counters, ${counts.scheduledResets} scheduled resets. In flight when the power ` +
            `went, found old or new: ${counts.settingsInFlight}`,
        `settings; ${counts.entriesInFlight} entries were in flash before they were acknowledged. The store collected ` +
            `garbage ${counts.collections} times;`,
        `${counts.safeModeStarts} starts were in safe mode. Every start came up with its console.`,
        "",
        table("power lost at", counts.byPlace),
        "",
        table("while", counts.byDoing),
        "",
    ]
    for (const { seed, life, what } of violations.slice(0, 40))
        lines.push(`- chain ${seed}, life ${life}: ${what}`)
    return lines.join("\n").trimEnd() + "\n"
}
