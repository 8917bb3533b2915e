import { printable } from "./logtext"
import { Style } from "./style"
import type { Prompt } from "./terminal"

interface Output {
    isTTY?: boolean
    write(text: string | Uint8Array): unknown
}

/** Lines' output goes to the standard output, the board's log and remarks to the error output. */
export class Screen {
    private prompt: Prompt | undefined
    private atLineStart = true
    private inError = false
    private readonly style: Style
    private readonly errorStyle: Style

    constructor(
        private readonly output: Output = process.stdout,
        private readonly errors: Output = process.stderr,
    ) {
        this.style = new Style(output)
        this.errorStyle = new Style(errors)
    }

    usePrompt(prompt: Prompt | undefined): void {
        this.prompt = prompt
    }

    /** A line's output, as it comes; refusals are coloured. */
    text(text: string): void {
        if (text === "") return
        const shown = this.output.isTTY ? printable(text) : text
        let styled = ""
        for (const line of shown.split(/(?<=\n)/)) {
            if (this.atLineStart) this.inError = line.startsWith("error:")
            this.atLineStart = line.endsWith("\n")
            const words = this.atLineStart ? line.slice(0, -1) : line
            styled += (this.inError ? this.style.error(words) : words) + line.slice(words.length)
        }
        this.output.write(styled)
    }

    /** Bytes of a file: a program that reads them gets them unchanged. */
    bytes(bytes: Uint8Array): void {
        if (this.output.isTTY) return this.text(new TextDecoder().decode(bytes))
        this.atLineStart = bytes.at(-1) === 10
        this.output.write(bytes)
    }

    /** One line of the board's log, printed without disturbing what is being typed. */
    log(line: string): void {
        this.line(this.errorStyle.faint(line))
    }

    /** A remark by the terminal itself. */
    remark(text: string): void {
        this.line(this.errorStyle.strong(text))
    }

    private line(text: string): void {
        this.prompt?.clear()
        if (!this.atLineStart && this.output.isTTY) this.text("\n")
        this.errors.write(text + "\n")
        this.prompt?.restore()
    }
}
