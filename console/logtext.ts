import { idlePause } from "./pause"

const remarkMs = 1_000
/** What moves a terminal's cursor or sets its colours (ECMA-48). */
const terminalCodes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])/g

/**
 * Makes lines for people of the board's log; what is no text is noise, of which a remark is made
 * now and then.
 */
export class LogText {
    private readonly decoder = new TextDecoder("utf-8", { fatal: true })
    private noiseBytes = 0
    private remark: Promise<void> | undefined

    constructor(private readonly onLine: (line: string) => void) {}

    take(line: Uint8Array): void {
        const text = this.decode(line)
        if (text === undefined) this.noise(line.length)
        else this.onLine(text)
    }

    private decode(line: Uint8Array): string | undefined {
        try {
            // Colours and carriage returns are the runtime's habit; other control characters are
            // not.
            const text = this.decoder
                .decode(line)
                .replace(terminalCodes, "")
                .replace(/[\t\r]/g, " ")
            return /\p{Cc}/u.test(text) ? undefined : text.trimEnd()
        } catch {
            return undefined
        }
    }

    private noise(bytes: number): void {
        this.noiseBytes += bytes
        this.remark ??= idlePause(remarkMs).then(() => {
            this.onLine(`[noise on the line: ${this.noiseBytes} bytes]`)
            this.noiseBytes = 0
            this.remark = undefined
        })
    }
}

/** Text of the board for a terminal: without what would move its cursor or ring its bell. */
export function printable(text: string): string {
    return text.replace(/\r(?=\n)/g, "").replace(/[^\P{Cc}\n\t]/gu, "\ufffd")
}
