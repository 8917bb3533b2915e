// Valid time zones: a POSIX rule, an offset, or a name that console/zones.ts converts.

const posix =
    /^[A-Za-z]{3,}[+-]?\d{1,2}(:\d\d)?([A-Za-z]{3,}([+-]?\d{1,2}(:\d\d)?)?(,M\d+\.\d\.\d(\/-?\d+(:\d\d)?)?){2})?$|^<[^>]+>[+-]?\d{1,2}(:\d\d)?(<[^>]+>([+-]?\d{1,2}(:\d\d)?)?(,M\d+\.\d\.\d(\/-?\d+(:\d\d)?)?){2})?$/
const offset = /^[+-]\d\d:\d\d$/

/** True if it looks like a rule or an offset; the board decides. */
export function isZone(value: string): boolean {
    return posix.test(value) || offset.test(value)
}

/** Zone names of this browser. */
export function zoneNames(): string[] {
    return Intl.supportedValuesOf?.("timeZone") ?? []
}
