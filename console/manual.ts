// The manual as data: texts about each command and flag. docs/reference/console.md is generated
// from it, and `help` shows it.

/** A command of the board. */
export interface ManualEntry {
    words: string
    /** Its output or effect, beyond its help. */
    notes: string
    /**
     * Lines run in order for docs/reference/console.md; "+5" lets 5 s pass, "!out" and "!in" pull
     * the card and put it back.
     */
    examples: string[]
}

export const manual: [chapter: string, entries: ManualEntry[]][] = [
    [
        "Finding one's way",
        [
            {
                words: "help",
                notes: "One line per command. With a word: the commands that begin with it. Needs no log-in.",
                examples: ["help", "help card"],
            },
            {
                words: "status",
                notes: "`safe mode` and `backup` appear only when they apply. A time followed by `~` is a lower bound: the clock is not trusted.",
                examples: ["status"],
            },
        ],
    ],
    [
        "Settings",
        [
            {
                words: "show",
                notes: "Each setting with its value, its unit and its name in the manual, by section. A section is the first part of its keys. For a secret only `set` or `not set` is shown.",
                examples: ["show", "show wifi", "show sd.period"],
            },
            {
                words: "set",
                notes: "Once `ok` appears the value is in force and in flash. A refusal changes nothing and names the key, the value (except a secret's) and what is allowed.",
                examples: [
                    "set sd.period 10",
                    "set battery.capacity 280000",
                    'set user.address "Boiler room, 2nd floor"',
                    "set reset.days Mon,Thu",
                    "set sd.period 0",
                    "set wifi.password short",
                    "set battery.cell_undervoltage 3500",
                ],
            },
            {
                words: "defaults",
                notes: "One key, one section or `all`; without `yes` it says how many would change, and which passwords. Values that the board keeps itself stay.",
                examples: ["defaults reset", "defaults reset yes"],
            },
            {
                words: "export",
                notes: "The whole set-up except secrets, ready to paste into another board's console: the serial number is in a comment.",
                examples: ["export"],
            },
            {
                words: "import",
                notes: "Until `end` or `abort` the console takes at most 200 lines: `set <key> <value>`, comments and empty lines. A wrong line is refused at once; `end` then changes nothing and names the wrong lines. Otherwise it names the secrets that are still to be set.",
                examples: [
                    "import",
                    "set ftp.host example.org",
                    "set ftp.port 2121",
                    "end",
                    "import",
                    "set ftp.port 99999",
                    "end",
                ],
            },
        ],
    ],
    [
        "Battery",
        [
            {
                words: "battery",
                notes: "Pack voltage, current (charging is positive), state of charge, thermistors, and the monitor chip's safety status and alerts, explained in [battery.md](battery.md).",
                examples: ["battery"],
            },
            {
                words: "battery limits",
                notes: "Read back from the monitor chip, which would act on them on its own.",
                examples: ["battery limits"],
            },
            {
                words: "cells",
                notes: "Voltages by number; `balancing` marks a cell that is being balanced.",
                examples: ["cells"],
            },
        ],
    ],
    [
        "Journal and tasks",
        [
            {
                words: "journal",
                notes: "The last record, then the 32 positions: number, local time, what appeared or disappeared (and why, for the last eight since the start), and all flags after that.",
                examples: ["!out", "+20", "!in", "+20", "journal"],
            },
            {
                words: "tasks",
                notes: "Runs and failures since the start, the longest run, the worst lateness, and the last failure's message.",
                examples: ["tasks"],
            },
        ],
    ],
    [
        "SD card",
        [
            {
                words: "card",
                notes: "`health` counts the transfers that were repeated or failed since the card was mounted, and the mounts since the start. A `trouble` line says what is wrong.",
                examples: ["card"],
            },
            {
                words: "card ls",
                notes: "Names and sizes, in the card's own order.",
                examples: ["card ls", "card ls log"],
            },
            {
                words: "card cat",
                notes: "Text files only, about 11 KB per second. Every 64 KiB a line `# 65568 of 176008 bytes` shows the progress. An offset skips what is before it, so that `--get` can resume. Ctrl-C stops it.",
                examples: ["card cat notes.txt"],
            },
            {
                words: "card tail",
                notes: "Looks back at most 1 KiB per line.",
                examples: ["card tail log/20261122.csv 2"],
            },
            {
                words: "card eject",
                notes: "Writes all open data and leaves the card alone until it has been pulled.",
                examples: ["card eject", "!out", "+5", "!in", "+5"],
            },
            {
                words: "card format",
                notes: "Erases everything. `formatting, … %` shows the progress; records wait meanwhile.",
                examples: ["card format", "card format yes", "+30"],
            },
        ],
    ],
    [
        "FTP",
        [
            {
                words: "ftp",
                notes: "What it is doing or waiting for, and the counts since the start.",
                examples: ["ftp"],
            },
            {
                words: "ftp test",
                notes: "Says which way is used and what the server answered.",
                examples: ["set ftp.port 21", "ftp test"],
            },
            {
                words: "ftp send",
                notes: "Returns when the session has ended; a refusal says why.",
                examples: ["ftp send"],
            },
            {
                words: "ftp resend",
                notes: "The date is `YYYY-MM-DD`. The files are sent whole, at once if possible.",
                examples: ["ftp resend 2026-11-22", "ftp resend yesterday"],
            },
        ],
    ],
    [
        "Clock and network",
        [
            {
                words: "time",
                notes: "Local time, its offset from UTC, and its source: `none`, `flash`, `RTC chip`, `time server` or `person`.",
                examples: ["time"],
            },
            {
                words: "time sync",
                notes: "Asks the HTTP server in `time.server` for its date.",
                examples: ["time sync", "set time.server example.org", "time sync"],
            },
            {
                words: "time set",
                notes: "Local time in `time.zone`. `time set now` sends the time of the PC that runs the console.",
                examples: ["time set 2026-11-22 14:00:00", "time set 2026-11-31 14:00:00"],
            },
            {
                words: "wifi",
                notes: "The network's settings and state.",
                examples: ["wifi"],
            },
        ],
    ],
    [
        "Log-in",
        [
            {
                words: "passwd",
                notes: 'From then on everything except `help` and `login` needs a log-in; `passwd ""` ends that. Other consoles are logged out. Without a password on the line, the terminal prompts for it without echo.',
                examples: ["passwd correct-horse"],
            },
            {
                words: "logout",
                notes: "For this console. Ten minutes without a line do the same.",
                examples: ["logout", "status"],
            },
            {
                words: "login",
                notes: "Five wrong tries lock the log-in for a minute, for every console. Without a password on the line, the terminal prompts for it without echo.",
                examples: ["login battery-staple", "login correct-horse", 'passwd ""'],
            },
        ],
    ],
    [
        "Reset and tools",
        [
            {
                words: "reset",
                notes: "The schedule, how often it has reset the board, and when last.",
                examples: ["reset"],
            },
            {
                words: "reset clear",
                notes: "The count may then reach `reset.max` again.",
                examples: ["reset clear"],
            },
            {
                words: "values",
                notes: "For tools that poll every second; [console-service.md](console-service.md) lists the members and units.",
                examples: ["values"],
            },
            {
                words: "describe",
                notes: "Everything a user interface needs; [console-service.md](console-service.md) lists the members. `npm run console -- PORT --json` prints it as one document.",
                examples: ["describe"],
            },
            {
                words: "reset now",
                notes: "Finishes the current record, ends the upload at a safe point and syncs the card; the board is back after some seconds. Does not count as a scheduled reset.",
                examples: ["reset now"],
            },
        ],
    ],
]

