import { Deadline } from "./deadline"
import { TcpStream } from "./seams"
import { textOf } from "./text"

/** Characters kept of a line. */
const charactersMax = 160
/**
 * Lines taken from one event before a rest. Fiber time does not advance while the fiber computes
 * (some 2 ms per line), so a shorter rest would be none and the main loop would not turn.
 */
const linesAtOnce = 16
const restMs = 60

/**
 * Waits for the next line and returns it without its end; undefined if the peer closed before, or
 * keeps sending past the byte limit or the deadline. Throws the socket's faults, SocketTimeout if
 * nothing arrives before the deadline; a partial line is kept for the next call. `mark` is the byte
 * that ends a line, by default the line feed.
 */
export type LineReader = (deadline: Deadline, mark?: number) => Promise<string | undefined>

/**
 * Reads lines from a connection. Only the beginning of a long line is kept, so no peer can exhaust
 * the memory.
 * @param bytesMax after this many bytes the connection counts as closed by the peer
 */
export function lineReader(stream: TcpStream, bytesMax: number): LineReader {
    let chunk: Buffer
    let at = 0
    let line = ""
    let lines = 0
    return async (deadline, mark = 10) => {
        for (;;) {
            if (!chunk) {
                if (bytesMax <= 0 || deadline.expired()) return undefined
                chunk = await stream.receive(deadline.remainingMs())
                if (!chunk) return undefined
                bytesMax -= chunk.length
                at = 0
                lines = 0
            }
            const found = chunk.indexOf(mark, at)
            const end = found < 0 ? chunk.length : found
            const kept = Math.min(end - at, charactersMax - line.length)
            if (kept > 0) line += textOf(chunk.slice(at, at + kept))
            at = end + 1
            if (at >= chunk.length) chunk = undefined
            if (found < 0) continue
            if (++lines % linesAtOnce === 0) await deadline.ticks.sleep(restMs)
            const whole = line
            line = ""
            const last = whole.length - 1
            return whole[last] === "\r" ? whole.slice(0, last) : whole
        }
    }
}
