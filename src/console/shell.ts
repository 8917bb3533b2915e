import { faultMessage } from "../core/fault"
import { fieldAt, printable } from "../core/text"
import { Call, Output } from "./call"
import { findCommand, Part, synopsis } from "./commandtable"
import { handlers } from "./commands/handlers"
import { importLine } from "./commands/transfer"
import { Parts } from "./parts"
import { Session } from "./session"
import { refuse, splitWords } from "./words"

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
            await out.write(Buffer.from(`error: ${faultMessage(thrown)}\n`))
            return false
        }
    }

    private async run(session: Session, line: string, out: Output): Promise<void> {
        const access = this.parts.access
        const call = new Call(this.parts, session, out)
        if (session.block) {
            access.check(session)
            await importLine(call, line)
            return
        }
        const words = splitWords(line)
        const first = words[0]
        if (!first || first[0] === "#") return
        let used = 2
        let row = findCommand(first + " " + words[1])
        if (!row) {
            used = 1
            row = findCommand(first)
        }
        const handler = handlers[first]
        if (!row || !handler) refuse(`unknown command ${printable(first, 40)}; "help" lists them`)
        call.name = fieldAt(row, Part.Words, ";")
        if (call.name !== "help" && call.name !== "login") access.check(session)
        call.words = words.slice(used)
        const counts = fieldAt(row, Part.Counts, ";")
        const given = call.words.length + 48
        let wrong = ""
        if (given < counts.charCodeAt(0)) wrong = "an argument is missing"
        if (given > counts.charCodeAt(1)) wrong = "unknown or surplus argument"
        if (wrong) refuse(`${wrong}; usage: ${synopsis(row)}; see "help ${first}"`)
        await handler(call)
        if (!call.printed) await call.print("ok")
    }
}
