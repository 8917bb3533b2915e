/** Colours for a stream; none if it is not a terminal or NO_COLOR is set (no-color.org). */
export class Style {
    private readonly on: boolean

    constructor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv = process.env) {
        this.on = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb"
    }

    error(text: string): string {
        return this.sgr(31, 39, text)
    }

    faint(text: string): string {
        return this.sgr(2, 22, text)
    }

    strong(text: string): string {
        return this.sgr(1, 22, text)
    }

    private sgr(begin: number, end: number, text: string): string {
        return this.on && text !== "" ? `\x1b[${begin}m${text}\x1b[${end}m` : text
    }
}
