import type { LinePrinter } from "./lineprinter"
import { FTP_HOST, type Simulation } from "./simulation"
import { defaultNetwork } from "./wifi/air"

/** A board out of the box, set up so that there is something to see at once. */
const loggingLines = [
    "card format yes",
    `set wifi.ssid ${defaultNetwork.name}`,
    `set wifi.password ${defaultNetwork.password}`,
    "set sd.period 5",
]
const uploadLines = [
    `set ftp.host ${FTP_HOST}`,
    "set ftp.period 30",
    "set ftp.cells on",
    "set ftp.enable on",
]
/** By then the first record is on the card, so that the first session has something to send. */
const FIRST_RECORD_MS = 6000

/** Types the demo settings into the console of a new board and says so. */
export async function applyDemoSettings(
    simulation: Simulation,
    printer: LinePrinter,
): Promise<void> {
    printer.line(
        "A new board: demo settings are typed into its console (5 s logging, FTP every 30 s).",
    )
    await type(loggingLines, simulation, printer)
    await simulation.clock.sleep(FIRST_RECORD_MS)
    await type(uploadLines, simulation, printer)
}

async function type(
    lines: readonly string[],
    simulation: Simulation,
    printer: LinePrinter,
): Promise<void> {
    for (const line of lines) {
        printer.line("> " + line)
        const status = await simulation.execute(line)
        if (status !== 0) throw new Error(`the board refused the demo setting "${line}"`)
    }
}
