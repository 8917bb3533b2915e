import { Deadline } from "./deadline"
import { TcpStream } from "./seams"
import { textOf } from "./text"

/** What is kept of a line. */
const charactersMax = 160
/**
 * So many lines of one event; then comes a rest. A fiber's time stands while it computes, some 2 ms
 * a line, so that a shorter rest would be none, and the main loop would not turn.
 */
const linesAtOnce = 16
const restMs = 60

/**
 * The next line, without its end, once it has come; undefined when the other side has closed
 * before, or goes on and on. Throws the socket's faults, SocketTimeout when nothing comes until the
 * deadline; what has come of a line is there for the next call. The byte that ends a line is the
 * line feed unless told.
 */
export type LineReader = (deadline: Deadline, mark?: number) => Promise<string | undefined>

/**
 * Gives lines out of a connection's bytes as they come. Of a long one only the beginning is kept,
 * so that whatever the other side sends costs no memory.
 * @param bytesMax after so many bytes the other side is taken for one that has closed
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
