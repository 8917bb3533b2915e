import {
    clearScreenDown,
    createInterface,
    cursorTo,
    moveCursor,
    type Interface,
} from "node:readline"
import { Writable } from "node:stream"
import type { SecretQuestion } from "./secrets"
import { ConsoleError } from "./transport"

/** The line a person types at, for callers that print while it is visible. */
export interface Prompt {
    /** Removes the prompt and the typed text from the screen. */
    clear(): void
    /** Puts both back. */
    restore(): void
}

export interface TerminalOptions {
    /** Carries out a line; throws ConsoleError, whose message is shown. */
    execute: (line: string) => Promise<void>
    /** Ends the running line's output (Ctrl-C); `again` if requested before. */
    cancel: (again: boolean) => Promise<void>
    /** Called once, when the prompt exists. */
    onPrompt?: (prompt: Prompt) => void
    /** The current prompt. */
    prompt?: () => string
    /** Candidates for the end of the line, and that end. It has its own timeout. */
    complete?: (line: string) => Promise<[string[], string]>
    /** Secrets to ask for without echo before this line runs. */
    question?: (line: string) => SecretQuestion | undefined
    /** True for a line with a password, which must not be recalled. */
    hides?: (line: string) => boolean
    /** Lines of earlier runs, oldest first. */
    history?: readonly string[]
    /** Called when the terminal waits for a line and none is queued. */
    onIdle?: () => void
}

/** Readline's echo; silent while a line runs or a password is typed. */
class Echo extends Writable {
    audible = true

    constructor(private readonly target: NodeJS.WritableStream & { columns?: number }) {
        super({ decodeStrings: false })
        target.on("resize", () => this.emit("resize"))
    }

    get columns(): number | undefined {
        return this.target.columns
    }

    override _write(chunk: string, _encoding: string, done: () => void): void {
        if (this.audible) this.target.write(chunk)
        done()
    }
}

/** A prompt on the terminal. Returns when the input ends or `exit` is typed. */
export async function runTerminal(
    input: NodeJS.ReadableStream,
    output: NodeJS.WritableStream & { isTTY?: boolean; columns?: number },
    options: TerminalOptions,
): Promise<void> {
    await new Terminal(input, output, options).run()
}

class Terminal {
    private readonly echo: Echo
    private readonly lines: Interface
    private readonly prompt: () => string
    /** Lines typed ahead or pasted, and whether they are on the screen already. */
    private readonly waiting: { line: string; shown: boolean }[] = []
    private ended = false
    private prompting = false
    private cancelled = false
    private completing = false
    /** A password prompt, and its pending caller. */
    private secret: { prompt: string; take: (answer: string | undefined) => void } | undefined
    private wake: () => void = () => undefined
    private recalled: string[] = []

    constructor(
        input: NodeJS.ReadableStream,
        private readonly output: NodeJS.WritableStream & { isTTY?: boolean; columns?: number },
        private readonly options: TerminalOptions,
    ) {
        this.prompt = options.prompt ?? (() => "bms> ")
        this.echo = new Echo(output)
        this.lines = createInterface({
            input,
            output: this.echo,
            terminal: output.isTTY === true,
            prompt: this.prompt(),
            history: [...(options.history ?? [])].reverse(),
            historySize: 1000,
            removeHistoryDuplicates: true,
            crlfDelay: Infinity,
            completer: (line: string, done: (failure: null, found: [string[], string]) => void) =>
                void this.complete(line).then(found => done(null, found)),
        })
        this.lines.on("line", line => this.take(line))
        this.lines.on("history", (recalled: string[]) => this.keepOut(recalled))
        this.lines.on("SIGINT", () => this.interrupt())
        this.lines.on("close", () => {
            this.ended = true
            this.answerSecret(undefined)
            this.wake()
        })
    }

    async run(): Promise<void> {
        this.options.onPrompt?.({ clear: () => this.clear(), restore: () => this.restore() })
        while (true) {
            if (this.waiting.length === 0 && !this.ended) await this.ask()
            const next = this.waiting.shift()
            if (!next) break
            if (!next.shown) this.output.write(`${this.prompt()}${next.line}\n`)
            if (next.line.trim() === "exit") break
            if (next.line.trim() !== "") await this.runLine(next.line)
        }
        this.echo.audible = false
        this.prompting = false
        this.lines.close()
    }

