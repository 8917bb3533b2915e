interface Output {
    isTTY?: boolean
    write(text: string): unknown
}

const barChars = 30
const redrawMs = 100

/** A progress bar on a terminal; files and pipes get no output. */
export class Progress {
    private drawnMs = -Infinity

    constructor(
        private readonly what: string,
        private readonly output: Output = process.stderr,
    ) {}

    /** @param done fraction, 0 to 1 */
    show(done: number): void {
        if (!this.output.isTTY || (done < 1 && performance.now() - this.drawnMs < redrawMs)) return
        this.drawnMs = performance.now()
        const filled = Math.round(done * barChars)
        const bar = "#".repeat(filled).padEnd(barChars, ".")
        this.output.write(`\r${this.what} [${bar}] ${Math.floor(done * 100)} %`)
    }

    /** Removes the bar, so that the next output starts on its own line. */
    end(): void {
        if (this.output.isTTY && this.drawnMs !== -Infinity) this.output.write("\r\x1b[K")
    }
}
