import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { Command, CommanderError } from "commander"
import { type FleetFile, fleetOf, readFleetFile } from "./days/fleet"
import { fleetReport } from "./days/report"

function parse(argv: readonly string[]): { folder: string; out: string } {
    const command = new Command("npm run report --")
        .description("Writes one HTML file with a row per board whose day files are in a folder.")
        .argument("<folder>", "such as the FTP server's; subfolders are searched")
        .option("--out <file>", "the file to write", "report.html")
        .exitOverride()
        .parse(argv, { from: "user" })
    return { folder: command.args[0], out: command.opts<{ out: string }>().out }
}

/** The day files below a folder; others are skipped. */
function filesIn(folder: string): FleetFile[] {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    return names
        .filter(name => /\.csv$/i.test(name))
        .sort()
        .flatMap(name => readFleetFile(name, readFileSync(join(folder, name))) ?? [])
}

try {
    const { folder, out } = parse(process.argv.slice(2))
    const files = filesIn(folder)
    const boards = fleetOf(files)
    writeFileSync(out, fleetReport(boards, Math.round(Date.now() / 1000)))
    console.log(
        `${boards.length} ${boards.length === 1 ? "board" : "boards"}, ${files.length} ${files.length === 1 ? "file" : "files"} -> ${relative("", out)}`,
    )
} catch (failure) {
    if (failure instanceof CommanderError) process.exitCode = failure.exitCode === 0 ? 0 : 2
    else {
        console.error(`report: ${(failure as Error).message}`)
        process.exitCode = 1
    }
}
