import { readFileSync } from "node:fs"
import { basename, relative } from "node:path"
import { Command, CommanderError } from "commander"
import { firmware, readManifest } from "../tools/firmware"
import { Connection } from "./connection"
import { checkImage, deploy, StartLog } from "./deployment"
import { describePort, listPorts, openLine } from "./ports"
import { ProgramManager } from "./programmanager"
import { Progress } from "./progress"
import { ConsoleError } from "./transport"

/** Exit status, for scripts. */
enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
}

const more = `
Without FILE it deploys the firmware, compiled if necessary; a simulated board gets the simulator's.
The board keeps its settings, journal and counters. Status: 0 done, 1 not done, 2 wrong arguments.
Without a board: "npm start -- --serial /tmp/bms" in another terminal, then /tmp/bms as PORT.`

interface Image {
    /** Display name. */
    name: string
    bytes: Uint8Array
}

/** The image for that kind of board. Throws if it does not compile. */
async function image(file: string | undefined, board: string): Promise<Image> {
    if (file !== undefined) return readImage(file)
    const { entries } = readManifest()
    const entry = /simulator/i.test(board) ? entries.simulator : entries.board
    const onCompile = () => console.error(`compiling ${entry} takes half a minute`)
    const { imagePath } = await firmware(entry, { onCompile })
    return { ...readImage(imagePath), name: `built/${basename(imagePath)}` }
}

function readImage(path: string): Image {
    const name = relative(process.cwd(), path)
    let bytes: Uint8Array
    try {
        bytes = readFileSync(path)
    } catch {
        throw new ConsoleError(`${name} cannot be read: "npm run build" makes built/main.devs`)
    }
    checkImage(bytes, name)
    return { name, bytes }
}

async function deployTo(port: string, file: string | undefined, again: boolean): Promise<void> {
    // Reports a bad file before looking for the board.
    if (file !== undefined) readImage(file)
    const log = new StartLog()
    const connection = await Connection.reach(await openLine(port), line => log.take(line))
    try {
        const manager = await ProgramManager.find(connection.bus, connection.lost)
        const { name, bytes } = await image(file, await manager.description())
        const progress = new Progress(name)
        const onProgress = (done: number) => progress.show(done)
        const deployed = deploy(connection, manager, bytes, log, { onProgress, again })
        const report = await deployed.finally(() => progress.end())
        console.log(`${name} -> ${port}: ${report}`)
    } finally {
        await connection.close()
    }
}

async function main(argv: readonly string[]): Promise<number> {
    const command = new Command("npm run deploy --")
        .description(
            "Writes the firmware to a board that has the DeviceScript runtime, and starts it.",
        )
        .argument("[port]", "/dev/ttyUSB0, COM3, a pseudo-terminal, or HOST:PORT of a simulator")
        .argument("[file]", "a program, such as built/main.devs")
        .option("--again", "even if the board already runs this program")
        .addHelpText("after", more)
        .exitOverride()
    command.parse(argv, { from: "user" })
    const [port, file] = command.args
    if (port !== undefined) {
        await deployTo(port, file, command.opts<{ again?: boolean }>().again === true)
        return Exit.Done
    }
    const ports = await listPorts()
    for (const port of ports) console.log(describePort(port))
    console.error(
        ports.length > 0
            ? "deploy: which port? npm run deploy -- PORT"
            : "deploy: no serial port was found: is the board's cable plugged in, and does it carry data?",
    )
    return Exit.Usage
}

// jacdac-ts logs on console.debug, which is this program's standard output.
console.debug = () => {}
for (const name of ["SIGINT", "SIGTERM"] as const)
    process.once(name, () => {
        process.stderr.write(
            "\ndeploy: interrupted; a board left without a program accepts the next deploy\n",
        )
        process.exit(Exit.Failed)
    })
let exitCode: number
try {
    exitCode = await main(process.argv.slice(2))
} catch (failure) {
    if (failure instanceof CommanderError)
        exitCode = failure.exitCode === 0 ? Exit.Done : Exit.Usage
    else {
        process.stderr.write(`deploy: ${(failure as Error).message}\n`)
        exitCode = Exit.Failed
    }
}
// Not left to Node: the bus and the runtime that verified a program have timers of their own.
process.exit(exitCode)
