import { printable } from "../console/logtext"
import type { Prompt } from "../console/terminal"
import type { StateFolder } from "./state"

/** Shows lines on the terminal and keeps them in the transcript; a prompt that stands there stays whole. */
export class LinePrinter {
    private prompt: Prompt | undefined
    private atLineStart = true

    constructor(
        private readonly output: NodeJS.WritableStream & { isTTY?: boolean },
        private readonly state: StateFolder,
    ) {}

    /** From now on a person types at a prompt: it is taken away while something else is printed. */
    usePrompt(prompt: Prompt): void {
        this.prompt = prompt
    }

    line(text: string): void {
        this.prompt?.clear()
        this.text((this.atLineStart ? "" : "\n") + text + "\n")
        this.prompt?.restore()
    }

    /** For the transcript only: what a person typed stands on the screen already. */
    note(text: string): void {
        this.state.record(text)
    }

    /** Text as it comes, whole lines or not. */
    text(text: string): void {
        if (text.length === 0) return
        this.atLineStart = text.endsWith("\n")
        const shown = printable(text)
        // A program that reads gets the very bytes; a terminal would obey some of them.
        this.output.write(this.output.isTTY ? shown : text)
        this.state.record(shown)
    }
}
