import { formatDateTime } from "../../core/calendar"
import { Fault, FaultCode } from "../../core/fault"
import { padEnd, printable } from "../../core/text"
import { Key } from "../../settings/keys"
import { findKey, keyCount, Row } from "../../settings/schema"
import { formatAllowed, formatValue } from "../../settings/values"
import { Call } from "../call"
import { Changes, noChanges } from "../session"
import { refuse } from "../words"

/** The setting of this name. Throws Fault UnknownKey. */
function keyOf(name: string): Key {
    const key = findKey(name)
    if (key === undefined)
        throw new Fault(
            FaultCode.UnknownKey,
            `unknown setting ${printable(name, 40)}; "show" lists the settings`,
        )
    return key
}

/** Checks a user's value and adds it to the changes. Throws the faults of `Settings.parse`. */
export function addChange(call: Call, changes: Changes, name: string, text: string): void {
    const key = keyOf(name)
    if (key === Key.ConsolePassword) refuse('console.password is set with "passwd"')
    const value = call.parts.settings.parse(key, text)
    const { keys, values } = changes
    let index = keys.indexOf(key, 0, values.length)
    if (index < 0) index = values.length
    keys[index] = key
    values[index] = value
}

/** A moment in local time, "never" for 0. */
export function formatMoment(call: Call, seconds: number): string {
    if (seconds === 0) return "never"
    return formatDateTime(seconds + call.parts.clock.offsetMinutes(seconds) * 60)
}

/** The value for display, with its unit. */
function shown(call: Call, key: Key, row: Row): string {
    const settings = call.parts.settings
    if (row.type === "timestamp") return formatMoment(call, settings.number(key))
    const value = formatValue(row, settings.text(key))
    if (!value) return '""'
    return row.type === "number" ? value + " " + row.unit : value
}

/** True if the row is the setting with this name, or in the section with this name. */
function isOf(row: Row, name: string): boolean {
    return row.name === name || row.name.startsWith(name + ".") || name === "all"
}

export async function show(call: Call): Promise<void> {
    await showSettings(call, call.words[0] || "all")
}

/** Shows the setting with this name, those of the section with this name, or all. */
export async function showSettings(call: Call, wanted: string): Promise<void> {
    let section = ""
    for (let key = 0; key < keyCount; ++key) {
        const row = new Row(key)
        if (!isOf(row, wanted)) continue
        if (row.section !== section) await call.print(row.section)
        section = row.section
        await call.print(
            `  ${padEnd(row.name, 36)} ${padEnd(shown(call, key, row), 20)} ${row.title}`,
        )
        if (row.name === wanted && !row.isState)
            await call.print("  " + row.help + ": " + formatAllowed(row))
    }
    if (!section) keyOf(wanted)
}

export async function set(call: Call): Promise<void> {
    const changes = noChanges()
    addChange(call, changes, call.words[0], call.words[1])
    const { settings, wifiKeeper } = call.parts
    await settings.apply(changes.keys as any, changes.values)
    const key = changes.keys[0]
    switch (key) {
        case Key.WifiSsid:
        case Key.WifiPassword:
            await call.print("ok" + wifiKeeper.problem())
            break
        // Users think of these in other units.
        case Key.BatteryCapacity:
        case Key.BatteryShunt:
            await call.print("ok, " + shown(call, key, new Row(key)))
    }
}

export async function defaults(call: Call): Promise<void> {
    const { settings, ticks } = call.parts
    const wanted = call.words[0]
    const changes = noChanges()
    let differ = 0
    let secrets = ""
    for (let key = 0; key < keyCount; ++key) {
        const row = new Row(key)
        if (!isOf(row, wanted) || row.isState) continue
        const fallback: any = settings.fallback(key)
        changes.keys[changes.values.length] = key
        changes.values.push(fallback)
        if (settings.text(key) !== fallback) {
            differ += 1
            if (row.isSecret) secrets += ", " + row.name
        }
        await ticks.sleep(1)
    }
    // Refuses an unknown or read-only key as "set" would.
    if (!changes.values.length) settings.parse(keyOf(wanted), "")
    if (call.words[1] !== "yes")
        refuse(`this changes ${differ} settings${secrets}; repeat with: defaults ${wanted} yes`)
    await settings.apply(changes.keys as any, changes.values)
}
