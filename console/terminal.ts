import { createInterface } from "node:readline"
import { ConsoleError, ConsoleTransport } from "./transport"

export interface TerminalOptions {
    prompt?: string
    /** Takes a line before the board does; true when it was not for the board. */
    intercept?: (line: string) => Promise<boolean>
}

/**
 * A prompt on the terminal: each line goes to the board, its output to the screen.
 * Returns when the input ends or `exit` is typed.
 */
export async function runTerminal(
    transport: ConsoleTransport,
    input: NodeJS.ReadableStream,
    output: NodeJS.WritableStream,
    options: TerminalOptions = {},
): Promise<void> {
    const lines = createInterface({ input, output, prompt: options.prompt ?? "bms> " })
    lines.on("SIGINT", () => {
        transport.cancel().catch(() => undefined)
        lines.prompt()
    })
    lines.prompt()
    for await (const line of lines) {
        const text = line.trim()
        if (text === "exit") break
        if (!(await options.intercept?.(text)) && text !== "")
            await runLine(transport, text, output)
        lines.prompt()
    }
    lines.close()
}

async function runLine(
    transport: ConsoleTransport,
    line: string,
    output: NodeJS.WritableStream,
): Promise<void> {
    try {
        await transport.execute(line, text => output.write(text))
    } catch (thrown) {
        if (!(thrown instanceof ConsoleError)) throw thrown
        output.write(thrown.message + "\n")
    }
}
