import { Command, InvalidArgumentError, Option } from "commander"
import type { Speed } from "./clock"
import { type CpuName, cpus } from "./cpu"
import { parseDuration } from "./duration"
import { scenarios } from "./profile"

export interface Options {
    state: string
    speed: Speed
    cpu: CpuName
    seed: number
    /** The virtual date at the start, Unix ms; the host's by default. */
    dateMs?: number
    /** Gives a new board settings that show something. */
    demo: boolean
    exec?: string
    forMs?: number
    ftp?: { host: string; port: number }
    serial?: string
    scenario?: string
    profile?: string
    summary?: "json"
    /** Source file of the program; the firmware by default. */
    entry?: string
}

function parseSpeed(text: string): Speed {
    if (text === "max") return "max"
    const factor = Number(text)
    if (!(factor >= 0.1 && factor <= 100_000))
        throw new InvalidArgumentError("Give a factor from 0.1 to 100000, or max.")
    return factor
}

function parseFor(text: string): number {
    const milliseconds = parseDuration(text)
    if (milliseconds === undefined)
        throw new InvalidArgumentError("Give a duration such as 90s, 10m, 2h or 3d.")
    return milliseconds
}

function parseSeed(text: string): number {
    const seed = Number(text)
    if (!/^\d{1,10}$/.test(text) || seed > 0xffffffff)
        throw new InvalidArgumentError("Give a whole number from 0 to 4294967295.")
    return seed
}

function parseDate(text: string): number {
    const dateMs = Date.parse(text)
    if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(dateMs))
        throw new InvalidArgumentError("Give a date such as 2026-03-01T08:00:00Z.")
    return dateMs
}

function parseHostPort(text: string): { host: string; port: number } {
    const match = /^(.+):(\d{1,5})$/.exec(text)
    const port = Number(match?.[2])
    if (!match || port < 1 || port > 65535)
        throw new InvalidArgumentError("Give HOST:PORT, such as 192.0.2.5:21.")
    return { host: match[1], port }
}

/** Reads the command line; on an error or --help it prints and ends the process. */
export function parseOptions(argv: readonly string[]): Options {
    const command = new Command("npm start --")
        .description("Runs the BMS Mini firmware on a simulated board, with its console here.")
        .option("--state <folder>", "where the board is kept between runs", ".bms-mini")
        .option("--speed <factor>", "how many times faster board time runs, or max", parseSpeed, 1)
        .addOption(
            new Option("--cpu <profile>", "how fast the processor is")
                .choices(Object.keys(cpus))
                .default("esp32"),
        )
        .option("--seed <number>", "seed of all randomness: same seed, same history", parseSeed, 1)
        .option("--date <date>", "the date at the start, the PC's by default", parseDate)
        .option("--no-demo", "leave a new board in its factory state")
        .option("--exec <file>", "run console lines from a file, then stop")
        .option("--for <duration>", "stop after this much board time (90s, 10m, 2h, 3d)", parseFor)
        .option(
            "--ftp <host:port>",
            "send to this FTP server instead of an embedded one",
            parseHostPort,
        )
        .option(
            "--serial <path>",
            "offer the board's serial port there (or on HOST:PORT), for npm run console",
        )
        .addOption(
            new Option(
                "--scenario <name>",
                "what the battery is used for, solar by default",
            ).choices(Object.keys(scenarios)),
        )
        .option("--profile <file>", "the battery's current from a CSV file: seconds,amperes")
        .addOption(
            new Option(
                "--summary <format>",
                "end with a line that sums up the run, for scripts",
            ).choices(["json"]),
        )
        .option("--entry <file>", "run another board program, such as one of bench/device")
    command.parse(argv, { from: "user" })
    const { for: forMs, date: dateMs, ...rest } = command.opts()
    return { ...rest, forMs, dateMs } as Options
}
