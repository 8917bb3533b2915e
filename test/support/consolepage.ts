import { Catalog } from "../../console/catalog"
import { helpOn } from "../../console/help"
import { flags, keyboard, manual, ownLines } from "../../console/manual"
import { suggestion } from "../../console/suggestion"
import { cardWith } from "./cardconsole"
import { equippedBoard, type NodeBoard } from "./nodeboard"

export const documentPath = "docs/reference/console.md"
export const howToWrite = "BMS_WRITE_DOCS=1 npx vitest run test/unit/consoledocs.test.ts"

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

/** A board after some minutes of use. */
async function boardInUse(): Promise<NodeBoard> {
    const card = await cardWith({ "NOTES.TXT": "Fitted 2026-11-20, door 4.\nKey at the desk.\n" })
    const board = await equippedBoard(card)
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

/** An output's lines; a long output loses its middle. */
function shortened(text: string): string[] {
    const lines = text.split("\n").slice(0, -1)
    const short = lines
        .map(line => line.trimEnd())
        .map(line => (line.startsWith("{") && line.length > 160 ? line.slice(0, 157) + "…" : line))
    return short.length > 14 ? [...short.slice(0, 9), "…", ...short.slice(-2)] : short
}

async function example(board: NodeBoard, line: string): Promise<string[]> {
    if (line === "!out") board.socket.pull()
    else if (line === "!in") board.insert(board.card!)
    else if (line.startsWith("+")) await board.live(Number(line.slice(1)))
    else {
        const { text } = await board.run(line)
        await board.live(1)
        return ["bms> " + line, ...shortened(text)]
    }
    return []
}

const terminalText = `## In the terminal

What the terminal adds to the board's console, the simulator's prompt too: the board's code is at its limit of 64 KiB, so that
what a terminal can know by itself lives there. A plain client of the service has the board's part alone: its lists, and the refusals
that name them. The prompt is the serial number; \`bms>\` stands for it here, and while it is not known. A new connection shows
serial number, version and alarms in one line. The terminal's own lines:`

const helpText = `\`help\` with a command, a setting, a section or an error flag shows what the board says, and what this page has; \`help keys\`
the keyboard. Of a line that was refused the terminal says what may have been meant:`

const translatedText = `The board gets, for what it does not know itself:

| typed | sent |
|---|---|
| \`set time.zone Europe/Berlin\`, any name of the IANA database | the POSIX rule, which is said; a zone whose changes follow no yearly rule is refused |
| \`set reset.days Sunday,Thursday\` | \`Sun,Thu\` |
| \`time set now\` | the computer's time |`

/** The terminal's chapter, with the board's own answers. */
async function terminalChapter(board: NodeBoard, description: string): Promise<string[]> {
    const catalog = Catalog.fromDescription(description)
    const parts = ["", terminalText, "", "| line | |", "|---|---|"]
    for (const [words, { arguments: taken, help, notes }] of Object.entries(ownLines))
        parts.push(
            `| \`${cell(`${words} ${taken}`.trim())}\` | ${cell(`${sentence(help)} ${notes}`.trim())} |`,
        )
    parts.push("", helpText, "", "```")
    for (const topic of ["sd.period", "CELL_IMBALANCE", "card tail"]) {
        const { line, text } = helpOn(topic, catalog)!
        parts.push("bms> help " + topic)
        if (line !== undefined) parts.push(...(await example(board, line)).slice(1))
        parts.push(...text.split("\n"))
    }
    for (const line of ["HELP", "ls", "card rm", "set sd.perod 5", "show ssid"]) {
        parts.push(...(await example(board, line)), suggestion(line, catalog) ?? "")
    }
    parts.push("bms> help keys", ...keyboard.split("\n"), "```", "", translatedText)
    return parts
}

interface Described {
    kind: string
    [member: string]: string
}

async function described(board: NodeBoard): Promise<Described[]> {
    const { text } = await board.run("describe")
    return text
        .split("\n")
        .slice(0, -1)
        .map(line => JSON.parse(line) as Described)
}

const cell = (text: string) => text.replaceAll("|", "\\|")

/** A setting's allowed values and default, as a person reads them. */
function settingRow(one: Described): string {
    const readOnly = one.allowed === "" || one.type === "hash"
    const allowed = one.type === "hash" ? "set with `passwd`" : readOnly ? "–" : one.allowed
    const unit = one.type === "number" && one.unit ? " " + one.unit : ""
    // The default serial number ends with the board's own id.
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

/** The page, and the commands that it explains, in its order. */
export async function consolePage(): Promise<{ text: string; explained: string[] }> {
    const board = await boardInUse()
    const lines = await described(board)
    const commands = lines.filter(line => line.kind === "command")
    const parts = [introduction, "", "| command | |", "|---|---|"]
    for (const one of commands)
        parts.push(`| \`${cell(`${one.words} ${one.arguments}`.trim())}\` | ${cell(one.help)} |`)
    for (const [title, entries] of manual) {
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
    parts.push(...(await terminalChapter(board, (await board.run("describe")).text)))
    parts.push("", settingsText, "", ...settingsTables(lines), alarmsText, "")
    parts.push("| bit | flag | |", "|---|---|---|")
    for (const one of lines.filter(line => line.kind === "alarm"))
        parts.push(`| ${one.bit} | ${one.name} | ${cell(flags[one.name])} |`)
    const explained = manual.flatMap(([, entries]) => entries.map(entry => entry.words))
    return { text: parts.join("\n") + "\n", explained }
}

function sentence(help: string): string {
    return help[0].toUpperCase() + help.slice(1) + "."
}