/** The meaning of each error flag, and its remedy. */
export const flags: Readonly<Record<string, string>> = {
    CELL_OVERVOLTAGE:
        'The highest cell is at or above battery.cell_overvoltage. "cells" shows which one; stop charging.',
    CELL_UNDERVOLTAGE:
        'The lowest cell is at or below battery.cell_undervoltage. "cells" shows which one; charge the pack.',
    OVERCURRENT_CHARGE:
        'The charging current is battery.overcurrent_charge or more. "battery" shows the current.',
    OVERCURRENT_DISCHARGE:
        'The discharging current is battery.overcurrent_discharge or more. "battery" shows the current.',
    OVERTEMPERATURE:
        'The warmer thermistor is at or above battery.overtemperature. "battery" shows both.',
    UNDERTEMPERATURE:
        'The colder thermistor is at or below battery.undertemperature; one that is not connected reads far below zero. "battery" shows both.',
    CELL_IMBALANCE:
        'Highest and lowest cell differ by battery.imbalance or more. "cells" shows them all.',
    MONITOR_OFFLINE:
        "The battery monitor chip does not answer: check its supply and the I2C wires. Records continue, without the values that were not measured.",
    SHORT_CIRCUIT:
        'The monitor chip has detected a short circuit: "battery" shows its safety status.',
    SD_CARD:
        'There is no card, or it cannot be used. "card" says why; "card format yes" erases it and makes it usable.',
    SD_FULL:
        'The card is full, and no file on it was sent whole: "ftp" says why; use another card, or delete files on a PC.',
    FTP: 'Three sessions in a row have failed. "ftp" says why, "ftp test" tries the log-in.',
    WIFI: 'The board has not been in the network of wifi.ssid for 30 s. "wifi" shows its state, "wifi scan" the networks in range.',
    CLOCK: 'The time is only a lower bound (shown with "~"). "time set now" sets it; time.server keeps it set.',
    SETTINGS:
        'A stored setting was damaged, or all were restored from the card. "status" says which; check "show" and set what is wrong: the flag then clears.',
    TASK_STUCK:
        "A task hung for a minute and the board reset itself. The flag stays up for ten minutes; the journal has the entry.",
    RECORDS_LOST:
        'Records were dropped while the card accepted none. "status" counts them; the flag clears when none is waiting.',
    SAFE_MODE:
        'The last starts ended early: no logs, no upload. It ends on its own after ten minutes, or with "reset now".',
}

/** Lines of the terminal itself; the simulator's prompt has them too. */
export const ownLines: Readonly<
    Record<string, { arguments: string; help: string; notes: string }>
> = {
    log: {
        arguments: "[off|errors|on]",
        help: "how much of the board's log is shown here",
        notes: "With errors: only warnings, panics and failures. The simulator's transcript has everything.",
    },
    "wifi scan": {
        arguments: "",
        help: "the networks in range",
        notes: "Strongest first, with the signal and whether a password is needed. It takes some seconds, even while the board is connected. While the board is joining a network it cannot scan and shows earlier results; a reset and a scan within 20 s after it help.",
    },
    exit: { arguments: "", help: "leave, like Ctrl-D", notes: "" },
}

export const keyboard = `Tab            completes commands, settings, choices and the card's files
up, down       recall lines, also from earlier runs
Ctrl-A, Ctrl-E to the start, the end of the line
Ctrl-U, Ctrl-K erase to the start, the end of the line
Ctrl-L         clears the screen
Ctrl-C         discards the line; stops the output
Ctrl-D         leaves, like "exit"`
