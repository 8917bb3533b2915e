import { fieldAt } from "../core/text"

/**
 * Every command, one line each: words;least and most arguments;arguments;help. An argument in <> must
 * be given, one in [] may be left out. Parsing, usage errors, help and completion all come from here;
 * what runs is in commands/handlers.ts under the first word.
 */
const table = `
help;01;[command];list the commands, or explain one
status;00;;the board at a glance
show;01;[key|section];settings with their names in the manual, a single key with what it allows
set;22;<key> <value>;change a setting, a value with blanks goes in "quotes"
defaults;12;<key|section|all> [yes];put settings back to their defaults
export;00;;print the settings as a block that can be pasted back
import;00;;begin a block of "set" lines, "end" applies all or nothing, "abort" drops it
battery;00;;voltage, current, charge and temperatures
cells;00;;each cell's voltage and balancing
journal;00;;the errors journal
tasks;00;;the tasks with their counts
card;00;;the card's type, size and health
card ls;01;[directory];list the card's files
card cat;11;<file>;print a file
card tail;12;<file> [lines];print a file's last lines, 10 unless told
card format;01;[yes];erase the card and format it
card eject;00;;make the card safe to pull
ftp;00;;state of the upload
ftp send;00;;send now
ftp test;00;;log in at the server and send nothing
ftp resend;11;<date>;send everything from that day on once more
time;00;;the clock and its source
time set;12;<date> [time];set the clock to this local time, YYYY-MM-DD HH:MM:SS
time sync;00;;ask time.server now
wifi;00;;state of the network
reset;00;;state of the scheduled reset
reset now;00;;reset in good order
reset clear;00;;set the actual number of resets to 0
login;11;<password>;log in
logout;00;;log out
passwd;11;<password>;set the console's password, "" removes it
describe;00;;schema, state and alarms as JSON lines, for tools`

/** The parts of a command's line, ";" between them. */
export const enum Part {
    Words,
    Counts,
    Arguments,
    Help,
}

/** The line of the command at `index`, from 0; "" past the end. */
export function commandRow(index: number): string {
    return fieldAt(table, index + 1, "\n")
}

/** The line of the command with these words, "" when there is none. */
export function findCommand(words: string): string {
    const at = table.indexOf("\n" + words + ";")
    return at < 0 ? "" : fieldAt(table.slice(at + 1), 0, "\n")
}

/** The command with its arguments as they are typed. */
export function synopsis(row: string): string {
    const words = fieldAt(row, Part.Words, ";")
    const taken = fieldAt(row, Part.Arguments, ";")
    return taken === "" ? words : words + " " + taken
}