    private async ask(): Promise<void> {
        this.echo.audible = this.prompting = true
        this.lines.setPrompt(this.prompt())
        this.lines.prompt(true)
        this.options.onIdle?.()
        await new Promise<void>(resolve => (this.wake = resolve))
        if (this.prompting && this.ended && this.output.isTTY) this.output.write("\n")
        this.prompting = false
    }

    private take(line: string): void {
        if (this.secret) return this.answerSecret(line)
        this.waiting.push({ line, shown: this.prompting })
        // Text typed while a line runs is shown in its turn.
        this.prompting = this.echo.audible = false
        this.wake()
    }

    private async runLine(line: string): Promise<void> {
        this.cancelled = false
        try {
            const question = this.options.question?.(line)
            const whole = question ? await this.askSecret(question) : line
            if (whole !== undefined) await this.options.execute(whole)
        } catch (thrown) {
            if (!(thrown instanceof ConsoleError)) throw thrown
            this.output.write(thrown.message + "\n")
        }
    }

    /** @returns the whole line. Throws ConsoleError if an answer is empty or the two differ */
    private async askSecret(question: SecretQuestion): Promise<string | undefined> {
        const answers: string[] = []
        for (const prompt of question.prompts) {
            this.output.write(prompt)
            const answer = this.waiting.shift()?.line ?? (await this.secretLine(prompt))
            this.output.write("\n")
            if (!answer) throw new ConsoleError("nothing was changed")
            this.forget(answer)
            answers.push(answer)
        }
        if (new Set(answers).size > 1) throw new ConsoleError("the two differ: nothing was changed")
        return question.line(answers[0])
    }

    private async secretLine(prompt: string): Promise<string | undefined> {
        if (this.ended) return undefined
        return await new Promise(take => (this.secret = { prompt, take }))
    }

    private answerSecret(answer: string | undefined): void {
        const secret = this.secret
        this.secret = undefined
        secret?.take(answer)
    }

    private interrupt(): void {
        if (this.prompting) {
            this.lines.write(null, { ctrl: true, name: "e" })
            this.output.write("^C\n")
            this.emptyLine()
            this.lines.prompt()
            return
        }
        this.waiting.length = 0
        this.emptyLine()
        this.output.write("^C")
        if (this.secret) return this.answerSecret(undefined)
        this.output.write("\n")
        this.options.cancel(this.cancelled).catch(() => undefined)
        this.cancelled = true
    }

    private emptyLine(): void {
        const echoing = this.echo.audible
        this.echo.audible = false
        this.lines.write(null, { ctrl: true, name: "e" })
        this.lines.write(null, { ctrl: true, name: "u" })
        this.echo.audible = echoing
    }

    /** @param line text before the cursor */
    private async complete(line: string): Promise<[string[], string]> {
        const nothing: [string[], string] = [[], line]
        if (!this.prompting || !this.options.complete || this.completing) return nothing
        this.completing = true
        // Readline would queue keys until the answer, and take consecutive Tabs for text.
        this.lines.resume()
        try {
            const found = await this.options.complete(line)
            const { line: typed, cursor } = this.lines
            // A late answer would be inserted into another text.
            return this.prompting && typed.slice(0, cursor) === line ? found : nothing
        } catch {
            return nothing
        } finally {
            this.completing = false
        }
    }

    // Readline keeps every line; its listener may remove one.
    private keepOut(recalled: string[]): void {
        this.recalled = recalled
        if (this.secret || this.options.hides?.(recalled[0] ?? "")) recalled.shift()
    }

    private forget(line: string): void {
        const at = this.recalled.indexOf(line)
        if (at >= 0) this.recalled.splice(at, 1)
    }

    private clear(): void {
        if (!this.output.isTTY || (!this.prompting && !this.secret)) return
        if (this.prompting) this.toFirstRow()
        cursorTo(this.output, 0)
        clearScreenDown(this.output)
    }

    private toFirstRow(): void {
        // Readline counts rows from its first one; it must restart at the new cursor position.
        const counted = this.lines as unknown as { prevRows: number }
        moveCursor(this.output, 0, -this.lines.getCursorPos().rows)
        counted.prevRows = 0
    }

    private restore(): void {
        if (!this.output.isTTY) return
        if (this.prompting) this.lines.prompt(true)
        else if (this.secret) this.output.write(this.secret.prompt)
    }
}
