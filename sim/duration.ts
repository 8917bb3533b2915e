const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Board milliseconds of "90s", "10m", "2h", "3d", "500ms"; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
    return match ? Number(match[1]) * unitMs[match[2]] : undefined
}
