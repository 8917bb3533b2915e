import { parseInteger } from "../core/text"
import { Key } from "./keys"

/**
 * All settings, one per line in the order of keys.ts:
 * name|section|name in the product's manual|type|min|max|default|unit|help|place in flash|
 *
 * Types held as numbers: flag, number, enum (unit lists the choices), days (bit 0 is Monday), time
 * (minutes since midnight), count and timestamp (states, changed only by the firmware). Types held
 * as text, min and max in bytes: text, name (letters, digits, _ and -), secret, hash (of a secret),
 * host, host:port, host[:port], folder, zone. A place in flash is never reused for another setting;
 * see docs/reference/settings.md.
 */
const table = `user.serial|User settings|Battery serial number|name|1|16|BMS-||names this battery in the logs and on the server|h0|
user.address|User settings|Address|text|0|63|||where the battery is|i0|
sd.enable|SD card|Enable|flag|0|1|on||write logs to the card|a0|
sd.period|SD card|Logging period|number|1|86400|60|s|time between two records|a1|
sd.cells|SD card|Save logs with cell parameters|flag|0|1|off||write the cell log too|a2|
ftp.enable|FTP|Enable|flag|0|1|off||send the logs to a server|b0|
ftp.host|FTP|Host|host|0|63|||name or address of the server|k0|
ftp.port|FTP|Port|number|1|65535|21||port of the server|b1|
ftp.user|FTP|User|text|0|31|anonymous||log-in name|l0|
ftp.password|FTP|Password|secret|0|63|||log-in password|m0|
ftp.period|FTP|Sending period|number|10|604800|3600|s|time between two transmissions|b2|
ftp.cells|FTP|Send logs with cell parameters|flag|0|1|off||send the cell logs too|b3|
ftp.directory|FTP|Directory|folder|0|63|||folder on the server; empty: the log-in folder|s0|
ftp.gateway|FTP|Gateway|host:port|0|69|||HTTP proxy that speaks FTP; empty sends directly|n0|
ftp.last_login|FTP|Last log in timestamp|timestamp|0|4294967295|0||last accepted log-in|g0|
ftp.last_success|FTP|Last successful transmission timestamp|timestamp|0|4294967295|0||last confirmed file|g1|
reset.enable|Reset|Enable|flag|0|1|off||reset on a schedule|a3|
reset.max|Reset|Maximum number of resets|number|1|65535|65535||limit of scheduled resets|a4|
reset.days|Reset|Days to reset the device|days|0|127|none||days of the week|a5|
reset.time|Reset|Time of day|time|0|1439|00:00||local time of the reset|b4|
reset.count|Reset|Actual number of resets|count|0|65535|0||scheduled resets so far; "reset clear" zeroes it|f0|
reset.last|Reset|Last reset timestamp|timestamp|0|4294967295|0||last scheduled reset|f1|
wifi.ssid|Wi-Fi|Network|text|0|31|||network to join; the chip's runtime drops a 32nd byte|o0|
wifi.password|Wi-Fi|Password|secret|8|63|||network password; empty: open network, costs one reset|p0|
time.zone|Clock|Time zone|zone|1|63|UTC0||POSIX rule or plain offset from UTC|q0|
time.server|Clock|Time server|host[:port]|0|69|||HTTP server whose date sets the clock|r0|
battery.cells|Battery|Cells in series|number|3|16|16||cells in the pack|c0|
battery.chemistry|Battery|Chemistry|enum|0|1|LFP|LFP,NMC|cell type|c1|
battery.capacity|Battery|Capacity|number|100|2000000|100000|mAh|capacity of the full pack|c2|
battery.shunt|Battery|Shunt|number|10|10000|250|\u00b5\u03a9|resistance of the current sense resistor|c3|
battery.cell_overvoltage|Battery|Cell overvoltage|number|2000|5000|3650|mV|alarm above|d0|
battery.cell_overvoltage_hysteresis|Battery|Cell overvoltage hysteresis|number|0|1000|100|mV|alarm ends this much lower|d1|
battery.cell_undervoltage|Battery|Cell undervoltage|number|1000|4500|2500|mV|alarm below|d2|
battery.cell_undervoltage_hysteresis|Battery|Cell undervoltage hysteresis|number|0|1000|200|mV|alarm ends this much higher|d3|
battery.overcurrent_charge|Battery|Overcurrent while charging|number|1|500|100|A|alarm above|e0|
battery.overcurrent_discharge|Battery|Overcurrent while discharging|number|1|500|200|A|alarm above|e1|
battery.overcurrent_hysteresis|Battery|Overcurrent hysteresis|number|0|100|10|A|alarm ends this much lower|e2|
battery.overtemperature|Battery|Overtemperature|number|-20|100|60|\u00b0C|alarm above|e3|
battery.undertemperature|Battery|Undertemperature|number|-40|60|-20|\u00b0C|alarm below|e4|
battery.temperature_hysteresis|Battery|Temperature hysteresis|number|0|30|5|\u00b0C|alarm ends this far inside|d4|
battery.imbalance|Battery|Cell imbalance|number|10|2000|300|mV|alarm when the cells differ by more|f2|
battery.imbalance_hysteresis|Battery|Cell imbalance hysteresis|number|0|1000|100|mV|alarm ends this much lower|f3|
battery.delay|Battery|Alarm delay|number|0|60|2|s|a threshold must be passed for this long|c4|
console.password|Console|Password|hash|40|120|||guards the console; "passwd" changes it|j0|
`

