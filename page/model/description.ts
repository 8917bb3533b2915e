import { parseDescription } from "../../console/catalog"
import type { Alarm } from "../days/alarms"

/** A setting as the board describes it. */
export interface Setting {
    key: string
    section: string
    name: string
    type: string
    min: number
    max: number
    default: string
    unit: string
    help: string
    value: string
    allowed: string
}

/** A board's description of itself. */
export interface Board {
    settings: Setting[]
    alarms: Alarm[]
    /** By name, as text. */
    state: Map<string, string>
}

const text = (value: unknown): string => (typeof value === "string" ? value : String(value ?? ""))
const whole = (value: unknown): number => (typeof value === "number" ? value : 0)

/** Parses the output of `describe`. Throws a SyntaxError if it is none. */
export function parseBoard(printed: string): Board {
    const { settings, alarms, state } = parseDescription(printed)
    const rows = (list: object[]) => list as Record<string, unknown>[]
    return {
        settings: rows(settings).map(one => ({
            key: text(one.key),
            section: text(one.section),
            name: text(one.name),
            type: text(one.type),
            min: whole(one.min),
            max: whole(one.max),
            default: text(one.default),
            unit: text(one.unit),
            help: text(one.help),
            value: text(one.value),
            allowed: text(one.allowed),
        })),
        alarms: rows(alarms).map(one => ({ name: text(one.name), bit: whole(one.bit) })),
        state: new Map(rows(state).map(one => [text(one.name), text(one.value)])),
    }
}

/** The sections in the board's order, each with its settings. */
export function sectionsOf(settings: readonly Setting[]): Map<string, Setting[]> {
    const sections = new Map<string, Setting[]>()
    for (const one of settings)
        sections.set(one.section, [...(sections.get(one.section) ?? []), one])
    return sections
}
