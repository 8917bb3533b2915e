import { clearLine, createInterface, cursorTo } from "node:readline"
import { ConsoleError } from "./transport"

/** The line that a person types at, for who has to print something while it stands there. */
export interface Prompt {
    /** Takes the prompt and what was typed off the screen. */
    clear(): void
    /** Puts both back. */
    restore(): void
}

export interface TerminalOptions {
    /** Carries out a line; throws ConsoleError, whose message is shown. */
    execute: (line: string) => Promise<void>
    /** Ends the output of the line that is running (Ctrl-C). */
    cancel: () => Promise<void>
    /** Told once, when the prompt is there. */
    onPrompt?: (prompt: Prompt) => void
    prompt?: string
}

/** A prompt on the terminal. Returns when the input ends or `exit` is typed. */
export async function runTerminal(
    input: NodeJS.ReadableStream,
    output: NodeJS.WritableStream,
    options: TerminalOptions,
): Promise<void> {
    const lines = createInterface({ input, output, prompt: options.prompt ?? "bms> " })
    let prompting = false
    const ask = () => {
        prompting = true
        lines.prompt(true)
    }
    options.onPrompt?.({
        clear: () => {
            if (!prompting) return
            cursorTo(output, 0)
            clearLine(output, 0)
        },
        restore: () => {
            if (prompting) lines.prompt(true)
        },
    })
    lines.on("SIGINT", () => {
        options.cancel().catch(() => undefined)
        if (prompting) ask()
    })
    ask()
    for await (const line of lines) {
        prompting = false
        if (line.trim() === "exit") break
        if (line.trim() !== "") await runLine(line, output, options)
        ask()
    }
    lines.close()
}

async function runLine(
    line: string,
    output: NodeJS.WritableStream,
    options: TerminalOptions,
): Promise<void> {
    try {
        await options.execute(line)
    } catch (thrown) {
        if (!(thrown instanceof ConsoleError)) throw thrown
        output.write(thrown.message + "\n")
    }
}