/** Number of flash values: "a" to "s". */
export const placeCount = 19

/** First letters of the places in flash without secrets. */
export const publicPlaces = "abcdefghiklnoqrs"

/** Number of settings; keys are 0 to this less 1. */
export const keyCount = Key.ConsolePassword + 1

// The beginning of the last row requested, and the next field: rows and fields are mostly read in
// order, and searching from the beginning would cost the interpreter too much.
let rowKey = 0
let rowAt = 0
let fieldStart = 0

function findRow(key: Key): void {
    if (key < rowKey) {
        rowKey = 0
        rowAt = 0
    }
    for (; rowKey < key; ++rowKey) rowAt = table.indexOf("\n", rowAt) + 1
    fieldStart = rowAt
}

function nextField(): string {
    const from = fieldStart
    const to = table.indexOf("|", from)
    fieldStart = to + 1
    return table.slice(from, to)
}

/** "ftp.port"; cheaper than its `Row`. */
export function nameOf(key: Key): string {
    findRow(key)
    return nextField()
}

/** One setting's row of the table. Parsed when needed, never kept. */
export class Row {
    readonly name: string
    readonly section: string
    /** The setting's name in the product's manual. */
    readonly title: string
    readonly type: string
    /** Minimum and maximum of the number, or of the length in bytes. */
    readonly min: number
    max: number
    /** The default as typed; the device's short id is appended to the serial number's. */
    readonly fallback: string
    /** The unit, or an enum's choices, separated by commas. */
    readonly unit: string
    readonly help: string
    /** Write-only: never shown and never exported. */
    readonly isSecret: boolean
    /** Kept by the firmware, not set by users. */
    readonly isState: boolean

    constructor(readonly key: Key) {
        this.name = nameOf(key)
        this.section = nextField()
        this.title = nextField()
        this.type = nextField()
        this.min = parseInteger(nextField())
        this.max = parseInteger(nextField())
        this.fallback = nextField()
        this.unit = nextField()
        this.help = nextField()
        this.isSecret = isOneOf("|secret|hash|", this.type)
        this.isState = isOneOf("|count|timestamp|", this.type)
    }
}

function isOneOf(types: string, type: string): boolean {
    return types.indexOf("|" + type + "|") >= 0
}

/**
 * The place in flash: the letter of the flash value that holds the setting, and the digit of its
 * line there.
 */
export function placeOf(key: Key): string {
    findRow(key + 1)
    return table.slice(rowAt - 4, rowAt - 2)
}

/** The key with this name, else undefined. */
export function findKey(name: string): Key | undefined {
    for (let key = 0; key < keyCount; ++key) if (nameOf(key) === name) return key
    return undefined
}
