import { Alarm, AlarmSink } from "../core/alarm"
import { crc16 } from "../core/checksum"
import { Fault, FaultCode } from "../core/fault"
import { Exclusive, Flash } from "../core/seams"
import { fieldAt, parseInteger, printable, textOf } from "../core/text"
import { Key, StateWriter } from "./keys"
import { keyCount, nameOf, placeCount, placeOf, Row } from "./schema"
import { formatAllowed, parseValue, textFits } from "./values"

/** The first byte of each flash value: the format of its lines. */
const layoutVersion = "1"
/**
 * Flash key of the set of flash values that a running change replaces, as a decimal number: bit 0
 * is "a". While it exists, "ta" … "ts" hold their previous contents.
 */
const undoKey = "t"
/** Times and their reasons: docs/reference/times.md. */
const turnMs = 60000

/** Limits that must leave room: in each rule the first must be above the sum of the others. */
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

/** The index of a place's flash value: "a" is the first. */
function placeIndex(place: string): number {
    return place.charCodeAt(0) - 97
}

/** The key of a flash value: prefix "s" for the present value, "t" for the previous one. */
function flashKey(prefix: string, index: number): string {
    return prefix + String.fromCharCode(97 + index)
}

/** The line that begins with the digit, "" if there is none. */
function findLine(text: string, digit: string): string {
    const from = text.indexOf("\n" + digit)
    return from < 0 ? "" : fieldAt(text.slice(from), 1, "\n")
}

/** The default; the serial number's ends with the device's short id. */
function defaultOf(row: Row, shortId: string): number | string {
    if (row.key === Key.UserSerial) return row.fallback + shortId
    return row.fallback ? parseValue(row, row.fallback) : ""
}

/** True if the line is undamaged. */
function isWhole(line: string): boolean {
    return formatLine(line[0], line.slice(2)) === line
}

/**
 * True if anything but valid lines follows the version. A line may be valid and unknown: then
 * another firmware wrote it.
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

/** The value in a line of the row, undefined if it is damaged or no longer valid. */
function valueOf(row: Row, line: string, fallback: number | string): number | string | undefined {
    const stored = line.slice(2)
    if (!isWhole(line)) return undefined
    // Earlier firmware accepted names of 32 bytes: they are not damage, and "wifi" reports them.
    if (row.key === Key.WifiSsid) row.max = 32
    if (typeof fallback === "string") return textFits(row, stored) ? stored : undefined
    const value = parseInteger(stored)
    return value >= row.min && value <= row.max ? value : undefined
}

/**
 * The settings in force, and their storage in flash: several share a flash value (see
 * docs/reference/settings.md), and only those that differ from their default take room.
 */
export class Settings implements StateWriter {
    /** Called with each key whose new value is in flash. Must not throw. */
    onChange: (key: Key) => void
    /** The stored settings could not be read, or not be put back: they are not overwritten. */
    unread: boolean
    /** Some settings differ from their defaults, or once did. */
    stored: boolean
    /** Values by key, numbers or texts by the row's type. */
    private readonly values: any[] = []
    /** The flash values with a damaged line; bit 0 is "a". */
    private damaged = 0

    /** All settings have their defaults until `load`. */
    constructor(
        private readonly flash: Flash,
        private readonly alarms: AlarmSink,
        private readonly shortId: string,
        /** Changes are serialized: they share the undo mark and the previous values. */
        private readonly turns: Exclusive,
    ) {
        for (let key = 0; key < keyCount; ++key) this.values.push(this.fallback(key))
    }

    /**
     * Loads the stored settings. Each damaged or no longer valid value alone returns to its
     * default, and the SETTINGS flag is up until its flash value is stored again. Throws the
     * flash's faults: then the flag is up, and `unread` is set until it succeeds.
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

    /** Texts; also the value of any other setting, for `formatValue`. */
    text(key: Key): string {
        return this.values[key]
    }

    /** The default, in the form for `apply`. */
    fallback(key: Key): number | string {
        return defaultOf(new Row(key), this.shortId)
    }

    /**
     * Parses a user's text. Throws Fault ReadOnlyKey, or ValueRefused with a message that names
     * key, value (unless it is a secret) and what is allowed.
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
     * Stores values from `parse` or `fallback`, or states, all or none: each flash value is written
     * once, and only if something in it has changed; after a power cut meanwhile, the next start
     * puts all of them back. If the flash refuses, all are as before and its fault is thrown.
     * Concurrent changes wait for their turn. Throws Fault ValueRefused if limits would contradict
     * each other, FlashNoAnswer while the flash's contents are unknown, LockTimeout.
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
        // In full length at once: a growing array leaves larger and larger blocks behind.
        const before = values.slice(0)
        let places = 0
        // In force before it is in flash: `store` writes the values in force.
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
                // The next start does it, and would also undo anything stored before then.
                this.unread = true
            }
            throw thrown
        }
        for (let i = 0; i < values.length; ++i)
            if (before[i] !== values[i] && this.onChange) this.onChange(keys[i])
    }

    /** Throws Fault ValueRefused if limits that involve these keys leave no room between them. */
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

    /** Undoes an incomplete change of several flash values. */
    private async undo(): Promise<void> {
        const marker = await this.flash.read(undoKey)
        if (!marker) return
        await this.copy("t", "s", parseInteger(textOf(marker)))
        await this.flash.remove(undoKey)
    }

    /** Copies flash values; absent ones are removed at the destination. */
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
