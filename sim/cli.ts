import { fstatSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { firmware, readManifest } from "../tools/firmware"
import { applyDemoSettings, Demo } from "./demo"
import { parseScript, type ScriptStep } from "./events"
import { LinePrinter } from "./lineprinter"
import { parseOptions, type Options } from "./options"
import { typeAtPrompt } from "./prompt"
import { runScript } from "./script"
import { SerialOffer } from "./serial"
import { FTP_HOST, Simulation } from "./simulation"
import { StateFolder } from "./state"

/** How long, in real time, the board may still send and sync after a signal. */
const END_PATIENCE_MS = 10_000

/** Resolves when the process is asked to end. */
function signalled(): Promise<"signal"> {
    return new Promise(resolve => {
        for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
            process.once(name, () => resolve("signal"))
    })
}

/** Keeps the simulator running: a script, a person at the prompt, or just time. */
async function live(
    simulation: Simulation,
    printer: LinePrinter,
    options: Options,
    steps: readonly ScriptStep[] | undefined,
    demo: Demo | undefined,
): Promise<number> {
    const ends: Promise<number | "signal">[] = [signalled()]
    if (options.forMs !== undefined) ends.push(simulation.clock.sleep(options.forMs).then(() => 0))
    if (steps) ends.push(runScript(steps, simulation, printer))
    else if (process.stdin.isTTY) ends.push(typeAtPrompt(simulation, printer, demo).then(() => 0))
    ends.push(simulation.broken())
    const end = await Promise.race(ends)
    // A second signal, or a timeout, ends the wait for the board.
    const patience = new Promise(resolve => setTimeout(resolve, END_PATIENCE_MS).unref())
    const waits = end === "signal" ? [signalled(), patience] : []
    await Promise.race([simulation.deliverRest(), ...waits])
    return end === "signal" ? 0 : end
}

/**
 * The lines piped in, as by `echo status | npm start`; a terminal or a run of a given length has
 * none.
 */
function pipedScript({ forMs }: Options): string | undefined {
    const input = fstatSync(0)
    if (forMs !== undefined) return undefined
    return input.isFIFO() || input.isFile() ? "/dev/stdin" : undefined
}

function readScript(path: string): ScriptStep[] {
    try {
        return parseScript(readFileSync(path === "/dev/stdin" ? 0 : path))
    } catch (failure) {
        throw new Error(`--exec ${path}: ${(failure as Error).message}`, { cause: failure })
    }
}

function whereFtpIs({ ftp, state }: Options): string {
    return ftp ? `${ftp.host}:${ftp.port}` : `simulated, its files are in ${join(state, "ftp")}`
}

async function main(options: Options): Promise<number> {
    const script = options.exec ?? pipedScript(options)
    const steps = script === undefined ? undefined : readScript(script)
    const state = new StateFolder(resolve(options.state))
    const printer = new LinePrinter(process.stdout, state)
    const entry = options.entry ?? readManifest().entries.simulator
    const onCompile = () =>
        printer.line(`Compiling ${entry}: takes half a minute, only after a change.`)
    const program = await firmware(entry, { onCompile })
    let serial: SerialOffer | undefined
    try {
        printer.line(`BMS Mini simulator: state in ${options.state}, speed ${options.speed}`)
        printer.line(`FTP server "${FTP_HOST}": ${whereFtpIs(options)}`)
        const simulation = new Simulation(options, state, program.imagePath, printer)
        for (const remark of state.remarks) printer.line(remark)
        if (options.serial !== undefined) {
            serial = await SerialOffer.open(options.serial, simulation.board.serial)
            printer.line(`serial port of the board: npm run console -- ${options.serial}`)
        }
        await simulation.start()
        const demo = state.fresh && options.demo ? new Demo(simulation, printer) : undefined
        if (demo) await applyDemoSettings(simulation, printer)
        const refused = await live(simulation, printer, options, steps, demo)
        await simulation.end()
        const exit = refused > 0 ? 1 : 0
        if (options.summary) printer.line(JSON.stringify(simulation.summary(exit)))
        return exit
    } finally {
        await serial?.close()
        state.release()
    }
}

// jacdac-ts reports its connections here.
console.debug = () => {}

try {
    process.exitCode = await main(parseOptions(process.argv.slice(2)))
} catch (failure) {
    console.error(`simulator: ${(failure as Error).message}`)
    process.exitCode = 1
}

// Whatever a server or a card image still holds open must not keep the process alive.
setTimeout(() => process.exit(), 500).unref()
