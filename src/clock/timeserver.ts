import { parseHttpDate } from "../core/calendar"
import { Deadline } from "../core/deadline"
import { Fault, FaultCode } from "../core/fault"
import { TcpConnector, Ticks } from "../core/seams"
import { parseInteger } from "../core/text"

/** An answer's head that has not named the date by then will not. */
const answerBytesMax = 2048

/**
 * Where the value of a field begins in an HTTP answer's head, -1 without it.
 * @param name in lower case
 */
export function fieldInHead(head: string, name: string): number {
    let at = head.toLowerCase().indexOf("\n" + name + ":")
    if (at < 0) return -1
    at += name.length + 2
    while (head[at] === " ") ++at
    return at
}

/**
 * The moment in an HTTP answer's `Date` field (RFC 9110 §6.6.1), in Unix seconds; undefined while
 * `head` holds no complete one.
 */
export function dateInHead(head: string): number | undefined {
    const at = fieldInHead(head, "date")
    if (at < 0) return undefined
    return parseHttpDate(head.slice(at, at + 29))
}

/**
 * Asks an HTTP server, "host" or "host:port", for the time: one small HEAD request. Any answer will
 * do, since an error page is dated too. Throws the socket's faults, and TimeServerNoDate.
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
        await stream.send(
            Buffer.from(`HEAD / HTTP/1.1\r\nHost: ${server}\r\nConnection: close\r\n\r\n`),
        )
        let head = ""
        while (head.length < answerBytesMax && !deadline.expired()) {
            const part = await stream.receive(deadline.remainingMs())
            if (part === undefined) break
            head += part.toString()
            const seconds = dateInHead(head)
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
