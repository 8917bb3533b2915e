import { Fault, FaultCode } from "../core/fault"
import { parseInteger } from "../core/text"

const lineBytesMax = 1024

/**
 * Takes the server's bytes as they come and gives its replies (RFC 959 §4.2). Of a reply of several
 * lines only the last is kept, so that a long banner costs no memory.
 */
export class ReplyReader {
    /** The last line of the reply that next() gave, code included. */
    line = ""
    private pending = ""
    private openCode = 0

    push(chunk: Buffer): void {
        this.pending += chunk.toString()
    }

    /** The code of the next whole reply (100–599), 0 when more bytes are needed. */
    next(): number {
        for (;;) {
            const end = this.pending.indexOf("\n")
            if ((end < 0 ? this.pending.length : end) > lineBytesMax) this.malformed()
            if (end < 0) return 0
            const cut = end > 0 && this.pending[end - 1] === "\r" ? end - 1 : end
            this.line = this.pending.slice(0, cut)
            this.pending = this.pending.slice(end + 1)
            const code = parseInteger(this.line.slice(0, 3))
            const mark = cut > 3 ? this.line[3] : " "
            const opens = code >= 100 && code < 600 && (mark === " " || mark === "-")
            if (this.openCode !== 0) {
                if (!opens || code !== this.openCode || mark === "-") continue
                this.openCode = 0
                return code
            }
            if (!opens) this.malformed()
            if (mark === " ") return code
            this.openCode = code
        }
    }

    private malformed(): void {
        throw new Fault(
            FaultCode.FtpReplyMalformed,
            "the server does not speak FTP: check ftp.host and ftp.port",
        )
    }
}
