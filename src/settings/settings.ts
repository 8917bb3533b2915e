import { Alarm, AlarmSink } from "../core/alarm"
import { crc16 } from "../core/checksum"
import { Fault, FaultCode } from "../core/fault"
import { Exclusive, Flash } from "../core/seams"
import { fieldAt, parseInteger, printable, textOf } from "../core/text"
import { Key, StateWriter } from "./keys"
import { keyCount, nameOf, placeCount, placeOf, Row } from "./schema"
import { formatAllowed, parseValue, textFits } from "./values"

/** The first byte of each flash value: how its lines are to be read. */
const layoutVersion = "1"
/**
 * Flash key of the flash values that a change under way replaces, as a decimal number: bit 0 is
 * "a". While it is there, "ta" … "tr" hold what they were before.
 */
const undoKey = "t"
/** Times and their reasons: docs/reference/times.md. */
const turnMs = 60000

/** Limits that must leave room: of each rule the first must be above the sum of the others. */
function limitRules(): Key[][] {
    return [
        [
            Key.BatteryCellOvervoltage,
            Key.BatteryCellOvervoltageHysteresis,
            Key.BatteryCellUndervoltage,
            Key.BatteryCellUndervoltageHysteresis,
        ],
        [
            Key.BatteryOvertemperature,
            Key.BatteryTemperatureHysteresis,
            Key.BatteryUndertemperature,
            Key.BatteryTemperatureHysteresis,
        ],
        [Key.BatteryOvercurrentCharge, Key.BatteryOvercurrentHysteresis],
        [Key.BatteryOvercurrentDischarge, Key.BatteryOvercurrentHysteresis],
        [Key.BatteryImbalance, Key.BatteryImbalanceHysteresis],
    ]
}

/** A line of a flash value: the digit of its place, a check character over the rest, the value. */
function formatLine(digit: string, value: string): string {
    const bytes = Buffer.from(digit + value)
    return digit + String.fromCharCode(48 + (crc16(0, bytes, 0, bytes.length) & 63)) + value
}

/** Which flash value a place is in: "a" is the first. */
function placeIndex(place: string): number {
    return place.charCodeAt(0) - 97
}

/**
 * The flash key of that flash value: of what holds with "s" in front, of what held before with "t".
 */
function flashKey(prefix: string, index: number): string {
    return prefix + String.fromCharCode(97 + index)
}

/** The line that begins with the digit, "" when there is none. */
function findLine(text: string, digit: string): string {
    const from = text.indexOf("\n" + digit)
    return from < 0 ? "" : fieldAt(text.slice(from), 1, "\n")
}

/** The default, of which the serial number's ends with the device's short id. */
function defaultOf(row: Row, shortId: string): number | string {
    if (row.key === Key.UserSerial) return row.fallback + shortId
    return row.fallback ? parseValue(row, row.fallback) : ""
}

/** True when the line is as it was written. */
function isWhole(line: string): boolean {
    return formatLine(line[0], line.slice(2)) === line
}

/**
 * True when there is anything behind the version but whole lines. A line may be whole and unknown:
 * then another firmware wrote it.
 */
function isDamaged(text: string): boolean {
    let left = text.length
    for (let i = 1; left > 0; ++i) {
        const line = fieldAt(text, i, "\n")
        if (!isWhole(line)) return true
        left -= line.length + 1
        if (left === 1) return false
    }
    return false
}

/** The value in a line of the row, undefined when it is damaged or no longer fits. */
function valueOf(row: Row, line: string, fallback: number | string): number | string | undefined {
    const stored = line.slice(2)
    if (!isWhole(line)) return undefined
    // Earlier firmware took a name of 32 bytes: it is no damage, and "wifi" says what is wrong with
    // it.
    if (row.key === Key.WifiSsid) row.max = 32
    if (typeof fallback === "string") return textFits(row, stored) ? stored : undefined
    const value = parseInteger(stored)
    return value >= row.min && value <= row.max ? value : undefined
}

/**
 * The settings in force, and their place in flash: several of them share a flash value (see
 * docs/reference/settings.md), of which only those that differ from their default take room.
 */
export class Settings implements StateWriter {
    /** Called with each key whose new value is in flash. Must not throw. */
    onChange: (key: Key) => void
    /** What is stored could not be read, or not be put back: nothing is stored over it. */
    unread: boolean
    /** Some are not at their defaults, or were once. */
    stored: boolean
    /** Values by key, numbers or texts by the row's type. */
    private readonly values: any[] = []
    /** The flash values that hold a damaged line; bit 0 is "a". */
    private damaged = 0

    /** All settings have their defaults until `load`. */
    constructor(
        private readonly flash: Flash,
        private readonly alarms: AlarmSink,
        private readonly shortId: string,
        /** Changes take turns: they share the mark of a change under way, and what it puts back. */
        private readonly turns: Exclusive,
    ) {
        for (let key = 0; key < keyCount; ++key) this.values.push(this.fallback(key))
    }

    /**
     * Takes over what is stored. A value that is damaged or no longer fits its row is back at its
     * default, alone, and the SETTINGS flag is up until something is stored beside it.
     * Throws the flash's faults: then the flag is up, and `unread` until it succeeds.
     */
    async load(): Promise<void> {
        const texts: string[] = []
        let fault: any = undefined
        this.unread = true
        this.alarms.set(Alarm.Settings, true)
        try {
            await this.undo()
        } catch (thrown) {
            fault = thrown
        }
        this.damaged = 0
        for (let i = 0; i < placeCount; ++i) {
            const value = await this.flash.read(flashKey("s", i))
            if (value) this.stored = true
            const text = value ? textOf(value) : ""
            texts.push(text)
            if (isDamaged(text)) this.damaged |= 1 << i
        }
        for (let key = 0; key < keyCount; ++key) {
            const row = new Row(key)
            const place = placeOf(key)
            const index = placeIndex(place)
            const line = findLine(texts[index], place[1])
            const fallback = defaultOf(row, this.shortId)
            this.values[key] = fallback
            if (!line) continue
            const value = valueOf(row, line, fallback)
            if (value === undefined) this.damaged |= 1 << index
            else this.values[key] = value
        }
        if (fault) throw fault
        this.unread = false
        this.alarms.set(Alarm.Settings, this.damaged !== 0)
    }

