import { carryOut } from "../console/assistance"
import { BoardPrompt } from "../console/boardprompt"
import { Completer } from "../console/completer"
import { ownCommands } from "../console/help"
import { History, historyPath } from "../console/history"
import { LogChoice } from "../console/logchoice"
import { hidesSecret, secretQuestion, withoutSecret } from "../console/secrets"
import { runTerminal } from "../console/terminal"
import { ConsoleError } from "../console/transport"
import { runEvent } from "./events"
import type { LinePrinter } from "./lineprinter"
import type { Simulation } from "./simulation"

/** The board's console at the simulator's own terminal; returns when the person leaves it. */
export async function typeAtPrompt(simulation: Simulation, printer: LinePrinter): Promise<void> {
    printer.line(
        'Type "help" for the commands, "!" for the board events, "log off" for quiet, "exit" to stop.',
    )
    const completer = new Completer(() => simulation.console, ownCommands)
    const boardPrompt = new BoardPrompt((line, onText) => simulation.console.execute(line, onText))
    const greeting = await boardPrompt.greet()
    if (greeting !== undefined) printer.line(`[${greeting}]`)
    const history = new History(historyPath(), message => printer.line(message))
    let resets = simulation.board.resets
    const logChoice = new LogChoice()
    printer.shows = line => logChoice.shows(line)
    const runOnBoard = async (line: string) => {
        await completer.stop()
        // A reset ended what the board's session had under way.
        if (resets !== simulation.board.resets) completer.forget()
        resets = simulation.board.resets
        const result = { status: await simulation.execute(line) }
        completer.ran(line, result)
        return result
    }
    const run = async (line: string) => {
        const said = logChoice.obey(line)
        if (said !== undefined) return printer.line(said)
        if (line.startsWith("!")) return await runEvent(line, simulation)
        const print = (text: string) => printer.text(text)
        const { status } = await carryOut(line, { completer, run: runOnBoard, print })
        if (status !== 0) return
        if (!completer.inBlock) await boardPrompt.ran(line)
        if (!hidesSecret(line, completer.catalog)) history.add(line.trim())
    }
    await runTerminal(process.stdin, process.stdout, {
        prompt: () => boardPrompt.text() + " ",
        execute: async line => {
            printer.note(`> ${withoutSecret(line, completer.catalog)}\n`)
            try {
                await run(line)
            } catch (thrown) {
                throw new ConsoleError((thrown as Error).message)
            }
        },
        cancel: async again => {
            if (again) simulation.console.abandon()
            else await simulation.console.cancel()
        },
        complete: line => completer.complete(line),
        question: line => secretQuestion(line, completer.catalog),
        hides: line => hidesSecret(line, completer.catalog),
        history: history.load(),
        onIdle: () => void completer.learn().catch(() => undefined),
        onPrompt: prompt => printer.usePrompt(prompt),
    })
}
