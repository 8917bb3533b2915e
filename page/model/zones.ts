// What a time zone may be: a POSIX rule, an offset, or a name that console/zones.ts makes one of.

const posix =
    /^[A-Za-z]{3,}[+-]?\d{1,2}(:\d\d)?([A-Za-z]{3,}([+-]?\d{1,2}(:\d\d)?)?(,M\d+\.\d\.\d(\/-?\d+(:\d\d)?)?){2})?$|^<[^>]+>[+-]?\d{1,2}(:\d\d)?(<[^>]+>([+-]?\d{1,2}(:\d\d)?)?(,M\d+\.\d\.\d(\/-?\d+(:\d\d)?)?){2})?$/
const offset = /^[+-]\d\d:\d\d$/

/** True for what looks like a rule or an offset; the board judges in the end. */
export function isZone(value: string): boolean {
    return posix.test(value) || offset.test(value)
}

/** The names that this browser knows. */
export function zoneNames(): string[] {
    return Intl.supportedValuesOf?.("timeZone") ?? []
}
