import { cardWith } from "./cardconsole"
import { WholeConsole } from "./wholeconsole"

export const documentPath = "docs/CONSOLE.md"
export const howToWrite = "BMS_WRITE_DOCS=1 npx vitest run test/unit/consoledocs.test.ts"

interface Entry {
    words: string
    /** What it prints or does, beyond its help. */
    notes: string
    /** Lines that are run one after the other; "+5" lets 5 s pass, "!out" and "!in" pull the card and put it back. */
    examples: string[]
}

const chapters: [string, Entry[]][] = [
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
                notes: "Pack voltage, current (charging is positive) and state of charge, the thermistors, and the safety status and alerts of the monitor chip, explained in [SPEC-battery.md](SPEC-battery.md).",
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
                notes: "For what looks each second; [SPEC-console.md](SPEC-console.md) has the members and units.",
                examples: ["values"],
            },
            {
                words: "describe",
                notes: "All that a user interface needs; [SPEC-console.md](SPEC-console.md) has the members. `npm run console -- PORT --json` prints it as one document.",
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

const introduction = `# The console, command by command

Written by \`${howToWrite}\` from the firmware's command table and settings; the examples are what it
prints. A test compares.

A line has the command, then its arguments, with blanks between; \`"…"\` keeps blanks together, and \`\\"\` \`\\\\\` \`\\r\` \`\\n\` \`\\t\` \`\\x41\` stand for
one character in it. An argument in \`<>\` must be given, one in \`[]\` may be left out. A line has at most 231 bytes. What is not done is refused
with one line \`error: …\`, and then nothing was changed. Lines with \`#\` in front are comments. Tab completes commands, settings, choices and paths on the card.`

const settingsText = `## The settings

Flags also take yes, no, true, false, 1, 0. Texts are UTF-8 without control characters. What is not to be set is kept by the board.`

const alarmsText = `## The error flags

In \`status\`, in the journal and, as bits, in the column \`errors_hex\` of the log.`

/** A board that has been in use for some minutes. */
async function boardInUse(): Promise<WholeConsole> {
    const card = await cardWith({ "NOTES.TXT": "Fitted 2026-11-20, door 4.\nKey at the desk.\n" })
    const board = await new WholeConsole(card).start()
    for (const line of [
        "set user.serial ACME-7",
        "set time.zone CET-1CEST,M3.5.0,M10.5.0/3",
        "set wifi.ssid shed",
        "set ftp.user acme",
    ])
        if (!(await board.run(line)).done) throw new Error(line)
    await board.live(200)
    return board
}

/** The lines of an output, of which long ones lose their middle. */
function shortened(text: string): string[] {
    const lines = text.split("\n").slice(0, -1)
    const short = lines
        .map(line => line.trimEnd())
        .map(line => (line.startsWith("{") && line.length > 160 ? line.slice(0, 157) + "…" : line))
    return short.length > 14 ? [...short.slice(0, 9), "…", ...short.slice(-2)] : short
}

async function example(board: WholeConsole, line: string): Promise<string[]> {
    if (line === "!out") board.chip.pull()
    else if (line === "!in") board.chip.insert()
    else if (line.startsWith("+")) await board.live(Number(line.slice(1)))
    else {
        const { text } = await board.run(line)
        await board.live(1)
        return ["bms> " + line, ...shortened(text)]
    }
    return []
}

interface Described {
    kind: string
    [member: string]: string
}

async function described(board: WholeConsole): Promise<Described[]> {
    const { text } = await board.run("describe")
    return text
        .split("\n")
        .slice(0, -1)
        .map(line => JSON.parse(line) as Described)
}

const cell = (text: string) => text.replaceAll("|", "\\|")

/** What is right, and the default, as a person reads them. */
function settingRow(one: Described): string {
    const readOnly = one.allowed === "" || one.type === "hash"
    const allowed = one.type === "hash" ? "set with `passwd`" : readOnly ? "–" : one.allowed
    const unit = one.type === "number" && one.unit ? " " + one.unit : ""
    // The board's own id ends the default of the serial number.
    const given = one.default.replace("BMS-AB12", "`BMS-` and the device's 4-character id")
    const fallback = one.type === "timestamp" ? "never" : given || "empty"
    return `| \`${one.key}\` | ${one.name} | ${one.type} | ${cell(allowed)} | ${cell(fallback)}${unit} | ${cell(one.help)} |`
}

function settingsTables(lines: Described[]): string[] {
    const settings = lines.filter(line => line.kind === "setting")
    const sections = [...new Set(settings.map(line => line.section))]
    return sections.flatMap(section => [
        `### ${section}`,
        "",
        "| key | name | type | allowed | default | |",
        "|---|---|---|---|---|---|",
        ...settings.filter(line => line.section === section).map(settingRow),
        "",
    ])
}

/** The page, and the commands that it explains in its order. */
export async function consolePage(): Promise<{ text: string; explained: string[] }> {
    const board = await boardInUse()
    const lines = await described(board)
    const commands = lines.filter(line => line.kind === "command")
    const parts = [introduction, "", "| command | |", "|---|---|"]
    for (const one of commands)
        parts.push(`| \`${cell(`${one.words} ${one.arguments}`.trim())}\` | ${cell(one.help)} |`)
    for (const [title, entries] of chapters) {
        parts.push("", `## ${title}`)
        for (const { words, notes, examples } of entries) {
            const command = commands.find(one => one.words === words)
            if (!command) throw new Error(`the firmware has no command ${words}`)
            const synopsis = `${words} ${command.arguments}`.trim()
            parts.push(
                "",
                `### \`${synopsis}\``,
                "",
                `${sentence(command.help)} ${notes}`,
                "",
                "```",
            )
            for (const line of examples) parts.push(...(await example(board, line)))
            parts.push("```")
        }
    }
    parts.push("", settingsText, "", ...settingsTables(lines), alarmsText, "")
    parts.push("| bit | flag |", "|---|---|")
    for (const one of lines.filter(line => line.kind === "alarm"))
        parts.push(`| ${one.bit} | ${one.name} |`)
    const explained = chapters.flatMap(([, entries]) => entries.map(entry => entry.words))
    return { text: parts.join("\n") + "\n", explained }
}

function sentence(help: string): string {
    return help[0].toUpperCase() + help.slice(1) + "."
}
