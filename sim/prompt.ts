import { carryOut } from "../console/assistance"
import { BoardPrompt } from "../console/boardprompt"
import { Completer } from "../console/completer"
import { ownCommands } from "../console/help"
import { History, historyPath } from "../console/history"
import { LogChoice } from "../console/logchoice"
import { hidesSecret, secretQuestion, withoutSecret } from "../console/secrets"
import { runTerminal } from "../console/terminal"
import { ConsoleError } from "../console/transport"
import type { Demo } from "./demo"
import { runEvent } from "./events"
import type { LinePrinter } from "./lineprinter"
import type { Simulation } from "./simulation"

/** Lines typed at the simulator's own terminal: for the board, events, and local commands. */
class TypedLines {
    readonly completer: Completer
    readonly boardPrompt: BoardPrompt
    readonly history: History
    private readonly logChoice = new LogChoice()
    private resets: number

    constructor(
        private readonly simulation: Simulation,
        private readonly printer: LinePrinter,
        private readonly demo?: Demo,
    ) {
        this.completer = new Completer(() => simulation.console, ownCommands)
        this.boardPrompt = new BoardPrompt((line, onText) =>
            simulation.console.execute(line, onText),
        )
        this.history = new History(historyPath(), message => printer.line(message))
        this.resets = simulation.board.resets
        printer.shows = line => this.logChoice.shows(line)
    }

    /** Throws ConsoleError with the reason if a line cannot be run. */
    async execute(line: string): Promise<void> {
        this.printer.note(`> ${withoutSecret(line, this.completer.catalog)}\n`)
        try {
            await this.run(line)
        } catch (thrown) {
            throw new ConsoleError((thrown as Error).message)
        }
    }

    private async run(line: string): Promise<void> {
        const { completer, printer } = this
        const said = this.logChoice.obey(line)
        if (said !== undefined) return printer.line(said)
        if (line.startsWith("!")) {
            this.demo?.stop()
            return await runEvent(line, this.simulation)
        }
        const run = (one: string) => this.runOnBoard(one)
        const print = (text: string) => printer.text(text)
        const { status } = await carryOut(line, { completer, run, print })
        if (status !== 0) return
        if (!completer.inBlock) await this.boardPrompt.ran(line)
        if (!hidesSecret(line, completer.catalog)) this.history.add(line.trim())
    }

    private async runOnBoard(line: string): Promise<{ status: number }> {
        const { completer, simulation } = this
        await completer.stop()
        // A reset ended anything under way in the board's session.
        if (this.resets !== simulation.board.resets) completer.forget()
        this.resets = simulation.board.resets
        const result = { status: await simulation.execute(line) }
        completer.ran(line, result)
        return result
    }
}

/**
 * The board's console at the simulator's own terminal; returns when the person leaves.
 * @param demo played meanwhile
 */
export async function typeAtPrompt(
    simulation: Simulation,
    printer: LinePrinter,
    demo?: Demo,
): Promise<void> {
    printer.line(
        'Type "help" for the commands, "!" for the board events, "log off" for quiet, "exit" to stop.',
    )
    const typed = new TypedLines(simulation, printer, demo)
    const { boardPrompt, completer } = typed
    const greeting = await boardPrompt.greet()
    if (greeting !== undefined) printer.line(`[${greeting}]`)
    void demo?.play().catch(() => undefined)
    await runTerminal(process.stdin, process.stdout, {
        prompt: () => boardPrompt.text() + " ",
        execute: line => typed.execute(line),
        cancel: async again => {
            if (again) simulation.console.abandon()
            else await simulation.console.cancel()
        },
        complete: line => completer.complete(line),
        question: line => secretQuestion(line, completer.catalog),
        hides: line => hidesSecret(line, completer.catalog),
        history: typed.history.load(),
        onIdle: () => void completer.learn().catch(() => undefined),
        onPrompt: prompt => printer.usePrompt(prompt),
    })
}
