import { setTimeout as sleep } from "node:timers/promises"
import { carryOut } from "./assistance"
import { BoardPrompt } from "./boardprompt"
import { Completer } from "./completer"
import { Connection } from "./connection"
import { ownCommands } from "./help"
import { History, historyPath } from "./history"
import { LogChoice } from "./logchoice"
import { openLine } from "./ports"
import type { Screen } from "./screen"
import { hidesSecret, quoteWord, secretQuestion } from "./secrets"
import { Style } from "./style"
import { runTerminal } from "./terminal"
import { ConsoleError, type LineResult } from "./transport"

const reopenMs = 500
/** The firmware's own log lines, warnings and panics; the rest is the runtime's. */
const forPeople = /^(> |[!*?] |PANIC|\[noise)/
/** A board asked to reset is back by then, even if something hangs. */
export const resetMs = 45_000

/**
 * The session of a person at a terminal with a board that may be reset, unplugged and plugged in
 * again.
 */
export class Interactive {
    private readonly completer = new Completer(() => this.connection?.client, ownCommands)
    private readonly boardPrompt = new BoardPrompt((line, onText) => this.ask(line, onText))
    private readonly logChoice = new LogChoice()
    private connection: Connection | undefined
    private over = false

    constructor(
        private readonly address: string,
        private readonly screen: Screen,
        private readonly wholeLog: boolean,
    ) {}

    /** Returns when the person leaves. Throws ConsoleError if there is no board at the start. */
    async run(): Promise<void> {
        await this.connect()
        await this.greet()
        this.screen.text('Type "help" for the commands, "log off" for quiet, "exit" to stop.\n')
        const history = new History(historyPath(), message => this.screen.remark(message))
        try {
            await runTerminal(process.stdin, process.stdout, {
                prompt: () => new Style(process.stdout).strong(this.boardPrompt.text()) + " ",
                history: history.load(),
                execute: async line => {
                    const said = this.logChoice.obey(line)
                    if (said !== undefined) return this.screen.text(said + "\n")
                    const { status } = await carryOut(line, {
                        completer: this.completer,
                        run: each => this.execute(each),
                        print: text => this.screen.text(text),
                    })
                    if (status === 0 && !this.completer.inBlock) await this.boardPrompt.ran(line)
                    // A refused line may be a password after a mistyped word.
                    if (status === 0 && !this.hides(line)) history.add(line.trim())
                },
                cancel: async again => {
                    const client = this.connection?.client
                    if (again) client?.abandon()
                    else await client?.cancel()
                },
                complete: line => this.completer.complete(line),
                question: line => secretQuestion(line, this.completer.catalog),
                hides: line => this.hides(line),
                onPrompt: prompt => this.screen.usePrompt(prompt),
                onIdle: () => void this.completer.learn().catch(() => undefined),
            })
        } finally {
            this.over = true
            this.screen.usePrompt(undefined)
            await this.connection?.close()
        }
    }

    /** A question by the terminal itself. */
    private async ask(line: string, onText: (text: string) => void): Promise<LineResult> {
        const connection = this.connection
        if (!connection) throw new ConsoleError(`${this.address} is not there`)
        const asking = connection.client.execute(line, onText)
        asking.catch(() => undefined)
        return await Promise.race([asking, connection.lost])
    }

    /** Prints the board's identity and state in one line. */
    private async greet(): Promise<void> {
        this.boardPrompt.forget()
        const line = await this.boardPrompt.greet()
        if (line !== undefined) this.screen.remark(`[${line}]`)
    }

    private hides(line: string): boolean {
        return hidesSecret(line, this.completer.catalog)
    }

    private async execute(line: string): Promise<LineResult> {
        const connection = this.connection
        if (!connection) throw new ConsoleError(`${this.address} is not there yet: plug it in`)
        await this.completer.stop()
        const restarts = connection.restarts
        const running = connection.client.execute(line, text => this.screen.text(text))
        running.catch(() => undefined)
        const result = await Promise.race([running, connection.lost])
        this.completer.ran(line, result)
        if (result.status === 0 && isReset(line)) await this.waitForReset(connection, restarts)
        return result
    }

    private async waitForReset(connection: Connection, restarts: number): Promise<void> {
        if (!(await connection.restartAfter(restarts, resetMs)))
            this.screen.remark(`[the board did not come back within ${resetMs / 1000} s]`)
    }

    private async connect(): Promise<void> {
        const connection = await Connection.open(await openLine(this.address), line => {
            const wanted = this.wholeLog || forPeople.test(line)
            if (wanted && this.logChoice.shows(line)) this.screen.log(line)
        })
        connection.onRestart = () => {
            this.completer.forget()
            this.screen.remark("[the board was reset: log-ins and unfinished imports are lost]")
            void this.settleIn(connection).catch(() => undefined)
        }
        this.completer.forget()
        this.connection = connection
        connection.lost.catch((failure: Error) => void this.reconnect(connection, failure))
        await logIn(connection, this.screen)
    }

    private async settleIn(connection: Connection): Promise<void> {
        await logIn(connection, this.screen)
        await this.greet()
    }

    private async reconnect(lost: Connection, failure: Error): Promise<void> {
        if (this.over) return
        this.connection = undefined
        this.screen.remark(`[${failure.message}; waiting for it to come back]`)
        await lost.close()
        while (!this.over && !this.connection) {
            await sleep(reopenMs)
            try {
                await this.connect()
                this.screen.remark("[connected again]")
                await this.greet()
            } catch (thrown) {
                if (!(thrown instanceof ConsoleError)) throw thrown
            }
        }
    }
}

/** True for the line that restarts the board. */
export function isReset(line: string): boolean {
    return /^\s*reset\s+now\s*$/.test(line)
}

/** Logs in with the password in BMS_PASSWORD, if set. Prints the refusal if it is wrong. */
export async function logIn(connection: Connection, screen: Screen): Promise<void> {
    const password = process.env.BMS_PASSWORD
    if (!password) return
    let said = ""
    const line = `login ${quoteWord(password)}`
    const { status } = await connection.client.execute(line, text => (said += text))
    if (status !== 0) screen.text(`${said.trimEnd()} (BMS_PASSWORD)\n`)
}
