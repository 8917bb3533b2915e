interface Output {
    isTTY?: boolean
    write(text: string): unknown
}

const barChars = 30
const redrawMs = 100

/** A bar on a terminal for what takes a while; a file or a pipe gets nothing of it. */
export class Progress {
    private drawnMs = -Infinity

    constructor(
        private readonly what: string,
        private readonly output: Output = process.stderr,
    ) {}

    /** @param done how much of it, 0 to 1 */
    show(done: number): void {
        if (!this.output.isTTY || (done < 1 && performance.now() - this.drawnMs < redrawMs)) return
        this.drawnMs = performance.now()
        const filled = Math.round(done * barChars)
        const bar = "#".repeat(filled).padEnd(barChars, ".")
        this.output.write(`\r${this.what} [${bar}] ${Math.floor(done * 100)} %`)
    }

    /** Takes the bar off the screen: what follows begins on a line of its own. */
    end(): void {
        if (this.output.isTTY && this.drawnMs !== -Infinity) this.output.write("\r\x1b[K")
    }
}
