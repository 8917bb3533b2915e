import { printable } from "../console/logtext"
import type { Prompt } from "../console/terminal"
import type { StateFolder } from "./state"

/** At most this many log lines wait for a line in progress; then it is torn. */
const WAITING_MAX = 100

/** Prints lines on the terminal and keeps them in the transcript; a visible prompt stays whole. */
export class LinePrinter {
    /** Selects the log lines shown; the transcript has them all. */
    shows: (line: string) => boolean = () => true
    private prompt: Prompt | undefined
    private atLineStart = true
    private readonly waiting: { text: string; shown: boolean }[] = []

    constructor(
        private readonly output: NodeJS.WritableStream & { isTTY?: boolean },
        private readonly state: StateFolder,
    ) {}

    /** From now on a person types at a prompt: it is cleared while something else is printed. */
    usePrompt(prompt: Prompt): void {
        this.prompt = prompt
    }

    line(text: string): void {
        this.waiting.push({ text, shown: true })
        this.flush()
    }

    /**
     * A log line goes after the line being printed, so that neither is torn.
     * @param shown false for the transcript only
     */
    log(text: string, shown = true): void {
        // The line starts with the time.
        const wanted = shown && this.shows(text.replace(/^\[ *[\d.]+\] /, ""))
        this.waiting.push({ text, shown: wanted })
        if (this.atLineStart || this.waiting.length > WAITING_MAX) this.flush()
    }

    /** For the transcript only: what a person typed is on the screen already. */
    note(text: string): void {
        this.state.record(text)
    }

    /** Text as it comes, whole lines or not. */
    text(text: string): void {
        const rest = this.waiting.length > 0 ? text.lastIndexOf("\n") + 1 : 0
        if (rest > 0) {
            this.write(text.slice(0, rest))
            this.flush()
        }
        this.write(text.slice(rest))
    }

    private flush(): void {
        this.prompt?.clear()
        if (!this.atLineStart) this.write("\n")
        for (const { text, shown } of this.waiting.splice(0)) {
            if (shown) this.write(text + "\n")
            else this.state.record(printable(text) + "\n")
        }
        this.prompt?.restore()
    }

    private write(text: string): void {
        if (text.length === 0) return
        this.atLineStart = text.endsWith("\n")
        const shown = printable(text)
        // A program gets the exact bytes; a terminal would obey some of them.
        this.output.write(this.output.isTTY ? shown : text)
        this.state.record(shown)
    }
}
