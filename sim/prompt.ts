import { runTerminal } from "../console/terminal"
import { runEvent } from "./events"
import type { LinePrinter } from "./lineprinter"
import type { Simulation } from "./simulation"

/** The board's console at the simulator's own terminal; returns when the person leaves it. */
export async function typeAtPrompt(simulation: Simulation, printer: LinePrinter): Promise<void> {
    printer.line('Type "help" for the commands, "!" and Enter for the board events, "exit" to stop.')
    await runTerminal({
        execute: async line => {
            if (line.startsWith("!")) await runEvent(line, simulation)
            else await simulation.execute(line)
        },
        cancel: () => simulation.console.cancel(),
        onPrompt: prompt => printer.usePrompt(prompt),
        onError: message => printer.line(message),
    })
}
