import { idlePause } from "./pause"

const remarkMs = 1_000
/** Codes that move a terminal's cursor or set its colours (ECMA-48). */
const terminalCodes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])/g

/**
 * Turns the board's log into readable lines; anything that is not text is noise, reported now and
 * then.
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
            // The runtime sends colours and carriage returns, but no other control characters.
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

/** The board's text for a terminal, without codes that move its cursor or ring its bell. */
export function printable(text: string): string {
    return text.replace(/\r(?=\n)/g, "").replace(/[^\P{Cc}\n\t]/gu, "\ufffd")
}
