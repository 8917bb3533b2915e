import { fieldAt } from "../core/text"

/**
 * Every command, one line each: words;arguments;help. In the arguments `<a>` must be given and
 * `[a]` may be left out. Parsing, usage errors, help and completion all come from here; what runs
 * is in commands/handlers.ts under the same words.
 */
const table = `
help;[command];list the commands, or explain one
status;;the board at a glance
show;[key|section];settings with their names, ranges and units
set;<key> <value>;change a setting, a value with blanks goes in "quotes"
defaults;<key|section|all> [yes];put settings back to their defaults
export;;print the settings as lines that can be pasted back
import;;begin a block of "set" lines, "end" applies all or nothing, "abort" drops it
battery;;voltage, current, charge and temperatures
cells;;each cell's voltage and balancing
journal;;the errors journal
tasks;;the tasks with their counters
card;;the card's type, size and health
card ls;[directory];list the card's files
card cat;<file>;print a file of the card
card tail;<file> [lines];print a file's last lines (10, at most 100)
card format;[yes];erase the card and format it
card eject;;make the card safe to pull
ftp;;state of the upload
ftp send;;send now
ftp test;;log in at the server, send nothing
ftp resend;<date>;send everything from that day on once more
time;;the clock and its source
time set;<date> [time];set the clock to a local time, YYYY-MM-DD HH:MM:SS
time sync;;ask time.server now
wifi;;state of the network
reset;;state of the scheduled reset
reset now;;reset in good order
reset clear;;set the actual number of resets to 0
login;<password>;log in
logout;;log out
passwd;<password>;set the console's password, "" removes it
describe;;schema, state and alarms as JSON lines, for tools`

/** What the table has in line `index` (from 0): words, arguments and help, ";" between them; "" past the end. */
export function commandAt(index: number): string {
    return fieldAt(table, index + 1, "\n")
}

/** The line of these words, "" if there is none. */
export function findCommand(words: string): string {
    const at = table.indexOf("\n" + words + ";")
    return at < 0 ? "" : fieldAt(table.slice(at + 1), 0, "\n")
}

export function wordsOf(row: string): string {
    return fieldAt(row, 0, ";")
}

export function argumentsOf(row: string): string {
    return fieldAt(row, 1, ";")
}

export function helpOf(row: string): string {
    return fieldAt(row, 2, ";")
}

/** A command with its arguments as they are typed. */
export function synopsis(row: string): string {
    const takes = argumentsOf(row)
    return takes.length === 0 ? wordsOf(row) : wordsOf(row) + " " + takes
}
