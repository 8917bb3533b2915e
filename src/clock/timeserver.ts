import { parseHttpDate } from "../core/calendar"
import { Deadline } from "../core/deadline"
import { Fault, FaultCode } from "../core/fault"
import { lineReader } from "../core/lines"
import { TcpConnector, Ticks } from "../core/seams"
import { parseInteger } from "../core/text"

/** A response head without a date in this many bytes has none. */
const answerBytesMax = 2048

/**
 * The value of a header field in a line of an HTTP response (RFC 9112 §5), "" if the line has
 * another field.
 * @param name in lower case, with its colon
 */
export function fieldValue(line: string, name: string): string {
    let at = name.length
    if (line.slice(0, at).toLowerCase() !== name) return ""
    let end = line.length
    while (isBlank(line[at])) ++at
    while (end > at && isBlank(line[end - 1])) --end
    return line.slice(at, end)
}

/**
 * Whitespace allowed around a field's value; a line that begins with it would continue the previous
 * one.
 */
export function isBlank(character: string): boolean {
    return character === " " || character === "\t"
}

/**
 * The moment in an HTTP response's `Date` field (RFC 9110 §6.6.1), in Unix seconds; undefined for
 * other lines.
 */
export function dateInLine(line: string): number | undefined {
    return parseHttpDate(fieldValue(line, "date:").slice(0, 29))
}

/**
 * Gets the time from an HTTP server, "host" or "host:port", with one small HEAD request. Any
 * response will do: error pages are dated too. Throws the socket's faults, and TimeServerNoDate.
 */
export async function fetchTime(
    tcp: TcpConnector,
    ticks: Ticks,
    server: string,
    timeoutMs: number,
): Promise<number> {
    const deadline = new Deadline(ticks, timeoutMs)
    const colon = server.indexOf(":")
    const host = colon < 0 ? server : server.slice(0, colon)
    const port = colon < 0 ? 80 : parseInteger(server.slice(colon + 1))
    const stream = await tcp.connect(host, port, timeoutMs)
    try {
        const request = `HEAD / HTTP/1.1\r\nHost: ${server}\r\nConnection: close\r\n\r\n`
        const bytes = Buffer.from(request)
        await stream.send(bytes)
        const lines = lineReader(stream, answerBytesMax)
        for (;;) {
            const line = await lines(deadline)
            // After a blank line another response may follow (RFC 9110 §15.2).
            if (line === undefined) break
            const seconds = dateInLine(line)
            if (seconds !== undefined) return seconds
        }
    } finally {
        await stream.close()
    }
    throw new Fault(
        FaultCode.TimeServerNoDate,
        `${server} answered without a date: set time.server to an HTTP server`,
    )
}
