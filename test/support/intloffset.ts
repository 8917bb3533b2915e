/** One per zone: making one takes as long as using it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>()

/** Minutes east of UTC in a zone of the IANA database, from Node's Intl. */
export function intlOffsetMinutes(zone: string, unixSeconds: number): number {
    let format = formats.get(zone)
    format ??= new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" })
    formats.set(zone, format)
    const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(
        format.format(unixSeconds * 1000),
    )!
    return sign ? (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1) : 0
}
