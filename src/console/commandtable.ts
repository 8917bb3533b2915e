import { fieldAt } from "../core/text"

/**
 * All commands, one per line: words;arguments;help. Arguments in <> are required, those in []
 * optional; their names tell what they are (listed in docs/reference/console-service.md). Parsing,
 * usage errors, help and completion all use this table; commands/runcommand.ts runs the commands.
 */
const table = `
help;[command];list the commands, or explain one
status;;the board at a glance
show;[key|section];settings with their manual names, one key with its allowed values
set;<key> <value>;change a setting, a value with spaces goes in "quotes"
defaults;<key|section|all> [yes];put settings back to their defaults
export;;print the settings as a block that can be pasted back
import;;begin a block of "set" lines, "end" applies all or nothing, "abort" drops it
battery;;voltage, current, charge and temperatures
battery limits;;the monitor chip's limits, rounded to its steps
cells;;each cell's voltage and balancing
journal;;the errors journal
tasks;;the tasks and their counts
card;;the card's type, size and health
card ls;[directory];list the card's files
card cat;<file> [offset];print a file
card tail;<file> [lines];print a file's last lines, 10 by default
card format;[yes];erase the card and format it
card eject;;make the card safe to pull
ftp;;state of the upload
ftp send;;send now
ftp test;;log in to the server and send nothing
ftp resend;<date>;send everything from that day on again
time;;the clock and its source
time set;<date> [time];set the clock: local YYYY-MM-DD HH:MM:SS, or "now" for the PC's time
time sync;;ask time.server now
wifi;;state of the network
reset;;state of the scheduled reset
reset now;;reset cleanly
reset clear;;set the actual number of resets to 0
login;<password>;log in
logout;;log out
passwd;<password>;set the console's password, "" removes it
values;;measured values, as numbers in JSON lines
describe;;schema, state and alarms as JSON lines, for tools
`

/** The parts of a command's line, separated by ";". */
export const enum Part {
    Words,
    Arguments,
    Help,
}

/** The line of the command at `index`, from 0; "" past the end. */
export function commandRow(index: number): string {
    return fieldAt(table, index + 1, "\n")
}

/** The line of the command with these words, "" if there is none. */
export function findCommand(words: string): string {
    const at = table.indexOf("\n" + words + ";")
    return at < 0 || words.indexOf(";") >= 0 ? "" : table.slice(at + 1, table.indexOf("\n", at + 1))
}

/** The command with its arguments as typed. */
export function synopsis(row: string): string {
    const words = fieldAt(row, Part.Words, ";")
    const taken = fieldAt(row, Part.Arguments, ";")
    return taken === "" ? words : words + " " + taken
}
