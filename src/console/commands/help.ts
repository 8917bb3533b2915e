import { padEnd } from "../../core/text"
import { Call } from "../call"
import { commandAt, helpOf, synopsis, wordsOf } from "../commandtable"
import { quote, refuse } from "../words"

/** Lists every command, or those that begin with the word. */
export async function help(call: Call): Promise<void> {
    const wanted = call.words[0]
    let found = false
    let index = 0
    let row = commandAt(0)
    while (row.length !== 0) {
        if (wanted === undefined || (wordsOf(row) + " ").startsWith(wanted + " ")) {
            found = true
            await call.line(padEnd(synopsis(row), 34) + helpOf(row))
        }
        row = commandAt(++index)
    }
    if (!found) refuse(`unknown command ${quote(wanted)}; "help" lists the commands`)
}