    /**
     * Number settings, flags (0 or 1), enums (the choice's index), days, minutes, counts, Unix
     * seconds.
     */
    number(key: Key): number {
        return this.values[key]
    }

    /** Texts; the value of any other setting too, for `formatValue`. */
    text(key: Key): string {
        return this.values[key]
    }

    /** The default, in the form that `apply` takes. */
    fallback(key: Key): number | string {
        return defaultOf(new Row(key), this.shortId)
    }

    /**
     * The value that a person's text stands for. Throws Fault ReadOnlyKey, or ValueRefused with a
     * message that names key, value (unless it is a secret) and what is allowed.
     */
    parse(key: Key, text: string): number | string {
        const row = new Row(key)
        if (row.isState)
            throw new Fault(FaultCode.ReadOnlyKey, row.name + " is kept by the board itself", key)
        const value = parseValue(row, text)
        if (value !== undefined) return value
        const shown = row.isSecret ? "the value" : text.length === 0 ? '""' : printable(text, 40)
        throw new Fault(
            FaultCode.ValueRefused,
            `${row.name}: ${shown} is not ${formatAllowed(row)}`,
            key,
        )
    }

    /**
     * Stores values that `parse` or `fallback` gave, or states, all or none: each flash value is
     * written once, and only when something in it has changed; a power cut in between puts all of
     * them back at the next start. When the flash refuses, all are as before and its fault is
     * thrown. Whoever changes some at the same time waits for its turn. Throws Fault ValueRefused
     * when limits among them would contradict each other, FlashNoAnswer as long as it is not known
     * what the flash holds, LockTimeout.
     */
    async apply(keys: Key[], values: any[]): Promise<void> {
        const self = this
        await this.turns.run("a change", turnMs, async () => await self.change(keys, values))
    }

    private async change(keys: Key[], values: any[]): Promise<void> {
        if (this.unread)
            throw new Fault(
                FaultCode.FlashNoAnswer,
                "the flash returned no settings: try again in a minute, else reset the board",
            )
        const inForce = this.values
        // In its full length at once: an array that grows leaves larger and larger pieces behind.
        const before = values.slice(0)
        let places = 0
        // In force before it is in flash: `store` writes what is in force.
        for (let i = 0; i < values.length; ++i) {
            const key = keys[i]
            before[i] = inForce[key]
            const bit = 1 << placeIndex(placeOf(key))
            if (inForce[key] !== values[i] || this.damaged & bit) places |= bit
            inForce[key] = values[i]
        }
        let several = false
        try {
            this.checkLimits(keys)
            several = (places & (places - 1)) !== 0
            if (several) {
                await this.copy("s", "t", places)
                await this.flash.write(undoKey, Buffer.from("" + places))
            }
            for (let i = 0; i < placeCount; ++i) if ((places >> i) & 1) await this.store(i)
            if (several) await this.flash.remove(undoKey)
        } catch (thrown) {
            for (let i = 0; i < values.length; ++i) inForce[keys[i]] = before[i]
            try {
                if (several) await this.undo()
            } catch {
                // The next start does it; what was stored before then would go with it.
                this.unread = true
            }
            throw thrown
        }
        for (let i = 0; i < values.length; ++i)
            if (before[i] !== values[i] && this.onChange) this.onChange(keys[i])
    }

    /**
     * Throws Fault ValueRefused when limits that some of the keys belong to leave no room between
     * them.
     */
    private checkLimits(keys: Key[]): void {
        for (const rule of limitRules()) {
            let text = ""
            let room = 0
            let concerned = false
            for (const key of rule) {
                const value = this.number(key)
                room = text ? room - value : value
                text += `${nameOf(key)} ${value}, `
                if (keys.indexOf(key) >= 0) concerned = true
            }
            if (concerned && room <= 0)
                throw new Fault(
                    FaultCode.ValueRefused,
                    text + "but the first must be above the sum of the others",
                )
        }
    }

    /** Undoes a change of several flash values that did not come to its end. */
    private async undo(): Promise<void> {
        const marker = await this.flash.read(undoKey)
        if (!marker) return
        await this.copy("t", "s", parseInteger(textOf(marker)))
        await this.flash.remove(undoKey)
    }

    /** Copies flash values; those that are absent are then absent there too. */
    private async copy(from: string, to: string, places: number): Promise<void> {
        const flash = this.flash
        for (let i = 0; i < placeCount; ++i) {
            if (!((places >> i) & 1)) continue
            const value = await flash.read(flashKey(from, i))
            if (value) await flash.write(flashKey(to, i), value)
            else await flash.remove(flashKey(to, i))
        }
    }

    private async store(index: number): Promise<void> {
        let text = layoutVersion
        for (let key = 0; key < keyCount; ++key) {
            const place = placeOf(key)
            if (placeIndex(place) === index && this.values[key] !== this.fallback(key))
                text += "\n" + formatLine(place[1], "" + this.values[key])
        }
        if (text.length === 1) await this.flash.remove(flashKey("s", index))
        else await this.flash.write(flashKey("s", index), Buffer.from(text))
        this.damaged &= ~(1 << index)
        this.alarms.set(Alarm.Settings, this.damaged !== 0)
    }
}
