import { readFileSync } from "node:fs"
import { Readable } from "node:stream"
import { Command, CommanderError, InvalidArgumentError } from "commander"
import { parseDescription } from "./catalog"
import { CardFiles } from "./cardfiles"
import { Connection } from "./connection"
import { getFiles } from "./getfiles"
import { Interactive, logIn, resetMs } from "./interactive"
import { describePort, listPorts, openLine } from "./ports"
import { Screen } from "./screen"
import { runLines } from "./script"
import { measureTiming, StartWatch, timingReport } from "./timing"
import { ConsoleError } from "./transport"
import { watchLine } from "./watch"

/** Log lines in a script's error output unless it asks for all: warnings and panics. */
const forScripts = /^(! |PANIC|abort\(\)|\[noise)/

/** Exit status, for scripts; listed in docs/reference/console-service.md and --help. */
enum Exit {
    Done = 0,
    Refused = 1,
    Usage = 2,
    NoBoard = 3,
    Interrupted = 130,
}

const more = `
Without a port it lists the ports. At a terminal: Tab completes, the arrow keys recall lines (kept in
$XDG_STATE_HOME/bms-mini/history, never with a password), Ctrl-C stops the output, "exit" or Ctrl-D quits.
"login", "passwd" and "set" of a password prompt for it without echo when it is left out.
--get and --get-all resume where they broke off, and fetch what a file has gained since.
Lines of a file or of standard input: a leading "-" allows a refusal, "sleep 5s" waits, "exit" stops.
BMS_PASSWORD in the environment logs in automatically. NO_COLOR turns colours off.
Status: 0 done, 1 a line was refused, 2 wrong arguments, 3 no port, no board or board lost, 130 Ctrl-C.`

interface Options {
    port?: string
    /** Destination of --get. */
    to?: string
    exec?: string
    get?: string
    getAll?: string
    watch?: string
    every: number
    json?: boolean
    timing?: boolean
    log?: boolean
}

/** Options that run unattended, one at a time. */
const alone = {
    exec: "exec",
    get: "get",
    getAll: "get-all",
    watch: "watch",
    json: "json",
    timing: "timing",
}

function parseEvery(text: string): number {
    const seconds = Number(text)
    if (!(seconds >= 0.1 && seconds <= 86_400))
        throw new InvalidArgumentError("Give seconds from 0.1 to 86400.")
    return seconds
}

/** Reads the command line; on --help it prints and ends the process. Throws CommanderError. */
function parseOptions(argv: readonly string[]): Options {
    const command = new Command("npm run console --")
        .description("The console of a BMS Mini on a serial port.")
        .argument("[port]", "/dev/ttyUSB0, COM3, a pseudo-terminal, or HOST:PORT of a simulator")
        .argument("[to]", "with --get: the file or folder to copy to")
        .option("--exec <file>", "run the lines of a file, then stop")
        .option("--get <name>", "copy a file or a directory of the card, LOG/20261122.CSV, LOG")
        .option("--get-all <folder>", "copy the whole card into a folder")
        .option("--watch <line>", "repeat a line and print its output: time, name, value")
        .option("--every <seconds>", "with --watch: the interval", parseEvery, 5)
        .option("--log", "show the whole log of the board")
        .option("--json", "print the board's description as one JSON document, then stop")
        .option("--timing", "measure the board's speed, which resets it once, then stop")
        .addHelpText("after", more)
        .exitOverride()
    command.parse(argv, { from: "user" })
    const [port, to] = command.args
    const options = { port, to, ...command.opts<Options>() }
    const given = Object.keys(alone).filter(name => name in options) as (keyof typeof alone)[]
    const flags = given.map(name => "--" + alone[name])
    if (flags.length > 0 && port === undefined) command.error(`error: ${flags[0]} needs a port`)
    if (flags.length > 1) command.error(`error: ${flags[0]} and ${flags[1]} cannot be combined`)
    if (to !== undefined && options.get === undefined)
        command.error(
            `error: unexpected argument ${to}: only --get takes a file or folder to copy to`,
        )
    return options
}

async function showPorts(): Promise<number> {
    const ports = await listPorts()
    if (ports.length === 0)
        console.log(
            "No serial port was found: is the board's cable plugged in, and does it carry data?",
        )
    for (const port of ports) console.log(describePort(port))
    console.log("To open one: npm run console -- PORT")
    if (ports.length === 0)
        console.log(
            'Without a board: "npm start -- --serial /tmp/bms" in another terminal, then /tmp/bms as PORT.',
        )
    return Exit.Done
}

/** `describe` as one document on the standard output. */
async function showJson(connection: Connection): Promise<number> {
    let text = ""
    const { status } = await connection.client.execute("describe", piece => (text += piece))
    if (status !== 0) {
        process.stderr.write(text)
        return Exit.Refused
    }
    try {
        console.log(JSON.stringify(parseDescription(text), undefined, 2))
    } catch {
        throw new ConsoleError("the description arrived damaged; try again")
    }
    return Exit.Done
}

/** Measures the board's speed and prints it as one line for a report. */
async function showTiming(connection: Connection, watch: StartWatch): Promise<number> {
    const timing = await measureTiming(
        {
            execute: line => connection.client.execute(line, () => undefined),
            reset: async () => {
                const { restarts } = connection
                await connection.client.execute("reset now", () => undefined)
                if (!(await connection.restartAfter(restarts, resetMs)))
                    throw new ConsoleError(
                        `the board did not come back within ${resetMs / 1000} s of its reset`,
                    )
            },
            nowMs: () => performance.now(),
        },
        watch,
    )
    console.log(timingReport(timing))
    return Exit.Done
}

async function copyFiles(
    { client }: Connection,
    { get, to, getAll }: Options,
    screen: Screen,
): Promise<number> {
    const files = new CardFiles(client)
    const done =
        get === undefined
            ? await getFiles(files, "", getAll, screen)
            : await getFiles(files, get, to, screen)
    return done ? Exit.Done : Exit.Refused
}

function readScript(path: string): Buffer {
    try {
        return readFileSync(path)
    } catch (failure) {
        throw new CommanderError(
            Exit.Usage,
            "exec",
            `the lines cannot be read: ${(failure as Error).message}`,
        )
    }
}

/** Resolves on a signal to end. */
function interrupted(): Promise<number> {
    return new Promise(resolve => {
        for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
            process.once(name, () => resolve(Exit.Interrupted))
    })
}

async function runUnattended(options: Options, screen: Screen): Promise<number> {
    const script = options.exec === undefined ? undefined : readScript(options.exec)
    const watch = new StartWatch(() => performance.now())
    const connection = await Connection.open(await openLine(options.port!), line => {
        watch.take(line)
        if (options.log || (!options.timing && forScripts.test(line))) screen.log(line)
    })
    const work = async () => {
        await logIn(connection, screen)
        if (options.get !== undefined || options.getAll !== undefined)
            return await copyFiles(connection, options, screen)
        if (options.watch !== undefined)
            return await watchLine(connection, options.watch, options.every, screen)
        if (options.json) return await showJson(connection)
        if (options.timing) return await showTiming(connection, watch)
        if (script)
            return await runLines(Readable.from([script]), options.exec!, connection, screen)
        return await runLines(process.stdin, "standard input", connection, screen)
    }
    const done = work()
    done.catch(() => undefined)
    const stop = interrupted().then(async status => {
        await connection.client.cancel()
        return status
    })
    try {
        return await Promise.race([done, connection.lost, stop])
    } catch (failure) {
        const copies = options.get !== undefined || options.getAll !== undefined
        if (!copies || !(failure instanceof ConsoleError)) throw failure
        const goesOn = "run the same command again to resume"
        throw new ConsoleError(`${failure.message}; ${goesOn}`, { cause: failure })
    } finally {
        await connection.close()
    }
}

async function main(argv: readonly string[]): Promise<number> {
    const options = parseOptions(argv)
    if (options.port === undefined) return await showPorts()
    const screen = new Screen()
    const unattended = Object.keys(alone).some(name => name in options)
    if (unattended || !process.stdin.isTTY) return await runUnattended(options, screen)
    await new Interactive(options.port, screen, options.log === true).run()
    return Exit.Done
}

/** Flushes the pipes before the process ends. */
async function flushed(stream: NodeJS.WriteStream): Promise<void> {
    await new Promise<void>(resolve => stream.write("", () => resolve()))
}

// jacdac-ts logs on console.debug, which is this program's standard output.
console.debug = () => {}
let exitCode: number = Exit.NoBoard
try {
    exitCode = await main(process.argv.slice(2))
} catch (failure) {
    if (failure instanceof CommanderError) {
        exitCode = failure.exitCode === 0 ? Exit.Done : Exit.Usage
        if (failure.code === "exec") process.stderr.write(`console: ${failure.message}\n`)
    } else process.stderr.write(`console: ${(failure as Error).message}\n`)
}
await Promise.all([flushed(process.stdout), flushed(process.stderr)])
// Not left to Node: the prompt's input would keep the process alive after the port is gone.
process.exit(exitCode)
