import { faultMessage } from "../core/fault"
import { LineRunner, Output } from "../core/seams"
import { fieldAt, printable } from "../core/text"
import { Call } from "./call"
import { findCommand, Part, synopsis } from "./commandtable"
import { runCommand } from "./commands/runcommand"
import { importLine } from "./commands/transfer"
import { Parts } from "./parts"
import { Session } from "./session"
import { refuse, splitWords } from "./words"

/** Runs console lines. One shell serves all consoles; each console's state is in its Session. */
export class Shell implements LineRunner {
    constructor(private readonly parts: Parts) {}

    newSession(): Session {
        return new Session()
    }

    /**
     * Runs one line and prints its output, a refusal as one line "error: …".
     * @returns true if it was done, false if it was refused. Throws only what `out` throws.
     */
    async carryOut(session: Session, line: string, out: Output): Promise<boolean> {
        const { access, ticks } = this.parts
        let done = true
        access.touch(session)
        try {
            await runLine(new Call(this.parts, session, out), line)
        } catch (thrown) {
            done = false
            await out.writeOut("error: " + faultMessage(thrown) + "\n")
        }
        // Waiting for long output is not idling.
        session.lastMs = ticks.nowMs()
        return done
    }
}

async function runLine(call: Call, line: string): Promise<void> {
    const session = call.session
    const access = call.parts.access
    if (session.block) {
        access.check(session)
        await importLine(call, line)
        return
    }
    const words = splitWords(line)
    const first = words[0]
    if (!first || first[0] === "#") return
    let name = first + " " + words[1]
    let used = 2
    let row = findCommand(name)
    if (!row) {
        name = first
        used = 1
        row = findCommand(name)
    }
    if (!row) refuse(`unknown command ${printable(first, 40)}; "help" lists them`)
    if (name !== "help" && name !== "login") access.check(session)
    call.words = words.slice(used)
    const taken = fieldAt(row, Part.Arguments, ";")
    const given = call.words.length
    let wrong = fieldAt(taken, given, " ")
    wrong = wrong.startsWith("<") ? wrong + " is missing" : ""
    if (given > 0 && fieldAt(taken, given - 1, " ") === "") {
        wrong = "unknown or surplus argument"
        // Elsewhere it may be part of a password.
        if (taken === "") wrong += " " + printable(call.words[0], 40)
    }
    if (wrong) refuse(`${wrong}; usage: ${synopsis(row)}; see "help ${first}"`)
    await runCommand(name, call)
    if (!call.printed) await call.print("ok")
}
