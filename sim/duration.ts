const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Board milliseconds of "90s", "10m", "2h", "3d", "500ms"; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
    return match ? Number(match[1]) * unitMs[match[2]] : undefined
}

/** A duration for people: "1 d 02:03:04" or "00:01:30". */
export function formatDuration(milliseconds: number): string {
    const seconds = Math.floor(milliseconds / 1000)
    const two = (value: number) => String(Math.floor(value)).padStart(2, "0")
    const days = Math.floor(seconds / 86_400)
    const clock = `${two((seconds % 86_400) / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`
    return days > 0 ? `${days} d ${clock}` : clock
}
