import { Key } from "../../src/settings/keys"
import { keyCount, Row } from "../../src/settings/schema"
import { formatValue } from "../../src/settings/values"

/** A setting that a person sets, with two values other than its default (a flag has only one). */
export interface Sample {
    key: Key
    name: string
    isSecret: boolean
    /** As typed, and as shown unless secret. */
    values: [string, string]
    /** Its unit in `show`. */
    unit: string
}

const byType: Record<string, [string, string]> = {
    name: ["PACK-1", "PACK-2"],
    text: ["one two", "Süd 3"],
    secret: ["password one", "password-2"],
    folder: ["logs", "My Logs/b"],
    host: ["a.example", "192.0.2.99"],
    "host:port": ["a.example:1", "b.example:65535"],
    "host[:port]": ["a.example", "b.example:80"],
    zone: ["+02:00", "CET-1CEST,M3.5.0,M10.5.0/3"],
    days: ["Mon", "Tue,Sun"],
    time: ["12:34", "23:59"],
}

function valuesOf(row: Row): [string, string] {
    const listed = byType[row.type]
    if (listed) return listed
    if (row.type === "flag") {
        const other = row.fallback === "on" ? "off" : "on"
        return [other, other]
    }
    if (row.type === "enum") {
        const others = row.unit.split(",").filter(choice => choice !== row.fallback)
        return [others[0], others.at(-1)!]
    }
    // Near the default, so that limits stay consistent.
    const step = Number(row.fallback) + 2 <= row.max ? 1 : -1
    return [1, 2].map(steps => String(Number(row.fallback) + steps * step)) as [string, string]
}

/** Every setting that `set` takes. */
export function settingSamples(): Sample[] {
    const samples: Sample[] = []
    for (let key = 0; key < keyCount; ++key) {
        const row = new Row(key)
        if (row.isState || row.type === "hash") continue
        const unit = row.type === "number" ? " " + row.unit : ""
        const { name, isSecret } = row
        samples.push({ key, name, isSecret, values: valuesOf(row), unit })
    }
    return samples
}

/** The line that sets a setting to its default. */
export function defaultLine(sample: Sample, shortId: string): string {
    const row = new Row(sample.key)
    const id = sample.key === Key.UserSerial ? shortId : ""
    return `set ${sample.name} "${row.fallback}${id}"`
}

/** The expected line of `show`, up to the setting's name in the manual. */
export function shownLine(sample: Sample, value: string): string {
    let shown = value === "" ? '""' : value + sample.unit
    if (sample.isSecret) shown = formatValue(new Row(sample.key), value)
    return `  ${sample.name.padEnd(36)} ${shown.padEnd(20)} `
}
