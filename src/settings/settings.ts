import { Alarm, AlarmSink } from "../core/alarm"
import { crc16 } from "../core/checksum"
import { Fault, FaultCode } from "../core/fault"
import { Flash } from "../core/seams"
import { fieldAt, parseInteger, printable } from "../core/text"
import { Key, StateWriter } from "./keys"
import { findKey, keyCount, placeCount, placeOf, Row } from "./schema"
import { formatAllowed, formatValue, parseValue, textFits } from "./values"

/** The first byte of each flash value: how its lines are to be read. */
const layoutVersion = "1"

/** A line of a flash value: the digit of its place, a check character over the rest, the value. */
function formatLine(digit: string, value: string): string {
    const bytes = Buffer.from(digit + value)
    return digit + String.fromCharCode(48 + (crc16(0, bytes, 0, bytes.length) & 63)) + value
}

/** Which flash value a place is in: "a" is the first. */
function placeIndex(place: string): number {
    return place.charCodeAt(0) - 97
}

function flashKey(index: number): string {
    return "s" + String.fromCharCode(97 + index)
}

/** The line that begins with the digit, "" when there is none. */
function findLine(text: string, digit: string): string {
    const from = text.indexOf("\n" + digit)
    return from < 0 ? "" : fieldAt(text.slice(from), 1, "\n")
}

/**
 * The settings in force, and their place in flash: several of them share a flash value (see
 * docs/SPEC-settings.md), of which only those that differ from their default take room.
 */
export class Settings implements StateWriter {
    /** Called with each key whose new value is in flash. Must not throw. */
    onChange: (key: Key) => void = undefined
    /** Values by key, numbers or texts by the row's type. */
    private readonly values: any[] = []
    /** The flash values that hold a damaged line; bit 0 is "a". */
    private damaged = 0

    /** All settings have their defaults until `load`. */
    constructor(
        private readonly flash: Flash,
        private readonly alarms: AlarmSink,
        private readonly shortId: string,
    ) {
        for (let key = 0; key < keyCount; ++key) this.values.push(this.fallback(key))
    }

    /**
     * Takes over what is stored. A value that is damaged or no longer fits its row is back at its
     * default, alone, and the SETTINGS flag is up until something is stored beside it.
     * Throws nothing: a flash that cannot be read is damage too.
     */
    async load(): Promise<void> {
        const texts: string[] = []
        // Characters of each text that no setting has taken: there are none unless it is damaged.
        const left: number[] = []
        this.damaged = 0
        for (let i = 0; i < placeCount; ++i) {
            const text = await this.readText(i)
            texts.push(text)
            left.push(text[0] === layoutVersion ? text.length - 1 : text.length)
        }
        for (let key = 0; key < keyCount; ++key) {
            const row = new Row(key)
            const index = placeIndex(row.place)
            const line = findLine(texts[index], row.place[1])
            if (line.length !== 0) left[index] = left[index] - line.length - 1
            this.values[key] = this.takeLine(row, line)
        }
        for (let i = 0; i < placeCount; ++i) if (left[i] !== 0) this.damaged |= 1 << i
        this.alarms.set(Alarm.Settings, this.damaged !== 0)
    }

    /** Number settings, flags (0 or 1), enums (the choice's index), days, minutes, counts, Unix seconds. */
    number(key: Key): number {
        return this.values[key]
    }

    text(key: Key): string {
        return this.values[key]
    }

    /** As it is shown and as `set` takes it back; secrets are "set" or "not set". */
    format(key: Key): string {
        return formatValue(new Row(key), this.values[key])
    }

    /** The setting with this name, else undefined. */
    find(name: string): Key | undefined {
        return findKey(name)
    }

    /** The default, in the form that `apply` takes. */
    fallback(key: Key): number | string {
        return this.defaultOf(new Row(key))
    }

    /**
     * The value that a person's text stands for. Throws Fault ReadOnlyKey, or ValueRefused with a
     * message that names key, value (unless it is a secret) and what is allowed.
     */
    parse(key: Key, text: string): number | string {
        const row = new Row(key)
        if (row.isState())
            throw new Fault(FaultCode.ReadOnlyKey, row.name + " is kept by the board itself", key)
        const value = parseValue(row, text)
        if (value !== undefined) return value
        const shown = row.isSecret() ? "the value" : text.length === 0 ? '""' : printable(text, 40)
        throw new Fault(
            FaultCode.ValueRefused,
            `${row.name}: ${shown} is not ${formatAllowed(row)}`,
            key,
        )
    }

    /** Checks and stores a person's text; the value is in force and in flash on return. */
    async set(key: Key, text: string): Promise<void> {
        await this.apply([key], [this.parse(key, text)])
    }

    /** Stores a state's value, or a default for good measure: no check is made. */
    async setState(key: Key, value: number): Promise<void> {
        await this.apply([key], [value])
    }

    /** Back to the default. */
    async reset(key: Key): Promise<void> {
        await this.apply([key], [this.fallback(key)])
    }

    /**
     * Stores several values at once, each flash value written once. When the flash refuses, all of
     * them are as before in memory, and its fault is thrown.
     */
    async apply(keys: Key[], values: any[]): Promise<void> {
        const before: any[] = []
        let places = 0
        // In force before it is in flash: two callers who write the same flash value at the same
        // time then both write what both have changed.
        for (let i = 0; i < keys.length; ++i) {
            const key = keys[i]
            before.push(this.values[key])
            const bit = 1 << placeIndex(placeOf(key))
            if (this.values[key] !== values[i] || (this.damaged & bit) !== 0) places |= bit
            this.values[key] = values[i]
        }
        try {
            for (let i = 0; i < placeCount; ++i) if ((places >> i) & 1) await this.store(i)
        } catch (thrown) {
            for (let i = 0; i < keys.length; ++i) this.values[keys[i]] = before[i]
            throw thrown
        }
        for (let i = 0; i < keys.length; ++i)
            if (before[i] !== values[i] && this.onChange) this.onChange(keys[i])
    }

    private async store(index: number): Promise<void> {
        let text = layoutVersion
        for (let key = 0; key < keyCount; ++key) {
            const place = placeOf(key)
            if (placeIndex(place) === index && this.values[key] !== this.fallback(key))
                text += "\n" + formatLine(place[1], "" + this.values[key])
        }
        if (text.length === 1) await this.flash.remove(flashKey(index))
        else await this.flash.write(flashKey(index), Buffer.from(text))
        this.damaged &= ~(1 << index)
        this.alarms.set(Alarm.Settings, this.damaged !== 0)
    }

    private async readText(index: number): Promise<string> {
        try {
            const value = await this.flash.read(flashKey(index))
            return value ? value.toString() : ""
        } catch {
            // No flash value of this layout, that is, damage: the flag is raised.
            return "?"
        }
    }

    private defaultOf(row: Row): number | string {
        if (row.key === Key.UserSerial) return row.fallback + this.shortId
        return row.fallback.length === 0 ? "" : parseValue(row, row.fallback)
    }

    /** The value in the row's line; the default when there is none or it is damaged. */
    private takeLine(row: Row, line: string): number | string {
        const fallback = this.defaultOf(row)
        if (line.length === 0) return fallback
        const stored = line.slice(2)
        if (formatLine(line[0], stored) === line) {
            if (typeof fallback === "string") {
                if (textFits(row, stored)) return stored
            } else {
                const value = parseInteger(stored)
                if (value >= row.min && value <= row.max) return value
            }
        }
        this.damaged |= 1 << placeIndex(row.place)
        return fallback
    }
}
