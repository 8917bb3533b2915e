import { spawn } from "node:child_process"
import { Command, CommanderError, InvalidArgumentError } from "commander"
import { openLine } from "../console/ports"
import { buildPage, builtFolder } from "./build"
import { PageServer } from "./server"
import { SimulatorProcess } from "./simulator"

const usualPort = 8790

interface Options {
    build?: string | true
    at: number
    board?: string
    state?: string
    open: boolean
}

function parsePort(text: string): number {
    const port = Number(text)
    if (!/^\d{1,5}$/.test(text) || port > 65535)
        throw new InvalidArgumentError("Give a port from 0 to 65535.")
    return port
}

function parse(argv: readonly string[]): Options {
    return new Command("npm run page --")
        .description(
            "The service page: every board's settings, logs, cells and journal in a browser.",
        )
        .option("--build [folder]", "only build the page, as one folder for any web server")
        .option("--at <port>", "the local port to serve it on; 0: any", parsePort, usualPort)
        .option(
            "--board <port>",
            'what "this PC" connects to: a serial port or HOST:PORT of a simulator; a new simulator by default',
        )
        .option("--state <folder>", "where that simulator keeps its board")
        .option("--no-open", "do not open a browser")
        .exitOverride()
        .parse(argv, { from: "user" })
        .opts<Options>()
}

/** Opens the browser if there is a desktop. */
function openBrowser(address: string): void {
    const { platform, env } = process
    if (platform === "linux" && !env.DISPLAY && !env.WAYLAND_DISPLAY) return
    const [command, ...args] =
        platform === "win32"
            ? ["cmd", "/c", "start", "", address]
            : [platform === "darwin" ? "open" : "xdg-open", address]
    spawn(command, args, { stdio: "ignore", detached: true })
        .on("error", () => undefined)
        .unref()
}

async function main(options: Options): Promise<void> {
    const onBuild = () => console.log("Building the page: takes a minute, only after a change.")
    let told = false
    const once = () => void (told ||= (onBuild(), true))
    if (options.build) {
        const folder = await buildPage(options.build === true ? undefined : options.build, once)
        return console.log(`The page is in ${folder}: any web server can serve it.`)
    }
    const folder = await buildPage(builtFolder, once)
    const simulator = new SimulatorProcess(options.state ? ["--state", options.state] : [])
    const { board } = options
    const page = await PageServer.start({
        folder,
        port: options.at,
        board: () => (board === undefined ? simulator.open() : openLine(board)),
    })
    console.log(`The page: ${page.address}\nCtrl-C stops it.`)
    if (options.open) openBrowser(page.address)
    await new Promise<void>(resolve => {
        for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
            process.once(name, () => resolve())
    })
    await page.close()
    await simulator.stop()
}

try {
    await main(parse(process.argv.slice(2)))
} catch (failure) {
    const { message, code } = failure as Error & { code?: string }
    if (failure instanceof CommanderError) process.exitCode = failure.exitCode === 0 ? 0 : 2
    else {
        const taken = code === "EADDRINUSE" ? `${message}: give another port with --at` : message
        console.error(`page: ${taken}`)
        process.exitCode = 1
    }
}
process.exit()
