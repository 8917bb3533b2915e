import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Command, CommanderError } from "commander"
import { provision, type SetupFile } from "./provision"

/** Exit status, for scripts. */
enum Exit {
    Done = 0,
    Refused = 1,
    Usage = 2,
}

const shownMax = 20
const more = `
TEMPLATE: what "export" prints, or other console lines. CSV: a heading of settings (user.serial or serial,
wifi.password, ftp.password, console.password, any other of the template), then a row per board. An empty field
keeps the template's value. The files contain passwords: only their owner can read them.
Status: 0 done, 1 nothing was written, 2 wrong arguments.`

interface Arguments {
    template: string
    table: string
    folder: string
    force: boolean
}

function parseArguments(argv: readonly string[]): Arguments {
    const command = new Command("npm run provision --")
        .description("Makes set-up files for many boards from a template and a table.")
        .argument("<template>", "the lines for all boards")
        .argument("<csv>", "what differs, a row per board")
        .argument("[folder]", "where the files go, ACME-7.txt for the board ACME-7", "boards")
        .option("--force", "overwrite existing files")
        .addHelpText("after", more)
        .exitOverride()
    command.parse(argv, { from: "user" })
    const [template, table, folder = "boards"] = command.args
    return { template, table, folder, force: command.opts<{ force?: boolean }>().force === true }
}

/** The first lines, and the number of the rest. */
function listed(lines: readonly string[]): string {
    const rest = lines.length - shownMax
    return [...lines.slice(0, shownMax), ...(rest > 0 ? [`… and ${rest} more`] : [])].join("\n")
}

function write(files: readonly SetupFile[], folder: string, force: boolean): void {
    const there = files.map(one => join(folder, one.name)).filter(path => existsSync(path))
    if (there.length > 0 && !force)
        throw new Error(
            `${listed(there)}\nalready there: nothing was written; --force overwrites them`,
        )
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const { name, text } of files) {
        const path = join(folder, name)
        // An overwritten file would keep its mode, which may let others read it.
        if (force) rmSync(path, { force: true })
        writeFileSync(path, text, { mode: 0o600, flag: "wx" })
    }
}

function main(argv: readonly string[]): void {
    const { template, table, folder, force } = parseArguments(argv)
    const { files, problems } = provision(
        readFileSync(template, "utf8"),
        readFileSync(table, "utf8"),
    )
    if (problems.length > 0)
        throw new Error(
            `${listed(problems)}\nnothing was written: correct ${table} or ${template} first`,
        )
    write(files, folder, force)
    console.log(`${files.length} set-up files are in ${folder}`)
    console.log(`for each board: npm run console -- PORT --exec ${join(folder, files[0].name)}`)
}

try {
    main(process.argv.slice(2))
} catch (failure) {
    if (failure instanceof CommanderError)
        process.exitCode = failure.exitCode === 0 ? Exit.Done : Exit.Usage
    else {
        process.stderr.write(`provision: ${(failure as Error).message}\n`)
        process.exitCode = Exit.Refused
    }
}
