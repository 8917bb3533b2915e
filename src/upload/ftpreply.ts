import { Fault, FaultCode } from "../core/fault"
import { parseInteger } from "../core/text"

const lineCharactersMax = 1024

/**
 * Gives the server's replies out of its bytes as they come (RFC 959 §4.2). Of a reply of several
 * lines only the last is kept, so that a long banner costs no memory; a line ends at 1 KiB.
 */
export class ReplyReader {
    /** The last line of the reply that next() gave, code included. */
    line = ""
    /** What has come and is no reply yet; whoever receives adds to it. */
    pending = ""
    /** True once a reply had the line REST STREAM (RFC 3659 §5.3), as FEAT's has. */
    restarts = false
    /** How the last line of the reply begins whose first line has come; "" outside. */
    private ending = ""

    /** The code of the next whole reply, 0 when more bytes are needed. Throws FtpReplyMalformed. */
    next(): number {
        for (;;) {
            const end = this.pending.indexOf("\n")
            const line = end < 0 ? this.pending : this.pending.slice(0, end)
            if (line.length > lineCharactersMax) malformed()
            if (end < 0) return 0
            this.pending = this.pending.slice(end + 1)
            const start = line.slice(0, 3)
            const code = parseInteger(start)
            if (!this.ending) {
                if (!(code >= 100)) malformed()
                this.ending = line[3] === "-" ? start + " " : line.slice(0, 4)
            }
            if (line.indexOf("REST STREAM") >= 0) this.restarts = true
            if (line.slice(0, 4) !== this.ending) continue
            this.ending = ""
            this.line = line[end - 1] === "\r" ? line.slice(0, end - 1) : line
            return code
        }
    }
}

function malformed(): never {
    throw new Fault(
        FaultCode.FtpReplyMalformed,
        "the server does not speak FTP: check ftp.host and ftp.port",
    )
}
