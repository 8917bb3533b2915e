import { Fault, FaultCode } from "../core/fault"
import { parseInteger } from "../core/text"

/**
 * True if a reply is about the file (RFC 959 §4.2.1), not the command, the connection or the
 * log-in.
 */
export function isAboutFile(code: number): boolean {
    return ((code / 10) | 0) % 10 === 5
}

/**
 * Assembles the server's replies from its lines (RFC 959 §4.2). Of a reply of several lines only
 * the last is kept, so that a long banner costs no memory.
 */
export class ReplyReader {
    /** True once a reply had the line REST STREAM (RFC 3659 §5.3), as FEAT's has. */
    restarts = false
    /** The beginning of the current reply's last line; "" between replies. */
    private ending = ""

    /** The reply's code if this line is its last, else 0. Throws FtpReplyMalformed. */
    take(line: string): number {
        const start = line.slice(0, 3)
        const code = parseInteger(start)
        if (!this.ending) {
            if (!(code >= 100))
                throw new Fault(
                    FaultCode.FtpReplyMalformed,
                    "the server does not speak FTP: check ftp.host and ftp.port",
                )
            this.ending = line[3] === "-" ? start + " " : line.slice(0, 4)
        }
        if (line.indexOf("REST STREAM") >= 0) this.restarts = true
        if (line.slice(0, 4) !== this.ending) return 0
        this.ending = ""
        return code
    }
}
