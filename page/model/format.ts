// Numbers, times and sizes as people read them.

const nonBreaking = "\u00a0"

/** With a true minus sign; an em dash for unknown values. */
export function decimal(value: number | undefined, digits: number): string {
    if (value === undefined || Number.isNaN(value)) return "—"
    const text = Math.abs(value).toFixed(digits)
    return value < 0 && Number(text) !== 0 ? "−" + text : text
}

export function withUnit(value: number | undefined, digits: number, unit: string): string {
    return decimal(value, digits) + nonBreaking + unit
}

export function bytes(count: number): string {
    if (count < 1024) return `${count}${nonBreaking}bytes`
    if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)}${nonBreaking}KB`
    return `${(count / 1024 / 1024).toFixed(1)}${nonBreaking}MB`
}

/** `3 d 4 h`, `12 min`, `8 s`: the two largest parts. */
export function duration(seconds: number): string {
    const whole = Math.round(Math.abs(seconds))
    const parts: [number, string][] = [
        [Math.floor(whole / 86400), "d"],
        [Math.floor(whole / 3600) % 24, "h"],
        [Math.floor(whole / 60) % 60, "min"],
        [whole % 60, "s"],
    ]
    const first = parts.findIndex(([count]) => count > 0)
    if (first < 0) return `0${nonBreaking}s`
    return parts
        .slice(first, first + 2)
        .filter(([count]) => count > 0)
        .map(([count, unit]) => count + nonBreaking + unit)
        .join(" ")
}

/** `2026-11-22 13:19:45` at an offset from UTC. */
export function dateTime(seconds: number, offsetMinutes: number): string {
    const date = new Date((seconds + offsetMinutes * 60) * 1000)
    return Number.isNaN(date.getTime()) ? "—" : date.toISOString().slice(0, 19).replace("T", " ")
}

export function clockTime(seconds: number, offsetMinutes: number): string {
    return dateTime(seconds, offsetMinutes).slice(11)
}

/** A name from the board or a server, without folders and control characters. */
export function safeName(name: string): string {
    const last = name.split(/[/\\]/).at(-1)!
    return last.replace(/[\p{Cc}:*?"<>|]/gu, "_").replace(/^\.+/, "_") || "file"
}
