import { runTerminal } from "../console/terminal"
import { ConsoleError } from "../console/transport"
import { runEvent } from "./events"
import type { LinePrinter } from "./lineprinter"
import type { Simulation } from "./simulation"

/** The board's console at the simulator's own terminal; returns when the person leaves it. */
export async function typeAtPrompt(simulation: Simulation, printer: LinePrinter): Promise<void> {
    printer.line('Type "help" for the commands, "!" for the board events, "exit" to stop.')
    await runTerminal(process.stdin, process.stdout, {
        execute: async line => {
            printer.note(`> ${line}\n`)
            try {
                if (line.startsWith("!")) await runEvent(line, simulation)
                else await simulation.execute(line)
            } catch (thrown) {
                throw new ConsoleError((thrown as Error).message)
            }
        },
        cancel: () => simulation.console.cancel(),
        onPrompt: prompt => printer.usePrompt(prompt),
    })
}
