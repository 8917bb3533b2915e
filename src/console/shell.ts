import { faultMessage } from "../core/fault"
import { Call, Handler, Output } from "./call"
import { argumentsOf, commandAt, findCommand, synopsis, wordsOf } from "./commandtable"
import { handlers } from "./commands/handlers"
import { importLine } from "./commands/transfer"
import { Parts } from "./parts"
import { Session } from "./session"
import { quote, refuse, splitWords } from "./words"

/** What runs under these words; undefined when the table does not have them. */
function handlerOf(words: string): Handler {
    return findCommand(words).length === 0 ? undefined : handlers[words]
}

/** A command and its subcommands as they are typed, " | " between them. */
function usage(words: string): string {
    let text = ""
    let index = 0
    let row = commandAt(0)
    while (row.length !== 0) {
        if ((wordsOf(row) + " ").startsWith(words + " ")) {
            if (text.length !== 0) text += " | "
            text += synopsis(row)
        }
        row = commandAt(++index)
    }
    return text
}

/** Refuses fewer or more arguments than the table names for the command. */
function checkCount(words: string, given: number): void {
    const takes = argumentsOf(findCommand(words))
    let needed = 0
    let allowed = 0
    for (let i = 0; i < takes.length; ++i) {
        if (takes[i] === "<") ++needed
        if (takes[i] === "<" || takes[i] === "[") ++allowed
    }
    if (given < needed) refuse(`an argument is missing; usage: ${usage(words)}`)
    if (given > allowed) refuse(`unknown or surplus argument; usage: ${usage(words)}`)
}

/** Runs console lines. One shell serves every console; what belongs to one of them is in its Session. */
export class Shell {
    constructor(private readonly parts: Parts) {}

    /**
     * Runs one line and prints what it has to say, a refusal as one line "error: …".
     * @returns true when it was done, false when it was refused. Throws only what `out` throws.
     */
    async execute(session: Session, line: string, out: Output): Promise<boolean> {
        try {
            await this.run(session, line, out)
            return true
        } catch (thrown) {
            await out.text(`error: ${faultMessage(thrown)}\n`)
            return false
        }
    }

    private async run(session: Session, line: string, out: Output): Promise<void> {
        if (session.block) {
            this.parts.access.check(session)
            await importLine(new Call(this.parts, session, [], out), line)
            return
        }
        const words = splitWords(line)
        if (words.length === 0 || words[0][0] === "#") return
        let name = words[0]
        let used = 1
        if (words.length > 1 && handlerOf(name + " " + words[1])) {
            name += " " + words[1]
            used = 2
        }
        const handler = handlerOf(name)
        if (!handler) refuse(`unknown command ${quote(name)}; "help" lists the commands`)
        if (name !== "help" && name !== "login") this.parts.access.check(session)
        checkCount(name, words.length - used)
        await handler(new Call(this.parts, session, words.slice(used), out))
    }
}
