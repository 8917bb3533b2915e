import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { Readable } from "node:stream"
import { Command } from "commander"
import { ConsoleClient } from "./client"
import { connectBus, listPorts, openPort, SerialTransport } from "./serial"
import { runTerminal, type Prompt } from "./terminal"
import { ConsoleError } from "./transport"

const answerMs = 5_000

interface Options {
    port?: string
    exec?: string
}

/** Reads the command line; on an error or --help it prints and ends the process. */
function parseOptions(argv: readonly string[]): Options {
    const command = new Command("npm run console --")
        .description("The console of a BMS Mini on a serial port; without a port it lists them.")
        .argument("[port]", "the board's serial port, such as /dev/ttyUSB0 or COM3")
        .option("--exec <file>", "run the lines of a file, then stop; status 1 when one is refused")
        .addHelpText("after", "\nLines are read from the standard input when it is no terminal.")
    command.parse(argv, { from: "user" })
    const options = { port: command.args[0], exec: command.opts<Options>().exec }
    if (options.exec !== undefined && options.port === undefined)
        command.error("error: --exec needs the port too")
    return options
}

/** What the lines print goes to the standard output, the board's log to the error output. */
class Screen {
    private prompt: Prompt | undefined
    private atLineStart = true

    usePrompt(prompt: Prompt): void {
        this.prompt = prompt
    }

    text(text: string): void {
        if (text === "") return
        this.atLineStart = text.endsWith("\n")
        process.stdout.write(text)
    }

    log(line: string): void {
        this.prompt?.clear()
        if (!this.atLineStart && process.stdout.isTTY) this.text("\n")
        process.stderr.write(line + "\n")
        this.prompt?.restore()
    }
}

async function showPorts(): Promise<number> {
    const ports = await listPorts()
    if (ports.length === 0)
        console.log("No serial port was found: is the board's cable plugged in?")
    for (const { path, maker } of ports) console.log(maker ? `${path}  (${maker})` : path)
    console.log("To open one: npm run console -- PORT")
    return 0
}

/** Runs lines one after the other. @returns 1 when one of them was refused */
async function runLines(
    input: Readable,
    name: string,
    client: ConsoleClient,
    screen: Screen,
): Promise<number> {
    let exitCode = 0
    let number = 0
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        number++
        if (line.trim() === "exit") break
        if (line.trim() === "") continue
        const { status } = await client.execute(line, text => screen.text(text))
        if (status === 0) continue
        exitCode = 1
        screen.log(`${name}, line ${number}: refused`)
    }
    return exitCode
}

async function typeAtPrompt(client: ConsoleClient, screen: Screen): Promise<number> {
    screen.text('Type "help" for the commands, "exit" to stop.\n')
    await runTerminal(process.stdin, process.stdout, {
        execute: async line => void (await client.execute(line, text => screen.text(text))),
        cancel: () => client.cancel(),
        onPrompt: prompt => screen.usePrompt(prompt),
    })
    return 0
}

async function useBoard(client: ConsoleClient, screen: Screen, script?: Buffer, name = "") {
    await client.open()
    if (script) return runLines(Readable.from([script]), name, client, screen)
    if (process.stdin.isTTY) return typeAtPrompt(client, screen)
    return runLines(process.stdin, "standard input", client, screen)
}

function readScript(path: string): Buffer {
    try {
        return readFileSync(path)
    } catch (failure) {
        throw new ConsoleError(`the lines cannot be read: ${(failure as Error).message}`)
    }
}

async function main(options: Options): Promise<number> {
    if (options.port === undefined) return showPorts()
    const script = options.exec === undefined ? undefined : readScript(options.exec)
    const screen = new Screen()
    const transport = new SerialTransport(await openPort(options.port), line => screen.log(line))
    const bus = await connectBus(transport)
    const client = new ConsoleClient(bus)
    try {
        await transport.answered(answerMs)
        const work = useBoard(client, screen, script, options.exec)
        work.catch(() => undefined)
        return await Promise.race([work, transport.lost])
    } finally {
        await client.close()
        await bus.stop()
        await bus.disconnect()
    }
}

// jacdac-ts tells what it does on console.debug, which is this program's standard output.
console.debug = () => {}
let exitCode = 1
try {
    exitCode = await main(parseOptions(process.argv.slice(2)))
} catch (failure) {
    process.stderr.write(`console: ${(failure as Error).message}\n`)
}
// Not left to Node: the prompt's input would keep the process alive after the port is gone.
process.exit(exitCode)
