import { padEnd } from "../../core/text"
import { Call } from "../call"
import { commandField, commandRow, commandTable } from "../commandtable"
import { quote, refuse } from "../words"

/** Lists every command, or those that begin with the word. */
export async function help(call: Call): Promise<void> {
    const wanted = call.words[0]
    let at = 0
    let found = false
    while (at < commandTable.length - 1) {
        const row = commandRow(at)
        at += row.length + 1
        const name = commandField(row, 0)
        if (wanted === undefined || (name + " ").startsWith(wanted + " ")) {
            found = true
            await call.line(padEnd(`${name} ${commandField(row, 1)}`, 34) + commandField(row, 2))
        }
    }
    if (!found) refuse(`unknown command ${quote(wanted)}; "help" lists the commands`)
}
