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
                notes: "One line a command. With a word: the commands that begin with it. Needs no log-in.",
                examples: ["help", "help card"],
            },
            {
                words: "status",
                notes: "`safe mode` and `backup` come only when there is something to say. A time with `~` behind it is a lower bound: the clock is not trusted.",
                examples: ["status"],
            },
        ],
    ],
    [
        "Settings",
        [
            {
                words: "show",
                notes: "Each setting with its value, its unit and its name in the manual, by section. A section is the first part of its keys. Of a secret only `set` or `not set` is shown.",
                examples: ["show", "show wifi", "show sd.period"],
            },
            {
                words: "set",
                notes: "In force and in flash when `ok` appears. A refusal names the key, the value (not that of a secret) and what is allowed, and changes nothing.",
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
                notes: "One key, one section or `all`; without `yes` it says how many would change, and which passwords. What the board keeps itself stays.",
                examples: ["defaults reset", "defaults reset yes"],
            },
            {
                words: "export",
                notes: "The whole set-up but for secrets, ready to be pasted into another board's console: the serial number stands in a comment.",
                examples: ["export"],
            },
            {
                words: "import",
                notes: "Until `end` or `abort` the console takes lines `set <key> <value>`, comments and empty lines, 200 at most. A wrong line is refused at once; then `end` changes nothing and names the wrong lines. Else it names the secrets that are still to be set.",
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
                notes: "Pack voltage, current (charging is positive) and state of charge, the thermistors, and the safety status and alerts of the monitor chip, explained in [battery.md](battery.md).",
                examples: ["battery"],
            },
            {
                words: "battery limits",
                notes: "As read back from the monitor chip: what it would act on by itself.",
                examples: ["battery limits"],
            },
            {
                words: "cells",
                notes: "Voltages by number; `balancing` stands behind a cell that is being balanced.",
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
                notes: "Runs and failures since the start, the longest run, the worst lateness; behind them what the last failure said.",
                examples: ["tasks"],
            },
        ],
    ],
    [
        "SD card",
        [
            {
                words: "card",
                notes: "`health` counts the transfers that were repeated or failed since the card was mounted, and the mounts since the start. A line `trouble` says what is wrong.",
                examples: ["card"],
            },
            {
                words: "card ls",
                notes: "Names and sizes, in the order they have on the card.",
                examples: ["card ls", "card ls log"],
            },
            {
                words: "card cat",
                notes: "Text files only. Some 11 KB a second; each 64 KiB a line `# 65568 of 176008 bytes` says how far it is. An offset leaves out what is in front of it, for `--get`, which goes on where it was broken off. Ctrl-C ends it.",
                examples: ["card cat notes.txt"],
            },
            {
                words: "card tail",
                notes: "Looks back no further than 1 KiB for each line.",
                examples: ["card tail log/20261122.csv 2"],
            },
            {
                words: "card eject",
                notes: "Writes all that is open and leaves the card alone until it has been out.",
                examples: ["card eject", "!out", "+5", "!in", "+5"],
            },
            {
                words: "card format",
                notes: "Erases everything. `formatting, … %` comes while it goes on; records wait meanwhile.",
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
                notes: "Returns when the session has ended; a refusal says why it could not be.",
                examples: ["ftp send"],
            },
            {
                words: "ftp resend",
                notes: "The date is `YYYY-MM-DD`. The files go whole, at once if they can.",
                examples: ["ftp resend 2026-11-22", "ftp resend yesterday"],
            },
        ],
    ],
    [
        "Clock and network",
        [
            {
                words: "time",
                notes: "Local time, its distance from UTC, and where it is from: `none`, `flash`, `RTC chip`, `time server` or `person`.",
                examples: ["time"],
            },
            {
                words: "time sync",
                notes: "Asks the HTTP server in `time.server` for its date.",
                examples: ["time sync", "set time.server example.org", "time sync"],
            },
            {
                words: "time set",
                notes: "Local time by `time.zone`. `time set now` sends the time of the PC on which the console runs.",
                examples: ["time set 2026-11-22 14:00:00", "time set 2026-11-31 14:00:00"],
            },
            {
                words: "wifi",
                notes: "The settings of the network, and its state.",
                examples: ["wifi"],
            },
        ],
    ],
    [
        "Log-in",
        [
            {
                words: "passwd",
                notes: 'From then on everything but `help` and `login` wants a log-in; `passwd ""` ends that. Other consoles are logged out. Typed without the password, the terminal asks for it without showing it.',
                examples: ["passwd correct-horse"],
            },
            {
                words: "logout",
                notes: "For this console. Ten minutes without a line do the same.",
                examples: ["logout", "status"],
            },
            {
                words: "login",
                notes: "Five wrong tries lock the log-in for a minute, for every console. Typed without the password, the terminal asks for it without showing it.",
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
                notes: "The count may then go up to `reset.max` again.",
                examples: ["reset clear"],
            },
            {
                words: "values",
                notes: "For what looks each second; [console-service.md](console-service.md) has the members and units.",
                examples: ["values"],
            },
            {
                words: "describe",
                notes: "All that a user interface needs; [console-service.md](console-service.md) has the members. `npm run console -- PORT --json` prints it as one document.",
                examples: ["describe"],
            },
            {
                words: "reset now",
                notes: "Finishes the record in hand, ends the upload at a safe point and syncs the card; the board is back some seconds later. Does not count as a scheduled reset.",
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
        'The pack is charged with battery.overcurrent_charge or more. "battery" shows the current.',
    OVERCURRENT_DISCHARGE:
        'The pack is discharged with battery.overcurrent_discharge or more. "battery" shows the current.',
    OVERTEMPERATURE:
        'The warmer thermistor is at or above battery.overtemperature. "battery" shows both.',
    UNDERTEMPERATURE:
        'The colder thermistor is at or below battery.undertemperature; one that is not connected reads far below zero. "battery" shows both.',
    CELL_IMBALANCE:
        'Highest and lowest cell differ by battery.imbalance or more. "cells" shows them all.',
    MONITOR_OFFLINE:
        "The battery monitor chip does not answer: check its supply and the I2C wires. Records are made all the same, without what was not measured.",
    SHORT_CIRCUIT:
        'The monitor chip has seen a short circuit and says so in its safety status: "battery".',
    SD_CARD:
        'No card is in, or it cannot be used. "card" says why; "card format yes" erases it and makes it usable.',
    SD_FULL:
        'The card is full, and nothing on it was sent whole: see why with "ftp", put in another card, or delete files on a PC.',
    FTP: 'Three sessions in a row have failed. "ftp" says why, "ftp test" tries the log-in.',
    WIFI: 'The board has not been in the network of wifi.ssid for 30 s. "wifi" says what is known, "wifi scan" what is in range.',
    CLOCK: 'The time is a lower bound only (shown with "~"). "time set now" sets it; time.server keeps it.',
    SETTINGS:
        'A stored setting was damaged, or all were restored from the card. "status" says which of the two; look at "show" and set what is wrong: the flag goes.',
    TASK_STUCK:
        "A task hung for a minute and the board has reset itself. The flag is up for ten minutes; the journal has the entry.",
    RECORDS_LOST:
        'Records were dropped while the card took none. "status" counts them; the flag goes when none waits any more.',
    SAFE_MODE:
        'The last starts have ended early: no logs, no upload. It ends by itself after ten minutes, or with "reset now".',
}

/** Lines of the terminal itself; the simulator's prompt has them too. */
export const ownLines: Readonly<
    Record<string, { arguments: string; help: string; notes: string }>
> = {
    log: {
        arguments: "[off|errors|on]",
        help: "how much of the board's log is shown here",
        notes: "With errors: warnings, panics and failures only. The simulator's transcript has all of it.",
    },
    "wifi scan": {
        arguments: "",
        help: "the networks in range",
        notes: "Strongest first, with the signal, and whether a password is wanted. It takes some seconds, also while the board is connected. While it is joining a network it cannot look around, and shows what it saw before; a reset, and a scan within the 20 s behind it, help.",
    },
    exit: { arguments: "", help: "leave, as Ctrl-D does", notes: "" },
}

export const keyboard = `Tab            completes commands, settings, choices and the card's files
up, down       recall lines, of earlier runs too
Ctrl-A, Ctrl-E to the line's beginning, its end
Ctrl-U, Ctrl-K erase to the line's beginning, to its end
Ctrl-L         clears the screen
Ctrl-C         throws the line away; ends what is being printed
Ctrl-D         leaves, as "exit" does`
